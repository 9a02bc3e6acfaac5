"""What waits for the team, and what is news to it, said in its channel. One event is told at most once (announcements.py), and nobody is pinged."""

from __future__ import annotations

from typing import Any, Final

from engagement.notifications.selectors import get_notification_settings
from tenants.context import TenantContext
from tenants.tickets import get_tenant_address

from .announcements import claim_delivery, deliver, escape
from .asked import note_refusal
from .client import DiscordClient
from .models import Delivery
from .team_words import language_of, say, say_count

_LINK_BUTTON: Final = 5
REDEMPTIONS, SUBMISSIONS, CREDITS, SUPPORTERS = (
    "/dashboard/redemptions/",
    "/dashboard/submissions/",
    "/dashboard/credits/",
    "/dashboard/supporters/",
)
_LABELS: Final = {
    REDEMPTIONS: "open.redemptions",
    SUBMISSIONS: "open.submissions",
    CREDITS: "open.credits",
    SUPPORTERS: "open.supporters",
}
_STUCK: Final = frozenset({"codes", "file", "credits", "role", "member"})
_LAST_STEP: Final = 3


def tell_team(
    context: TenantContext, client: DiscordClient, *, event_id: int, text: str, path: str = REDEMPTIONS
) -> Delivery | None:
    """Say `text` in the team's channel, with a button to the page; None where none is chosen. Idempotent on `event_id`.

    Raises RetryLaterError, DiscordAwayError.
    """
    target = get_notification_settings().team_channel_id
    if not target:
        return None
    delivery = claim_delivery(event_id)
    if delivery.state != Delivery.State.WAITING:
        return delivery
    body = describe(context, text, path)
    return deliver(context, client, delivery, body, target, in_channel=True, note_refusal=note_refusal)


def describe(context: TenantContext, text: str, path: str = REDEMPTIONS) -> dict[str, Any]:
    address = f"{get_tenant_address(context.slug)}{path}"
    button = {
        "type": 2,
        "style": _LINK_BUTTON,
        "label": say(language_of(context), _LABELS[path]),
        "url": address,
    }
    return {
        "embeds": [{"description": text, "color": int(context.colour.removeprefix("#"), 16)}],
        "components": [{"type": 1, "components": [button]}],
    }


def describe_stock(language: str, *, name: str, left: int) -> str:
    return say(language, "stock.low" if left else "stock.out", name=escape(name), count=left)


def describe_stuck(language: str, *, name: str, why: str) -> str:
    words = say(language, f"stuck.{why if why in _STUCK else 'other'}")
    return say(language, "stuck", name=escape(name), why=words)


def describe_address(language: str, *, name: str) -> str:
    return say(language, "address", name=escape(name))


def describe_waiting(language: str, *, undecided: int, by_hand: int, unshipped: int) -> str:
    counts = {"undecided": undecided, "by_hand": by_hand, "unshipped": unshipped}
    return "\n".join(f"{say_count(language, key, count)}." for key, count in counts.items() if count)


def describe_overdue(language: str, *, name: str, count: int, step: int) -> str:
    waited = say(language, f"waited.{step if step in (1, 2) else _LAST_STEP}")
    return say_count(language, "overdue", count, name=escape(name), waited=waited)


def describe_requests(language: str, *, count: int, hours: int) -> str:
    return say_count(language, "requests", count, hours=hours)
