"""How rewards fare and what sponsors get: lists with a period, a search, an order, and a file of each."""

from __future__ import annotations

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from engagement.analytics.funnel import (
    PERIOD,
    PERIODS,
    ItemFunnel,
    ItemPage,
    Period,
    SponsorFunnel,
    Sums,
    get_items,
    item_value,
    list_sponsors,
    period_of,
)
from engagement.rewards.models import RewardState
from frontend_api.addresses import write_address
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.parts.cells import Link, Tag
from frontend_api.dashboard.parts.export import FORMATS, export_list
from frontend_api.dashboard.parts.filters import Choice, Filter
from frontend_api.dashboard.parts.list_page import show_list
from frontend_api.dashboard.parts.lists import Column, Empty, ListKind, ListQuery, Place, Sort, read_query
from tenants.context import TenantContext
from tenants.gatekeeping import require_gate

SPONSORS_GATE: Final = "sponsors"
_PERIOD: Final = Filter(
    "days", "Period", "one", tuple(Choice(str(days), f"last {days} days") for days in PERIODS)
)
_STEPS: Final = (
    ("seen", "Seen"),
    ("opened", "Opened"),
    ("redeemed", "Redeemed"),
    ("fulfilled", "Fulfilled"),
    ("delivered", "Delivered"),
)


class ItemSource:
    """The funnel of engagement.analytics by item, asked in the list's words. What there is of all of them comes with the rows."""

    def __init__(self, context: TenantContext) -> None:
        self._context = context
        self._page: ItemPage | None = None

    @property
    def together(self) -> Sums:
        """Of the rows that were read."""
        assert self._page is not None
        return self._page.together

    def count(self, query: ListQuery) -> int:
        """Like every list's, asked after its rows were read."""
        assert self._page is not None
        return self._page.total

    def read(self, query: ListQuery, *, limit: int, after: Place | None, backwards: bool) -> list[ItemFunnel]:
        self._page = get_items(
            read_period(query, self._context),
            sort=query.sort.key,
            descending=query.descending != backwards,
            limit=limit,
            after=None if after is None else (after.value, after.id),
            text=query.text,
        )
        return self._page.items

    def place(self, row: ItemFunnel, sort: Sort) -> Place:
        return Place(item_value(row, sort.key), row.reward_id)


class SponsorSource:
    """All sponsors at once: there are as many as an organiser has written contracts with."""

    def __init__(self, context: TenantContext) -> None:
        self._context = context

    def count(self, query: ListQuery) -> int:
        return len(self._rows(query))

    def read(
        self, query: ListQuery, *, limit: int, after: Place | None, backwards: bool
    ) -> list[SponsorFunnel]:
        rows = sorted(
            self._rows(query),
            key=lambda row: self._key(row, query.sort),
            reverse=query.descending != backwards,
        )
        if after is not None:
            here = (after.value, after.id)
            falling = query.descending != backwards
            rows = [
                row
                for row in rows
                if (self._key(row, query.sort) < here if falling else self._key(row, query.sort) > here)
            ]
        return rows[:limit]

    def place(self, row: SponsorFunnel, sort: Sort) -> Place:
        return Place(*self._key(row, sort))

    def _rows(self, query: ListQuery) -> list[SponsorFunnel]:
        wanted = query.text.casefold()
        return [
            row for row in list_sponsors(read_period(query, self._context)) if wanted in row.name.casefold()
        ]

    def _key(self, row: SponsorFunnel, sort: Sort) -> tuple[Any, int]:
        return (row.name.casefold() if sort.key == "name" else getattr(row.steps, sort.key), row.sponsor_id)


def read_period(query: ListQuery, context: TenantContext) -> Period:
    return period_of(int(query.values.get("days", PERIOD)), context=context)


