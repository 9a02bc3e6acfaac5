"""The list of members, declared: what it shows, what it is narrowed and sorted by, what can be done with several at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from engagement.analytics.directory import (
    DirectoryQuery,
    DirectoryRow,
    count_directory,
    list_directory,
    list_directory_ids,
    sort_value,
)
from engagement.members.models import MemberType, Visibility
from frontend_api.addresses import write_address
from frontend_api.dashboard.parts.cells import Face, Tag, Tags
from frontend_api.dashboard.parts.filters import Choice, Filter, Span
from frontend_api.dashboard.parts.lists import BulkAct, Column, Empty, ListKind, ListQuery, Place, Sort
from integrations.discord.directory import get_directory
from tenants.context import TenantContext

_NO_TYPE: Final = "0"
_STATE_CHOICES: Final = (
    Choice("here", "here"),
    Choice("left", "left"),
    Choice("waiting", "waiting for room"),
    Choice("deleted", "deleted"),
    Choice("bot", "bots"),
)


class MemberSource:
    """The directory of engagement.analytics, asked in the list's words."""

    def count(self, query: ListQuery) -> int:
        return count_directory(ask_directory(query))

    def read(
        self, query: ListQuery, *, limit: int, after: Place | None, backwards: bool
    ) -> list[DirectoryRow]:
        return list_directory(
            ask_directory(query),
            sort=query.sort.key,
            descending=query.descending != backwards,
            limit=limit,
            after=None if after is None else (after.value, after.id),
        )

    def place(self, row: DirectoryRow, sort: Sort) -> Place:
        return Place(sort_value(row, sort.key), row.member_id)


def ask_directory(query: ListQuery) -> DirectoryQuery:
    """The list's filters as the directory knows them."""
    values = query.values
    return DirectoryQuery(
        text=query.text,
        states=values.get("state", ()),
        level=_ends(values.get("level")),
        points=_ends(values.get("points")),
        joined=_ends(values.get("joined")),
        active=_ends(values.get("active")),
        roles=values.get("role", ()),
        visibility=values.get("shown", ()),
        types=tuple(int(one) for one in values.get("type", ())),
        ids=values.get("ids"),
        login={"yes": True, "no": False}.get(values.get("login", "")),
    )


def list_ids(query: ListQuery, *, limit: int) -> list[int]:
    """The ids of everybody whom the list, as narrowed, holds."""
    return list_directory_ids(ask_directory(query), limit=limit)


def build_members_list(context: TenantContext, *, acts: tuple[BulkAct, ...] = ()) -> ListKind:
    """The list with this community's words, member types and Discord roles. One query."""
    points_name = context.points_name
    roles = tuple(Choice(role.id, role.name) for role in get_directory(context).roles)
    types = tuple(Choice(str(one.pk), one.name) for one in MemberType.objects.order_by("name"))
    return ListKind(
        key="members",
        name="members",
        source=MemberSource(),
        search="Search by name, Discord ID or e-mail",
        columns=_columns(points_name.capitalize()),
        sorts=(
            Sort("name", "text"),
            Sort("points", "number"),
            Sort("level", "number"),
            Sort("joined", "moment"),
            Sort("active", "moment"),
        ),
        sort="-points",
        filters=_filters(points_name.capitalize(), types, roles),
        empty=Empty(
            "users",
            "Nobody is here yet",
            "Members appear by themselves when they write in your server. You can also register somebody by hand.",
        ),
        acts=acts,
        row_name=lambda row: str(row.name),
        row_id=lambda row: int(row.member_id),
    )


def show_face(row: DirectoryRow) -> Face:
    note = f"shown as {row.alias}" if row.visibility == Visibility.ALIAS else ""
    return Face(
        row.name, write_address("dashboard-member", row.member_id), row.avatar_url, row.member_id, note
    )


def show_state(row: DirectoryRow) -> Tags:
    """What sets somebody apart from a member who is simply here."""
    tags = []
    if row.deleted_at is not None:
        tags.append(Tag("Purged" if row.purged_at else "Deleted", "warn"))
    elif row.departed_at is not None:
        tags.append(Tag("Left"))
    elif row.waiting_since is not None:
        tags.append(Tag("Waits for room", "warn"))
    if row.is_bot:
        tags.append(Tag("Bot"))
    if row.visibility == Visibility.HIDDEN:
        tags.append(Tag("Hidden"))
    return Tags(tuple(tags))


def _columns(points: str) -> tuple[Column, ...]:
    return (
        Column("name", "Member", show_face, sort="name"),
        Column("points", points, lambda row: row.lifetime, sort="points", number=True),
        Column("level", "Level", lambda row: row.level, sort="level", number=True),
        Column("joined", "Joined", lambda row: row.joined_at, sort="joined"),
        Column("active", "Last active", lambda row: row.last_active_at, sort="active"),
        Column("state", "State", show_state),
        Column("type", "Type", lambda row: row.type_name, shown=False),
        Column("current", f"{points} to spend", lambda row: row.current, number=True, shown=False),
        Column("debt", "Debt", lambda row: row.debt, number=True, shown=False),
        Column("discord", "Discord ID", lambda row: row.discord_id, shown=False),
        Column("email", "E-mail", lambda row: row.email, shown=False),
        Column("login", "Has a login", lambda row: row.user_id is not None, shown=False),
        Column("id", "Number", lambda row: row.member_id, number=True, shown=False),
    )


def _filters(points: str, types: Sequence[Choice], roles: tuple[Choice, ...]) -> tuple[Filter, ...]:
    filters = [
        Filter(
            "state", "State", "choice", _STATE_CHOICES, help="Deleted members are only shown when asked for."
        ),
        Filter("level", "Level", "number"),
        Filter("points", points, "number"),
        Filter("joined", "Joined", "days"),
        Filter("active", "Last active", "days"),
        Filter("shown", "On boards", "choice", tuple(Choice(*pair) for pair in Visibility.choices)),
        Filter("login", "Login", "one", (Choice("yes", "with a login"), Choice("no", "without one"))),
    ]
    if types:
        filters.append(Filter("type", "Type", "choice", (*types, Choice(_NO_TYPE, "none"))))
    if roles:
        filters.append(Filter("role", "Discord role", "choice", roles))
    return tuple(filters)


def _ends(span: Span | None) -> Any:
    return (None, None) if span is None else (span.low, span.high)
