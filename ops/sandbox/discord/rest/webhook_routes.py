"""Followed-up messages of interactions, which Discord addresses as a webhook, and plain incoming webhooks."""

from __future__ import annotations

import secrets
from typing import Any

from ..errors import invalid_form, refused
from ..interactions import Interaction
from ..state import audit, permissions
from ..state.entities import EPHEMERAL, LOADING, Message, Webhook
from ..state.messages import delete_message, edit_message, post_message
from ..state.payloads import Payload, message_payload, user_payload
from .bodies import COMPONENTS_V2, read_message
from .call import ANYBODY, Call, route
from .interaction_routes import send_reply

_HOOK = "/webhooks/{webhook_id}/{webhook_token}"
_MOST_FOLLOW_UPS = 1000


@route("POST", _HOOK, auth=ANYBODY, limit=5, window=2.0, exempt=True)
async def execute_webhook(call: Call) -> Payload | None:
    """Follow up an interaction, or post through a webhook."""
    if call.id("webhook_id") != call.world.bot_id:
        return _execute_plain(call)
    interaction = call.discord.interactions.to_follow_up(call.text("webhook_token"))
    body = call.fields()
    fields = read_message(call, body, channel_id=interaction.channel.id)
    original = _original(call, interaction)
    if interaction.pending and original is not None and original.flags & LOADING:
        return message_payload(call.world, _complete(call, interaction, original, fields))
    if len(interaction.replies) >= _MOST_FOLLOW_UPS:
        raise refused(40094)
    message = send_reply(call, interaction, fields, body)
    interaction.touch()
    call.discord.note_interaction(interaction)
    return message_payload(call.world, message)


def _original(call: Call, interaction: Interaction) -> Message | None:
    if interaction.original_id is None:
        return None
    return call.world.find_message(interaction.channel.id, interaction.original_id)


def _complete(call: Call, interaction: Interaction, original: Message, fields: dict[str, Any]) -> Message:
    """The message behind a deferral: the loading one is filled, and keeps being ephemeral or not."""
    fields["flags"] = original.flags & EPHEMERAL | fields.get("flags", 0) & ~EPHEMERAL
    edit_message(call.world, original, **fields)
    interaction.pending = False
    interaction.touch()
    call.discord.note_interaction(interaction)
    return original


def _addressed(call: Call) -> tuple[Interaction | None, Message]:
    """The message of the path: of an interaction, whose `@original` has no id, or of a webhook."""
    text = call.request.match_info.get("message_id", "@original")
    if call.id("webhook_id") != call.world.bot_id:
        hook = _hook(call)
        return None, call.world.message(hook.channel_id, call.id("message_id"))
    interaction = call.discord.interactions.to_follow_up(call.text("webhook_token"))
    wanted = interaction.original_id if text == "@original" else call.id("message_id")
    known = {interaction.original_id, *interaction.replies}
    message = call.world.find_message(interaction.channel.id, wanted or 0) if wanted in known else None
    if message is None:
        raise refused(10008)
    return interaction, message


@route("GET", _HOOK + "/messages/@original", auth=ANYBODY, exempt=True)
@route("GET", _HOOK + "/messages/{message_id}", auth=ANYBODY, exempt=True)
async def get_webhook_message(call: Call) -> Payload:
    return message_payload(call.world, _addressed(call)[1])


@route("PATCH", _HOOK + "/messages/@original", auth=ANYBODY, limit=5, window=2.0, exempt=True)
@route("PATCH", _HOOK + "/messages/{message_id}", auth=ANYBODY, limit=5, window=2.0, exempt=True)
async def edit_webhook_message(call: Call) -> Payload:
    interaction, message = _addressed(call)
    fields = read_message(call, call.fields(), channel_id=message.channel_id, editing=True)
    if interaction is not None and interaction.pending and message.id == interaction.original_id:
        return message_payload(call.world, _complete(call, interaction, message, fields))
    fields["flags"] = message.flags | fields.get("flags", 0) & COMPONENTS_V2
    edit_message(call.world, message, **fields)
    if interaction is not None:
        if message.id not in interaction.replies:
            interaction.replies.append(message.id)
        interaction.touch()
        call.discord.note_interaction(interaction)
    return message_payload(call.world, message)


