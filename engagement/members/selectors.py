"""Reads of people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count, Max, Q
from django.db.models.expressions import RawSQL

from .errors import MemberNotFoundError
from .models import Identity, Member, MemberFigure, Visibility

_AT_ONCE: Final = 5_000  # ids a query
_WORD: Final = re.compile(r"[^\W_]+")
_MOST_WORDS: Final = 8


@dataclass(frozen=True, slots=True)
class OwnFigure:
    """A figure of the community's own: how many members have it, the highest value, and when one last changed."""

    name: str
    members: int
    highest: int
    changed_at: datetime


def get_member(*, member_id: int, with_deleted: bool = False) -> Member:
    """Raises MemberNotFoundError, of deleted members too unless they are asked for."""
    member = Member.objects.filter(pk=member_id).first()
    if member is None or (member.deleted_at is not None and not with_deleted):
        raise MemberNotFoundError("There is no such member in this community.")
    return member


def find_member(*, provider: str, external_id: str, with_deleted: bool = False) -> Member | None:
    """Whom a provider knows by that id; None for somebody who was never seen here, or was deleted."""
    member = Member.objects.filter(
        identities__provider=provider, identities__external_id=str(external_id)
    ).first()
    return None if member is not None and member.deleted_at is not None and not with_deleted else member


def find_member_ids(*, provider: str, external_ids: Sequence[str]) -> dict[str, int]:
    """Member ids by the ids that a provider knows them by; whom nobody knows is left out."""
    found: dict[str, int] = {}
    for first in range(0, len(external_ids), _AT_ONCE):
        some = external_ids[first : first + _AT_ONCE]
        known = Identity.objects.filter(provider=provider, external_id__in=some)
        found.update(known.values_list("external_id", "member_id"))
    return found


def find_member_of_user(*, user_id: int, discord_id: int | None) -> Member | None:
    """The member that a signed-in user is here: by link, else by the Discord identity that they signed in with."""
    linked = Member.objects.filter(user_id=user_id, deleted_at=None).first()
    if linked is None and discord_id is not None:
        linked = find_member(provider="discord", external_id=str(discord_id))
    return linked


def search_members(*, text: str, limit: int = 25) -> list[Member]:
    """Members whose shown name begins with `text`, by name. Hidden members and bots are left out; an aliased one is found
    by the alias only, so that nobody finds out who hides behind it."""
    text = text.strip()
    if not text or "\x00" in text:  # Postgres knows no NUL in text, and so does no name
        return []
    named = Q(visibility=Visibility.VISIBLE, display_name__istartswith=text)
    aliased = Q(visibility=Visibility.ALIAS, alias__istartswith=text)
    return list(
        Member.objects.filter(named | aliased, is_bot=False, departed_at=None, deleted_at=None).order_by(
            "display_name", "pk"
        )[:limit]
    )


def get_discord_id(*, member_id: int) -> int | None:
    """The member's Discord id; None where no Discord account is known."""
    external = (
        Member.objects.filter(pk=member_id, identities__provider="discord")
        .values_list("identities__external_id", flat=True)
        .first()
    )
    return None if external is None else int(external)


def shown_name(member: Member) -> str:
    """The name under which others see the member."""
    return member.alias if member.visibility == Visibility.ALIAS else member.display_name


def list_figures() -> list[OwnFigure]:
    """The community's own figures by name."""
    rows = MemberFigure.objects.values("name").order_by("name")
    return [
        OwnFigure(row["name"], row["members"], row["highest"], row["changed"])
        for row in rows.annotate(members=Count("pk"), highest=Max("value"), changed=Max("changed_at"))
    ]


def find_members(*, text: str, limit: int = 25) -> list[Member]:
    """Members by the beginning of their own name or of a word in it, for the team: hidden and departed ones too, deleted ones
    and bots not. By name. One query, by index."""
    text = text.strip()
    if not text or "\x00" in text:
        return []
    return list(
        Member.objects.filter(matches_name(text), is_bot=False, deleted_at=None).order_by(
            "display_name", "pk"
        )[:limit]
    )


def matches_name(text: str) -> Q:
    """A name that begins with the text, or with a word of it; both by index."""
    words = RawSQL(
        "SELECT id FROM member WHERE to_tsvector('simple', coalesce(display_name, '')) @@ to_tsquery('simple', %s)",
        [prefix_query(text)],
    )
    return Q(display_name__istartswith=text) | Q(pk__in=words)


def escape_like(text: str) -> str:
    """For the right side of LIKE: its signs taken literally."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def prefix_query(text: str) -> str:
    """For to_tsquery: every word of the text begins a word; empty, which finds nothing, where it holds none."""
    return " & ".join(f"{word}:*" for word in _WORD.findall(text)[:_MOST_WORDS])
