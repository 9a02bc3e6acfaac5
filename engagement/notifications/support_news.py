"""What the team hears in its channel of who supports, and whom the community thanks in public: both as organisers chose it.

Invariants: nothing of money stands in either; what is no longer so when it would be told is not told; in public nobody is named who does
not want to be, and everybody as they chose to be shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from engagement.members.models import Member, Visibility
from engagement.supporters.models import Supporter, SupporterTier, SupportState
from tenants.context import TenantContext

from .models import SupportNews
from .notice_kinds import NO_THANKS
from .notice_words import choose_language
from .selectors import get_notification_settings
from .texts import DEFAULT_THANKS


@dataclass(frozen=True, slots=True)
class TeamNews:
    """`kind` names the words: joined, moved, planned, ending, left_server, resumed or ended. `was` is the tier before; `until` the day on
    which it ends, or changes to `tier`."""

    kind: str
    member: str
    tier: str
    was: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Thanks:
    """`values` go into the places of `text` (texts.py) once they are safe for where it is posted."""

    channel_id: int
    text: str
    values: Mapping[str, str]


def find_team_news(
    *, kind: str, supporter_id: int, was_tier_id: int = 0, why: str = "asked"
) -> TeamNews | None:
    """What is told in the team's channel; None where it is not wanted there, or no longer so. At most three queries."""
    if get_notification_settings().support_news != SupportNews.CHANNEL:
        return None
    row = _find(supporter_id)
    if row is None or not _is_so(kind, row):
        return None
    if kind == "planned" and row.next_tier is not None:
        return TeamNews(kind, row.member.display_name, row.next_tier.name, row.tier.name, row.period_end)
    was = SupporterTier.objects.filter(pk=was_tier_id).first() if kind == "moved" else None
    words = "left_server" if kind == "ending" and why == "left" else kind
    return TeamNews(
        words, row.member.display_name, row.tier.name, was.name if was is not None else "", row.cancel_at
    )


def find_thanks(*, context: TenantContext, supporter_id: int) -> Thanks | None:
    """Where and how to thank somebody who began to support; None where nobody is thanked in public, or not this one."""
    chosen, row = get_notification_settings(), _find(supporter_id)
    if not chosen.thanks_channel_id or row is None or row.state != SupportState.ACTIVE:
        return None
    member = row.member
    if not _is_nameable(member):
        return None
    text = chosen.thanks_text or DEFAULT_THANKS[choose_language(context.locale)]
    name = member.alias if member.visibility == Visibility.ALIAS else member.display_name
    return Thanks(
        chosen.thanks_channel_id, text, {"member": name, "tier": row.tier.name, "community": context.name}
    )


def is_to_be_thanked(*, member_id: int) -> bool:
    """Whether this member would be named in public, if they began to support now. Two queries, one where nobody is."""
    if not get_notification_settings().thanks_channel_id:
        return False
    member = Member.objects.filter(pk=member_id).first()
    return member is not None and _is_nameable(member)


def _is_nameable(member: Member) -> bool:
    gone = member.departed_at is not None or member.deleted_at is not None
    return not gone and member.visibility != Visibility.HIDDEN and NO_THANKS not in member.quiet


def _is_so(kind: str, row: Supporter) -> bool:
    if row.state == SupportState.ENDED or kind == "ended":
        return row.state == SupportState.ENDED and kind == "ended"
    so = {
        "ending": row.cancel_at is not None,
        "resumed": row.cancel_at is None,
        "planned": row.next_tier_id is not None and row.period_end is not None,
    }
    return so.get(kind, True)


def _find(supporter_id: int) -> Supporter | None:
    return Supporter.objects.select_related("tier", "next_tier", "member").filter(pk=supporter_id).first()
