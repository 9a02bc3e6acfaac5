"""Approvers are asked about credit requests in their type's channel, and the message is kept as things are.

Invariants: one message a request, whatever comes twice (the delivery's row, Discord's nonce); it has buttons only while there is
something to decide. Where the message is gone, the request still waits on the dashboard.
"""

from __future__ import annotations

from typing import Any, Final

from engagement.credits.flagging import words_of_flag
from engagement.credits.messages import forget_message, note_message
from engagement.credits.models import CreditRequest, RequestState
from engagement.members.models import Member
from engagement.members.selectors import get_discord_id
from saas.core.counts import write_count
from tenants.context import TenantContext
from tenants.tickets import get_tenant_address

from .announcements import claim_delivery, deliver, escape
from .asking import CLOSED, note_refusal, problem_of
from .client import DiscordClient
from .errors import UNKNOWN_MESSAGE, DiscordRefusedError
from .models import Delivery
from .problems import clear_problem

# bot_shard.cogs.credits answers them.
APPROVE: Final = "eh1:credit-approve:{}"
PART: Final = "eh1:credit-part:{}"
REJECT: Final = "eh1:credit-reject:{}"
ASK: Final = "eh1:credit-ask:{}"
_GREEN, _GREY, _RED, _LINK = 3, 2, 4, 5
_ICONS: Final = {RequestState.APPROVED: "✅", RequestState.NEEDS_INFO: "💬", RequestState.PENDING: "🪙"}
_MOST_FLAGS: Final = 4


def follow_request(context: TenantContext, client: DiscordClient, *, event_id: int, request_id: int) -> None:
    """Ask about a request that waits, or bring the message about one up to date. Idempotent on `event_id`; what is true now counts,
    not what was when the news was published. Raises RetryLaterError, DiscordAwayError."""
    row = CreditRequest.objects.select_related("type").filter(pk=request_id).first()
    if row is None:
        return
    if row.message_id is not None:
        _refresh(context, client, row)
    elif row.state == RequestState.PENDING:
        _ask(context, client, row, event_id)


def describe_request(context: TenantContext, row: CreditRequest) -> dict[str, Any]:
    """The message: who wants what and why, or what became of it. Names show as they are, and nobody is pinged."""
    member = Member.objects.filter(pk=row.member_id).first()
    name = "(erased)" if member is None else member.display_name
    return {
        "embeds": [_embed(context, row, name)],
        "components": [_buttons(context, row)] if row.state == RequestState.PENDING else [],
    }


def _ask(context: TenantContext, client: DiscordClient, row: CreditRequest, event_id: int) -> None:
    channel_id = row.type.channel_id
    if channel_id is None:
        return
    delivery = claim_delivery(event_id)
    if delivery.state == Delivery.State.WAITING:
        body = describe_request(context, row)
        delivery = deliver(
            context, client, delivery, body, channel_id, in_channel=True, note_refusal=note_refusal
        )
    if delivery.state == Delivery.State.SENT and delivery.message_id and delivery.channel_id:
        clear_problem(key=problem_of(channel_id))
        note_message(request_id=row.pk, channel_id=delivery.channel_id, message_id=delivery.message_id)


def _refresh(context: TenantContext, client: DiscordClient, row: CreditRequest) -> None:
    assert row.message_id is not None
    assert row.message_channel_id is not None
    try:
        client.edit_message(row.message_channel_id, row.message_id, describe_request(context, row))
    except DiscordRefusedError as error:
        if error.code == UNKNOWN_MESSAGE or error.code in CLOSED:
            forget_message(request_id=row.pk)
            return
        raise


def _embed(context: TenantContext, row: CreditRequest, name: str) -> dict[str, Any]:
    unit, member = f"{row.type.name} {row.type.unit}", escape(name)
    amount, state = escape(write_count(row.amount, unit)), RequestState(row.state)
    icon = _ICONS.get(state, "✖️")
    fields = []
    if state == RequestState.PENDING:
        text = f"{icon} **{member}** asks for **{amount}**."
        discord_id = get_discord_id(member_id=row.member_id)
        if discord_id is not None:
            fields.append({"name": "Member", "value": f"<@{discord_id}>", "inline": True})
        if row.reason:
            fields.append({"name": "Reason", "value": escape(row.reason)[:1024], "inline": False})
        if row.flags:
            words = "\n".join(f"⚠️ {words_of_flag(flag)}" for flag in row.flags[:_MOST_FLAGS])
            fields.append({"name": "Look twice", "value": words, "inline": False})
    else:
        by = f" by {escape(row.decided_by)}" if row.decided_by else ""
        part = ""
        if state == RequestState.APPROVED and row.granted != row.amount:
            part = f" in part: {escape(write_count(row.granted, unit))}"
        text = f"{icon} **{amount}** for **{member}**: {state.label.lower()}{part}{by}."
        if row.note:
            fields.append({"name": "Note", "value": escape(row.note)[:1024], "inline": False})
    return {
        "description": text,
        "color": int(context.colour.removeprefix("#"), 16),
        "fields": fields,
        "footer": {"text": f"Credit request {row.pk}"},
    }


def _buttons(context: TenantContext, row: CreditRequest) -> dict[str, Any]:
    page = f"{get_tenant_address(context.slug)}/dashboard/credits/requests/{row.pk}/"
    return {
        "type": 1,
        "components": [
            {"type": 2, "style": _GREEN, "label": "Approve", "custom_id": APPROVE.format(row.pk)},
            {"type": 2, "style": _GREY, "label": "In part", "custom_id": PART.format(row.pk)},
            {"type": 2, "style": _GREY, "label": "Ask", "custom_id": ASK.format(row.pk)},
            {"type": 2, "style": _RED, "label": "Reject", "custom_id": REJECT.format(row.pk)},
            {"type": 2, "style": _LINK, "label": "Open", "url": page},
        ],
    }
