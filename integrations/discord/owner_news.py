"""What a community's owner is told about its payment, in a direct message and nowhere else.

Invariant: one event is told at most once (integrations.discord.announcements). Whoever takes no messages from the bot, or shares
no server with it, has the mail alone. Shadow mode does not hold it back: no member sees it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.conf import settings

from saas.core.schemas import PUBLIC, enter_schema
from tenants.context import TenantContext
from tenants.models import Membership
from tenants.tickets import get_tenant_address

from .announcements import claim_delivery, deliver, escape
from .client import get_client
from .errors import DiscordRefusedError
from .models import Delivery

# What begins the message, by PaymentOverdue.stage. Discord writes the date in the reader's own zone.
_BEGINS: Final = {
    "start": "The payment for **{name}** did not go through. Until {day} everything stays on.",
    "half": "The payment for **{name}** is still open. Everything stays on for one more week, until {day}.",
    "three_days": "The payment for **{name}** is still open. Everything stays on for three more days, until {day}.",
    "one_day": "The payment for **{name}** is still open. Everything stays on until {day}.",
    "over": "The payment for **{name}** has been open for too long: the limits of the Free plan hold since {day}.",
}
_THEN: Final = "Nothing is deleted. Pay the open invoice, with another card if need be:"
_RECOVERED: Final = "The payment for **{name}** went through. Everything that its plan includes is on."


def describe_overdue(context: TenantContext, *, stage: str, ends_at: str) -> dict[str, Any]:
    """The message for one PaymentOverdue. Raises KeyError for a stage that there is not."""
    day = f"<t:{int(datetime.fromisoformat(ends_at).timestamp())}:F>"
    begins = _BEGINS[stage].format(name=escape(context.name), day=day)
    return _embed(context, f"{begins}\n{_THEN} {_plan_page(context)}")


def describe_recovered(context: TenantContext) -> dict[str, Any]:
    """The message for one PaymentRecovered."""
    return _embed(context, _RECOVERED.format(name=escape(context.name)))


def tell_owner(context: TenantContext, *, event_id: int, body: dict[str, Any]) -> Delivery | None:
    """Send the owner one direct message; None where they have no Discord account or there is no bot. Idempotent on `event_id`.

    Raises RetryLaterError, DiscordAwayError.
    """
    target = _owner_discord_id(context.tenant_id)
    if target is None or not settings.DISCORD_BOT_TOKEN:
        return None
    delivery = claim_delivery(event_id)
    if delivery.state != Delivery.State.WAITING:
        return delivery
    try:
        return deliver(context, get_client(), delivery, body, target, in_channel=False)
    except DiscordRefusedError:
        # Whatever keeps the bot from writing to them: the mail has told them.
        delivery.state = Delivery.State.REFUSED
        delivery.save(update_fields=["state"])
        return delivery


def _owner_discord_id(tenant_id: int) -> int | None:
    with enter_schema(PUBLIC):
        owner = Membership.objects.filter(tenant_id=tenant_id, role=Membership.Role.OWNER)
        return owner.values_list("user__discord_id", flat=True).first()


def _plan_page(context: TenantContext) -> str:
    return f"{get_tenant_address(context.slug)}/dashboard/billing/"


def _embed(context: TenantContext, text: str) -> dict[str, Any]:
    return {"embeds": [{"description": text, "color": int(context.colour.removeprefix("#"), 16)}]}