@route("DELETE", _HOOK + "/messages/@original", auth=ANYBODY, exempt=True)
@route("DELETE", _HOOK + "/messages/{message_id}", auth=ANYBODY, exempt=True)
async def delete_webhook_message(call: Call) -> None:
    interaction, message = _addressed(call)
    delete_message(call.world, message)
    if interaction is not None:
        interaction.pending = False
        interaction.touch()


# --- plain webhooks ---


def webhook_payload(call: Call, hook: Webhook) -> Payload:
    return {
        "id": str(hook.id),
        "type": 1,
        "name": hook.name,
        "avatar": None,
        "channel_id": str(hook.channel_id),
        "guild_id": str(hook.guild_id),
        "application_id": str(call.world.bot_id),
        "token": hook.token,
        "url": f"{call.discord.web_url}/api/webhooks/{hook.id}/{hook.token}",
        "user": user_payload(call.world.users[hook.creator_id]),
    }


@route("POST", "/channels/{channel_id}/webhooks", limit=5, window=5.0)
async def create_webhook(call: Call) -> Payload:
    channel, guild = call.channel(permission=permissions.MANAGE_WEBHOOKS)
    if guild is None:
        raise refused(50024)
    name = str(call.fields().get("name") or "")
    if not 1 <= len(name) <= 80:
        raise invalid_form("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 80 in length.")
    hook = Webhook(
        call.world.ids.make(), secrets.token_urlsafe(48), channel.id, guild.id, name, call.world.bot_id
    )
    call.world.webhooks[hook.id] = hook
    audit.record_audit(
        call.world, guild, audit.WEBHOOK_CREATE,
        user_id=call.world.bot_id, target_id=hook.id, reason=call.reason,
    )  # fmt: skip
    return webhook_payload(call, hook)


@route("GET", "/channels/{channel_id}/webhooks")
async def list_webhooks(call: Call) -> list[Payload]:
    channel, _ = call.channel(permission=permissions.MANAGE_WEBHOOKS)
    hooks = call.world.webhooks.values()
    return [webhook_payload(call, hook) for hook in hooks if hook.channel_id == channel.id]


def _hook(call: Call) -> Webhook:
    hook = call.world.webhooks.get(call.id("webhook_id"))
    token = call.request.match_info.get("webhook_token")
    if hook is None:
        raise refused(10015)
    if token is not None and not secrets.compare_digest(hook.token, token):
        raise refused(50027)
    return hook


@route("GET", "/webhooks/{webhook_id}")
@route("GET", _HOOK, auth=ANYBODY)
async def get_webhook(call: Call) -> Payload:
    return webhook_payload(call, _hook(call))


@route("DELETE", "/webhooks/{webhook_id}")
@route("DELETE", _HOOK, auth=ANYBODY)
async def delete_webhook(call: Call) -> None:
    hook = _hook(call)
    del call.world.webhooks[hook.id]


def _execute_plain(call: Call) -> Payload | None:
    hook = _hook(call)
    body = call.fields()
    fields = read_message(call, body, channel_id=hook.channel_id)
    content = fields.pop("content")
    message = post_message(
        call.world,
        call.world.channel(int(call.query.get("thread_id") or hook.channel_id)),
        hook.creator_id,
        content,
        allowed_mentions=body.get("allowed_mentions"),
        webhook_id=hook.id,
        webhook_name=str(body.get("username") or hook.name),
        **fields,
    )
    if call.query.get("wait", "").lower() in ("1", "true"):
        return message_payload(call.world, message)
    return None
