"""The team is asked in its channel to decide on redemptions, and the message is kept as things are.

Invariants: one message a redemption, whatever comes twice (the delivery's row, Discord's nonce); it has buttons only while there is
something to decide. Where the message is gone, the redemption still waits on the dashboard.
"""

from __future__ import annotations

from typing import Any, Final

from engagement.members.models import Member
from engagement.members.selectors import get_discord_id
from engagement.notifications.selectors import get_notification_settings
from engagement.rewards.messages import forget_message, note_message
from engagement.rewards.models import Redemption, RedemptionState
from saas.core.counts import write_count
from tenants.context import TenantContext
from tenants.tickets import get_tenant_address

from .announcements import claim_delivery, deliver, escape
from .client import DiscordClient
from .errors import MISSING_ACCESS, MISSING_PERMISSIONS, UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, DiscordRefusedError
from .models import Delivery
from .problems import clear_problem, note_problem

# bot_shard.cogs.redemptions answers them.
APPROVE: Final = "eh1:redemption-approve:{}"
REJECT: Final = "eh1:redemption-reject:{}"
_ICONS: Final = {
    RedemptionState.APPROVED: "✅",
    RedemptionState.FULFILLED: "✅",
    RedemptionState.DELIVERED: "✅",
}
CLOSED: Final = frozenset({UNKNOWN_CHANNEL, MISSING_ACCESS, MISSING_PERMISSIONS})
_GREEN, _RED, _LINK = 3, 4, 5


def follow_redemption(
    context: TenantContext, client: DiscordClient, *, event_id: int, redemption_id: int
) -> None:
    """Ask about a redemption that waits, or bring the message about one up to date. Idempotent on `event_id`; what is true now counts,
    not what was when the news was published. Raises RetryLaterError, DiscordAwayError."""
    row = Redemption.objects.filter(pk=redemption_id).first()
    if row is None:
        return
    if row.message_id is not None:
        _refresh(context, client, row)
    elif row.state == RedemptionState.REQUESTED:
        _ask(context, client, row, event_id)


def describe_request(context: TenantContext, row: Redemption) -> dict[str, Any]:
    """The message: who wants what, or what became of it. Names show as they are, and nobody is pinged."""
    member = Member.objects.filter(pk=row.member_id).first()
    name = "(erased)" if member is None else member.display_name
    waits = row.state == RedemptionState.REQUESTED
    return {
        "embeds": [_embed(context, row, name, _mention(row) if waits else "")],
        "components": [_buttons(context, row)] if waits else [],
    }


def _ask(context: TenantContext, client: DiscordClient, row: Redemption, event_id: int) -> None:
    channel_id = get_notification_settings().team_channel_id
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
        note_message(redemption_id=row.pk, channel_id=delivery.channel_id, message_id=delivery.message_id)


def _refresh(context: TenantContext, client: DiscordClient, row: Redemption) -> None:
    assert row.message_id is not None
    assert row.message_channel_id is not None
    try:
        client.edit_message(row.message_channel_id, row.message_id, describe_request(context, row))
    except DiscordRefusedError as error:
        if error.code == UNKNOWN_MESSAGE or error.code in CLOSED:
            forget_message(redemption_id=row.pk)
            return
        raise


def _embed(context: TenantContext, row: Redemption, name: str, mention: str) -> dict[str, Any]:
    reward, member = escape(row.reward_name), escape(name)
    cost = write_count(row.price, context.points_name)
    if row.state == RedemptionState.REQUESTED:
        text = f"**{member}** would like **{reward}** for **{cost}**."
    else:
        state = RedemptionState(row.state).label.lower()
        by = f" by {escape(row.decided_by)}" if row.decided_by else ""
        text = f"{_ICONS.get(RedemptionState(row.state), '✖️')} **{reward}** for **{member}**: {state}{by}."
    fields = [{"name": "Member", "value": mention, "inline": True}] if mention else []
    if row.reason and row.state != RedemptionState.REQUESTED:
        fields.append({"name": "Reason", "value": escape(row.reason)[:1024], "inline": False})
    return {
        "description": text,
        "color": int(context.colour.removeprefix("#"), 16),
        "fields": fields,
        "footer": {"text": f"Redemption {row.pk}"},
    }


def _mention(row: Redemption) -> str:
    discord_id = get_discord_id(member_id=row.member_id)
    return "" if discord_id is None else f"<@{discord_id}>"


def _buttons(context: TenantContext, row: Redemption) -> dict[str, Any]:
    page = f"{get_tenant_address(context.slug)}/dashboard/redemptions/{row.pk}/"
    return {
        "type": 1,
        "components": [
            {"type": 2, "style": _GREEN, "label": "Approve", "custom_id": APPROVE.format(row.pk)},
            {"type": 2, "style": _RED, "label": "Reject", "custom_id": REJECT.format(row.pk)},
            {"type": 2, "style": _LINK, "label": "Open", "url": page},
        ],
    }


def problem_of(channel_id: int) -> str:
    return f"team:{channel_id}"


def note_refusal(error: DiscordRefusedError, target: int, in_channel: bool) -> None:
    """A closed channel is the organiser's. Anything else is ours."""
    if error.code not in CLOSED:
        raise error
    note_problem(
        key=problem_of(target),
        message=(
            f"The team cannot be asked in the channel {target}: Discord says “{error}”. What waits stands on the dashboard. Give "
            "EngageHub View Channel, Send Messages and Embed Links there, or choose another channel under Announcements."
        ),
    )
