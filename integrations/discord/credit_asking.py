"""Approvers are asked about credit requests in their type's channel, and the message is kept as things are (asked.py)."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from engagement.credits.messages import forget_message, note_message
from engagement.credits.models import CreditRequest, RequestState
from engagement.members.models import Member
from engagement.members.selectors import get_discord_id
from tenants.context import TenantContext
from tenants.tickets import get_tenant_address

from .announcements import escape
from .asked import Asked, follow
from .client import DiscordClient
from .team_words import amount, language_of, say, say_flag

# bot_shard.cogs.credits answers them.
APPROVE: Final = "eh1:credit-approve:{}"
PART: Final = "eh1:credit-part:{}"
REJECT: Final = "eh1:credit-reject:{}"
ASK: Final = "eh1:credit-ask:{}"
_GREEN, _GREY, _RED, _LINK = 3, 2, 4, 5
_ICONS: Final = {RequestState.APPROVED: "✅", RequestState.NEEDS_INFO: "💬", RequestState.PENDING: "🪙"}
_MOST_FLAGS: Final = 4


def follow_request(context: TenantContext, client: DiscordClient, *, event_id: int, request_id: int) -> None:
    """Ask about a request that waits, or bring the message about one up to date. Idempotent on `event_id`. Raises RetryLaterError,
    DiscordAwayError."""
    row = CreditRequest.objects.select_related("type").filter(pk=request_id).first()
    if row is None:
        return
    has_message = row.message_id is not None and row.message_channel_id is not None
    asked = Asked(
        place=(row.message_channel_id or 0, row.message_id or 0) if has_message else None,
        channel_id=row.type.channel_id,
        waits=row.state == RequestState.PENDING,
        describe=partial(describe_request, context, row),
        note=lambda channel_id, message_id: note_message(
            request_id=row.pk, channel_id=channel_id, message_id=message_id
        ),
        forget=partial(forget_message, request_id=row.pk),
    )
    follow(context, client, asked, event_id=event_id)


def describe_request(context: TenantContext, row: CreditRequest) -> dict[str, Any]:
    """The message: who wants what and why, or what became of it. Names show as they are, and nobody is pinged."""
    language = language_of(context)
    member = Member.objects.filter(pk=row.member_id).first()
    name = say(language, "erased") if member is None else member.display_name
    waits = row.state == RequestState.PENDING
    text, fields = _asks(language, row, escape(name)) if waits else _tells(language, row, escape(name))
    embed = {
        "description": text,
        "color": int(context.colour.removeprefix("#"), 16),
        "fields": fields,
        "footer": {"text": say(language, "credit.footer", id=str(row.pk))},
    }
    return {"embeds": [embed], "components": [_buttons(context, language, row)] if waits else []}


def _asks(language: str, row: CreditRequest, member: str) -> tuple[str, list[dict[str, Any]]]:
    wanted = escape(amount(language, row.amount, f"{row.type.name} {row.type.unit}"))
    text = say(language, "credit.asks", icon=_ICONS[RequestState.PENDING], member=member, amount=wanted)
    fields: list[dict[str, Any]] = []
    discord_id = get_discord_id(member_id=row.member_id)
    if discord_id is not None:
        fields.append({"name": say(language, "member"), "value": f"<@{discord_id}>", "inline": True})
    if row.reason:
        reason = escape(row.reason)[:1024]
        fields.append({"name": say(language, "reason"), "value": reason, "inline": False})
    if row.flags:
        words = "\n".join(f"⚠️ {say_flag(language, flag)}" for flag in row.flags[:_MOST_FLAGS])
        fields.append({"name": say(language, "look_twice"), "value": words, "inline": False})
    return text, fields


def _tells(language: str, row: CreditRequest, member: str) -> tuple[str, list[dict[str, Any]]]:
    unit, state = f"{row.type.name} {row.type.unit}", RequestState(row.state)
    part = ""
    if state == RequestState.APPROVED and row.granted != row.amount:
        part = say(language, "credit.part", amount=escape(amount(language, row.granted, unit)))
    text = say(
        language,
        "credit.is",
        icon=_ICONS.get(state, "✖️"),
        amount=escape(amount(language, row.amount, unit)),
        member=member,
        state=say(language, f"credit.{state.value}"),
        part=part,
        by=f" {say(language, 'by', name=escape(row.decided_by))}" if row.decided_by else "",
    )
    note = {"name": say(language, "note"), "value": escape(row.note)[:1024], "inline": False}
    return text, [note] if row.note else []


def _buttons(context: TenantContext, language: str, row: CreditRequest) -> dict[str, Any]:
    page = f"{get_tenant_address(context.slug)}/dashboard/credits/requests/{row.pk}/"
    known = (
        (_GREEN, "approve", APPROVE),
        (_GREY, "in_part", PART),
        (_GREY, "ask", ASK),
        (_RED, "reject", REJECT),
    )
    buttons = [
        {"type": 2, "style": style, "label": say(language, key), "custom_id": custom_id.format(row.pk)}
        for style, key, custom_id in known
    ]
    link = {"type": 2, "style": _LINK, "label": say(language, "open"), "url": page}
    return {"type": 1, "components": [*buttons, link]}
