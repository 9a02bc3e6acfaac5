"""What waits for the team, said in its channel. One event is told at most once (announcements.py), and nobody is pinged."""

from __future__ import annotations

from typing import Any, Final

from engagement.notifications.selectors import get_notification_settings
from tenants.context import TenantContext
from tenants.tickets import get_tenant_address

from .announcements import claim_delivery, deliver, escape
from .client import DiscordClient
from .models import Delivery

_LINK_BUTTON: Final = 5
REDEMPTIONS, SUBMISSIONS, CREDITS = (
    "/dashboard/redemptions/",
    "/dashboard/submissions/",
    "/dashboard/credits/",
)
_LABELS: Final = {
    REDEMPTIONS: "Open the redemptions",
    SUBMISSIONS: "Open the submissions",
    CREDITS: "Open the requests",
}
_STEPS: Final = {
    1: "waited for half of the time that was promised",
    2: "waited for all of the time that was promised",
}
_STUCK: Final = {
    "codes": "has no code left. Bring more codes under Rewards; it goes on by itself then.",
    "file": "has no file any more. Choose one under Rewards; it goes on by itself then.",
    "credits": "gives credits of a kind that is not there any more. Choose one under Rewards.",
    "role": "waits for its role: the page of the bot says what stands in the way.",
    "member": "waits because the member is not on the Discord server, so there is nobody to give the role to.",
}


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
    return deliver(context, client, delivery, describe(context, text, path), target, in_channel=True)


def describe(context: TenantContext, text: str, path: str = REDEMPTIONS) -> dict[str, Any]:
    address = f"{get_tenant_address(context.slug)}{path}"
    button = {"type": 2, "style": _LINK_BUTTON, "label": _LABELS[path], "url": address}
    return {
        "embeds": [{"description": text, "color": int(context.colour.removeprefix("#"), 16)}],
        "components": [{"type": 1, "components": [button]}],
    }


def describe_stock(*, name: str, left: int) -> str:
    if left == 0:
        return f"**{escape(name)}** is sold out."
    return f"**{escape(name)}** is running low: {left:,} left."


def describe_stuck(*, name: str, why: str) -> str:
    return f"A redemption of **{escape(name)}** {_STUCK.get(why, 'does not go on.')}"


def describe_address(*, name: str) -> str:
    return f"There is an address for **{escape(name)}**: it can be sent."


def describe_waiting(*, undecided: int, by_hand: int, unshipped: int) -> str:
    parts = [
        _count(undecided, "redemption waits", "redemptions wait", "for a decision"),
        _count(by_hand, "reward is", "rewards are", "to be given by hand"),
        _count(unshipped, "parcel is", "parcels are", "to be sent"),
    ]
    return "\n".join(part for part in parts if part)


def describe_overdue(*, name: str, count: int, step: int) -> str:
    waited = _STEPS.get(step, "waited for a day more than was promised")
    return f"**{count:,}** submission{'' if count == 1 else 's'} of **{escape(name)}** {waited}."


def describe_requests(*, count: int, hours: int) -> str:
    return f"**{count:,}** credit request{'' if count == 1 else 's'} waited for more than {hours:,} hours."


def _count(number: int, one: str, many: str, rest: str) -> str:
    return f"**{number:,}** {one if number == 1 else many} {rest}." if number else ""
