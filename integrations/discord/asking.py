"""The team is asked in its channel to decide on redemptions, and the message is kept as things are (asked.py)."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from engagement.members.models import Member
from engagement.members.selectors import get_discord_id
from engagement.notifications.selectors import get_notification_settings
from engagement.rewards.messages import forget_message, note_message
from engagement.rewards.models import Redemption, RedemptionState
from tenants.context import TenantContext
from tenants.tickets import get_tenant_address

from .announcements import escape
from .asked import Asked, follow
from .client import DiscordClient
from .team_words import amount, language_of, say

# bot_shard.cogs.redemptions answers them.
APPROVE: Final = "eh1:redemption-approve:{}"
REJECT: Final = "eh1:redemption-reject:{}"
_ICONS: Final = {
    RedemptionState.APPROVED: "✅",
    RedemptionState.FULFILLED: "✅",
    RedemptionState.DELIVERED: "✅",
}
_GREEN, _RED, _LINK = 3, 4, 5


def follow_redemption(
    context: TenantContext, client: DiscordClient, *, event_id: int, redemption_id: int
) -> None:
    """Ask about a redemption that waits, or bring the message about one up to date. Idempotent on `event_id`. Raises RetryLaterError,
    DiscordAwayError."""
    row = Redemption.objects.filter(pk=redemption_id).first()
    if row is None:
        return
    has_message = row.message_id is not None and row.message_channel_id is not None
    asked = Asked(
        place=(row.message_channel_id or 0, row.message_id or 0) if has_message else None,
        channel_id=get_notification_settings().team_channel_id,
        waits=row.state == RedemptionState.REQUESTED,
        describe=partial(describe_request, context, row),
        note=lambda channel_id, message_id: note_message(
            redemption_id=row.pk, channel_id=channel_id, message_id=message_id
        ),
        forget=partial(forget_message, redemption_id=row.pk),
    )
    follow(context, client, asked, event_id=event_id)


def describe_request(context: TenantContext, row: Redemption) -> dict[str, Any]:
    """The message: who wants what, or what became of it. Names show as they are, and nobody is pinged."""
    language = language_of(context)
    member = Member.objects.filter(pk=row.member_id).first()
    name = say(language, "erased") if member is None else member.display_name
    waits = row.state == RedemptionState.REQUESTED
    return {
        "embeds": [_embed(context, language, row, name, _mention(row) if waits else "")],
        "components": [_buttons(context, language, row)] if waits else [],
    }


def _embed(context: TenantContext, language: str, row: Redemption, name: str, mention: str) -> dict[str, Any]:
    reward, member, state = escape(row.reward_name), escape(name), RedemptionState(row.state)
    if state == RedemptionState.REQUESTED:
        cost = amount(language, row.price, context.points_name)
        text = say(language, "redemption.asks", member=member, reward=reward, cost=cost)
    else:
        text = say(
            language,
            "redemption.is",
            icon=_ICONS.get(state, "✖️"),
            reward=reward,
            member=member,
            state=say(language, f"redemption.{state.value}"),
            by=f" {say(language, 'by', name=escape(row.decided_by))}" if row.decided_by else "",
        )
    fields = [{"name": say(language, "member"), "value": mention, "inline": True}] if mention else []
    if row.reason and state != RedemptionState.REQUESTED:
        reason = escape(row.reason)[:1024]
        fields.append({"name": say(language, "reason"), "value": reason, "inline": False})
    return {
        "description": text,
        "color": int(context.colour.removeprefix("#"), 16),
        "fields": fields,
        "footer": {"text": say(language, "redemption.footer", id=str(row.pk))},
    }


def _mention(row: Redemption) -> str:
    discord_id = get_discord_id(member_id=row.member_id)
    return "" if discord_id is None else f"<@{discord_id}>"


def _buttons(context: TenantContext, language: str, row: Redemption) -> dict[str, Any]:
    page = f"{get_tenant_address(context.slug)}/dashboard/redemptions/{row.pk}/"
    approve, reject = say(language, "approve"), say(language, "reject")
    return {
        "type": 1,
        "components": [
            {"type": 2, "style": _GREEN, "label": approve, "custom_id": APPROVE.format(row.pk)},
            {"type": 2, "style": _RED, "label": reject, "custom_id": REJECT.format(row.pk)},
            {"type": 2, "style": _LINK, "label": say(language, "open"), "url": page},
        ],
    }