def build_item_list(context: TenantContext) -> ListKind:
    return ListKind(
        key="reward-funnel",
        name="rewards",
        source=ItemSource(context),
        search="Search by reward or sponsor",
        columns=(
            Column(
                "name",
                "Reward",
                lambda row: Link(row.name, write_address("dashboard-reward", row.reward_id)),
                sort="name",
            ),
            *_step_columns(),
            Column("refused", "Refused", lambda row: row.steps.refused, number=True, shown=False),
            Column("members", "Members", lambda row: row.steps.members, number=True, shown=False),
            Column(
                "points",
                f"{context.points_name.capitalize()} burnt",
                lambda row: row.steps.points,
                sort="points",
                number=True,
            ),
            Column("sponsor", "Sponsor", lambda row: row.sponsor),
            Column("price", "Price", lambda row: row.price, number=True, shown=False),
            Column("state", "State", lambda row: Tag(RewardState(row.state).label), shown=False),
        ),
        sorts=(Sort("name", "text"), *(Sort(key, "number") for key, _ in _STEPS), Sort("points", "number")),
        sort="-redeemed",
        filters=(_PERIOD,),
        empty=Empty(
            "gift",
            "There is no reward yet",
            "Put something into the shop: from then on you see who looks at it and who takes it.",
        ),
        row_name=lambda row: str(row.name),
        row_id=lambda row: int(row.reward_id),
    )


def build_sponsor_list(context: TenantContext) -> ListKind:
    return ListKind(
        key="sponsor-report",
        name="sponsors",
        source=SponsorSource(context),
        search="Search by name",
        columns=(
            Column("name", "Sponsor", lambda row: row.name, sort="name"),
            Column("rewards", "Rewards now", lambda row: row.rewards, number=True, shown=False),
            *_step_columns(),
            Column("members", "Members", lambda row: row.steps.members, sort="members", number=True),
            Column(
                "points",
                f"{context.points_name.capitalize()} burnt",
                lambda row: row.steps.points,
                number=True,
                shown=False,
            ),
            Column("used", "Budget used", lambda row: row.used, number=True, shown=False),
            Column("left", "Budget left", lambda row: row.left, number=True),
            Column("starts", "From", lambda row: row.starts_at, shown=False),
            Column("ends", "Until", lambda row: row.ends_at, shown=False),
            Column("url", "Address", lambda row: row.url, shown=False),
        ),
        sorts=(Sort("name", "text"), *(Sort(key, "number") for key, _ in _STEPS), Sort("members", "number")),
        sort="name",
        filters=(_PERIOD,),
        empty=Empty(
            "building-community",
            "There is no sponsor yet",
            "Name who pays for a reward: it stands on the reward, and here is what they get for it.",
        ),
        row_name=lambda row: str(row.name),
        row_id=lambda row: int(row.sponsor_id),
    )


def _step_columns() -> tuple[Column, ...]:
    return tuple(Column(key, name, _step(key), sort=key, number=True) for key, name in _STEPS)


def _step(key: str) -> Any:
    return lambda row: getattr(row.steps, key)


@require_safe
@dashboard_page("view_economy")
def show_items(request: HttpRequest, desk: Desk) -> HttpResponse:
    kind = build_item_list(desk.context)
    period = read_period(read_query(kind, request.GET, desk.context), desk.context)
    return show_list(
        request,
        desk,
        kind,
        template="dashboard/economy/funnel.html",
        facts={"period": period, "funnel": kind.source},
        export_action="view_economy",
    )


@require_safe
@dashboard_page("view_economy")
def export_items(request: HttpRequest, desk: Desk, format: str) -> HttpResponseBase:
    if format not in FORMATS:
        raise Http404("A list is exported as csv or json.")
    return export_list(
        request, desk, build_item_list(desk.context), format=format, action="economy.funnel_exported"
    )


@require_safe
@dashboard_page("view_economy")
def show_sponsors(request: HttpRequest, desk: Desk) -> HttpResponse:
    kind = build_sponsor_list(desk.context)
    period = read_period(read_query(kind, request.GET, desk.context), desk.context)
    return show_list(
        request,
        desk,
        kind,
        template="dashboard/economy/sponsors.html",
        facts={"period": period},
        export_action="view_economy",
        export_gate=SPONSORS_GATE,
    )


@require_safe
@dashboard_page("view_economy")
def export_sponsors(request: HttpRequest, desk: Desk, format: str) -> HttpResponseBase:
    """The report as a file, for whoever pays. Raises GateClosedError."""
    if format not in FORMATS:
        raise Http404("A list is exported as csv or json.")
    require_gate(SPONSORS_GATE, desk.context)
    return export_list(
        request, desk, build_sponsor_list(desk.context), format=format, action="economy.sponsors_exported"
    )
