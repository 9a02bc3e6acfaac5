"""Messages of channels and direct messages: send, read, edit, delete, react, pin."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import unquote

from ..errors import invalid_form, refused
from ..state import audit, permissions
from ..state.entities import DM, MESSAGEABLE, Channel, Guild, Message
from ..state.members import accepts_dm
from ..state.messages import (
    add_reaction,
    clear_reactions,
    delete_message,
    delete_messages,
    edit_message,
    find_reaction,
    post_message,
    remove_reaction,
)
from ..state.payloads import Payload, message_payload, user_payload
from ..state.snowflakes import iso_from_ms, now_ms, snowflake_at
from ..state.world import Happening
from .bodies import COMPONENTS_V2, SUPPRESS_EMBEDS, read_message
from .call import Call, route

_CHANNEL = "/channels/{channel_id}"
_MESSAGE = _CHANNEL + "/messages/{message_id}"
_TWO_WEEKS_MS = 14 * 24 * 3600 * 1000


def check_may_send(call: Call) -> tuple[Channel, Guild | None]:
    """The channel, if the bot may write there: 50001, 50013, 50008, 50007, 50083."""
    channel, guild = call.channel()
    if channel.type not in MESSAGEABLE:
        raise refused(50008)
    if guild is None:
        other = next(user for user in channel.recipients if user != call.world.bot_id)
        if not accepts_dm(call.world, call.world.user(other)):
            raise refused(50007)
        return channel, None
    call.channel(permission=permissions.SEND_IN_THREADS if channel.is_thread else permissions.SEND_MESSAGES)
    if channel.is_thread and channel.locked:
        raise refused(50083)
    return channel, guild


@route("POST", _CHANNEL + "/messages", limit=5, window=5.0)
async def create_message(call: Call) -> Payload:
    """Send. With `enforce_nonce` the same nonce gives the earlier message back."""
    channel, guild = check_may_send(call)
    body = call.fields()
    fields = read_message(call, body, channel_id=channel.id)
    _need_for_content(call, guild, fields)
    content = fields.pop("content")
    nonce = body.get("nonce")
    if nonce is not None and len(str(nonce)) > 25:
        raise invalid_form("nonce", "NONCE_TYPE_TOO_LONG", "Nonce must be 25 or fewer in length.")
    reference = _read_reference(call, channel, body.get("message_reference"))
    message = post_message(
        call.world,
        channel,
        call.world.bot_id,
        content,
        allowed_mentions=body.get("allowed_mentions"),
        nonce=nonce,
        enforce_nonce=bool(body.get("enforce_nonce")),
        reference=reference,
        type=19 if reference else 0,
        **fields,
    )
    return message_payload(call.world, message)


def _need_for_content(call: Call, guild: Guild | None, fields: dict[str, Any]) -> None:
    if guild is None:
        return
    if fields["attachments"]:
        call.channel(permission=permissions.ATTACH_FILES)
    if fields["embeds"]:
        call.channel(permission=permissions.EMBED_LINKS)


def _read_reference(call: Call, channel: Channel, reference: Any) -> dict[str, Any] | None:
    if not isinstance(reference, dict) or not reference.get("message_id"):
        return None
    found = call.world.find_message(channel.id, int(reference["message_id"]))
    if found is None or found.ephemeral_for is not None:
        if reference.get("fail_if_not_exists", True):
            raise invalid_form("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
        return None
    told = {"type": 0, "channel_id": str(channel.id), "message_id": str(found.id)}
    if channel.guild_id is not None:
        told["guild_id"] = str(channel.guild_id)
    return told


@route("GET", _CHANNEL + "/messages", limit=5, window=5.0)
async def list_messages(call: Call) -> list[Payload]:
    """Newest first; `before`, `after` and `around` are ids."""
    channel, _ = call.channel(permission=permissions.READ_HISTORY)
    limit = call.whole("limit", 50, 1, 100)
    rows = [m for m in call.world.messages.get(channel.id, {}).values() if m.ephemeral_for is None]
    if "before" in call.query:
        rows = [m for m in rows if m.id < int(call.query["before"])][-limit:]
    elif "after" in call.query:
        rows = [m for m in rows if m.id > int(call.query["after"])][:limit]
    elif "around" in call.query:
        middle = int(call.query["around"])
        rows = sorted(sorted(rows, key=lambda m: abs(m.id - middle))[:limit], key=lambda m: m.id)
    else:
        rows = rows[-limit:]
    return [message_payload(call.world, message) for message in reversed(rows)]


def _message(call: Call, permission: int = 0) -> tuple[Message, Guild | None]:
    channel, guild = call.channel(permission=permission)
    message = call.world.message(channel.id, call.id("message_id"))
    if message.ephemeral_for is not None:
        raise refused(10008)
    return message, guild


@route("GET", _MESSAGE)
async def get_message(call: Call) -> Payload:
    return message_payload(call.world, _message(call, permissions.READ_HISTORY)[0])


@route("PATCH", _MESSAGE, limit=5, window=5.0)
async def patch_message(call: Call) -> Payload:
    """Edit the bot's own message; of others only the suppression of embeds, with Manage Messages."""
    message, guild = _message(call)
    body = call.fields()
    if message.author_id != call.world.bot_id:
        if set(body) - {"flags"} or guild is None:
            raise refused(50005)
        call.channel(permission=permissions.MANAGE_MESSAGES)
        flags = message.flags & ~SUPPRESS_EMBEDS | int(body.get("flags") or 0) & SUPPRESS_EMBEDS
        return message_payload(call.world, edit_message(call.world, message, flags=flags))
    fields = read_message(call, body, channel_id=message.channel_id, editing=True)
    if "flags" in fields:
        fields["flags"] = message.flags & ~SUPPRESS_EMBEDS | fields["flags"] & (
            SUPPRESS_EMBEDS | COMPONENTS_V2
        )
    after = {
        name: fields.get(name, getattr(message, name))
        for name in ("content", "embeds", "components", "attachments")
    }
    if not any(after.values()):
        raise refused(50006)
    return message_payload(call.world, edit_message(call.world, message, **fields))


@route("DELETE", _MESSAGE, limit=5, window=1.0)
async def remove_message(call: Call) -> None:
    message, guild = _message(call)
    if message.author_id != call.world.bot_id:
        if guild is None:
            raise refused(50003)
        call.channel(permission=permissions.MANAGE_MESSAGES)
        audit.record_audit(
            call.world, guild, audit.MESSAGE_DELETE, user_id=call.world.bot_id, target_id=message.author_id,
            reason=call.reason, options={"channel_id": str(message.channel_id), "count": "1"},
        )  # fmt: skip
    delete_message(call.world, message)


@route("POST", _CHANNEL + "/messages/bulk-delete", limit=1, window=1.0)
async def bulk_delete(call: Call) -> None:
    channel, guild = call.channel(permission=permissions.MANAGE_MESSAGES)
    ids = [int(message) for message in call.fields().get("messages") or []]
    if not 2 <= len(ids) <= 100:
        raise refused(50016)
    if guild is None:
        raise refused(50003)
    if min(ids) < snowflake_at(now_ms() - _TWO_WEEKS_MS):
        raise refused(50034)
    gone = delete_messages(call.world, channel, ids)
    audit.record_audit(
        call.world, guild, audit.MESSAGE_BULK_DELETE, user_id=call.world.bot_id, target_id=channel.id,
        reason=call.reason, options={"count": str(len(gone))},
    )  # fmt: skip


# --- reactions ---

_REACTIONS = _MESSAGE + "/reactions"


def _emoji(call: Call) -> tuple[str, int | None]:
    text = unquote(call.text("emoji_name"))
    name, _, identifier = text.rpartition(":")
    if identifier.isdigit() and name:
        return name.split(":")[-1], int(identifier)
    if not text or (text.isascii() and text.isalnum()):
        raise refused(10014)
    return text, None


@route("PUT", _REACTIONS + "/{emoji_name}/@me", limit=1, window=0.25, bucket="reactions")
async def react(call: Call) -> None:
    message, guild = _message(call, permissions.READ_HISTORY)
    name, identifier = _emoji(call)
    if find_reaction(message, name, identifier) is None:
        if guild is not None:
            call.channel(permission=permissions.ADD_REACTIONS)
        if len(message.reactions) >= 20:
            raise refused(30010)
    add_reaction(call.world, message, call.world.bot_id, name, identifier)


@route("DELETE", _REACTIONS + "/{emoji_name}/@me", limit=1, window=0.25, bucket="reactions")
async def unreact(call: Call) -> None:
    message, _ = _message(call)
    remove_reaction(call.world, message, call.world.bot_id, *_emoji(call))


@route("DELETE", _REACTIONS + "/{emoji_name}/{user_id}", limit=1, window=0.25, bucket="reactions")
async def unreact_other(call: Call) -> None:
    message, _ = _message(call, permissions.MANAGE_MESSAGES)
    name, identifier = _emoji(call)
    remove_reaction(call.world, message, call.id("user_id"), name, identifier)


@route("GET", _REACTIONS + "/{emoji_name}")
async def list_reactions(call: Call) -> list[Payload]:
    message, _ = _message(call)
    reaction = find_reaction(message, *_emoji(call))
    users = reaction.users if reaction else []
    after = int(call.query.get("after", 0))
    found = [user for user in sorted(users) if user > after][: call.whole("limit", 25, 1, 100)]
    return [user_payload(call.world.users[user]) for user in found]


@route("DELETE", _REACTIONS + "/{emoji_name}", limit=1, window=0.25, bucket="reactions")
async def clear_emoji(call: Call) -> None:
    message, _ = _message(call, permissions.MANAGE_MESSAGES)
    clear_reactions(call.world, message, *_emoji(call))


@route("DELETE", _REACTIONS, limit=1, window=0.25, bucket="reactions")
async def clear_all_reactions(call: Call) -> None:
    message, _ = _message(call, permissions.MANAGE_MESSAGES)
    clear_reactions(call.world, message)


# --- pins and typing ---


@route("PUT", _CHANNEL + "/messages/pins/{message_id}", limit=5, window=5.0)
@route("PUT", _CHANNEL + "/pins/{message_id}", limit=5, window=5.0)
async def pin_message(call: Call) -> None:
    _pin(call, pinned=True)


@route("DELETE", _CHANNEL + "/messages/pins/{message_id}", limit=5, window=5.0)
@route("DELETE", _CHANNEL + "/pins/{message_id}", limit=5, window=5.0)
async def unpin_message(call: Call) -> None:
    _pin(call, pinned=False)


def _pin(call: Call, *, pinned: bool) -> None:
    message, guild = _message(call, 0)
    if guild is not None:
        call.channel(permission=permissions.MANAGE_MESSAGES)
        audit.record_audit(
            call.world, guild, audit.MESSAGE_PIN if pinned else audit.MESSAGE_UNPIN,
            user_id=call.world.bot_id, target_id=message.author_id, reason=call.reason,
            options={"channel_id": str(message.channel_id), "message_id": str(message.id)},
        )  # fmt: skip
    edit_message(call.world, message, pinned=pinned)
    data: dict[str, Any] = {
        "channel_id": str(message.channel_id),
        "last_pin_timestamp": iso_from_ms(now_ms()) if pinned else None,
    }
    if message.guild_id is not None:
        data["guild_id"] = str(message.guild_id)
    call.world.emit(
        Happening("CHANNEL_PINS_UPDATE", data, guild_id=message.guild_id, channel_id=message.channel_id)
    )


def _pinned(call: Call) -> list[Message]:
    channel, _ = call.channel(permission=permissions.READ_HISTORY)
    return [m for m in reversed(call.world.messages.get(channel.id, {}).values()) if m.pinned]


@route("GET", _CHANNEL + "/pins", limit=1, window=1.0)
async def list_pins(call: Call) -> list[Payload]:
    return [message_payload(call.world, message) for message in _pinned(call)]


@route("GET", _CHANNEL + "/messages/pins", limit=1, window=1.0)
async def list_message_pins(call: Call) -> Payload:
    items = [
        {"pinned_at": iso_from_ms(m.edited_ms or m.timestamp_ms), "message": message_payload(call.world, m)}
        for m in _pinned(call)
    ]
    return {"items": items, "has_more": False}


@route("POST", _CHANNEL + "/typing", limit=5, window=5.0)
async def type_in_channel(call: Call) -> None:
    channel, guild = check_may_send(call)
    data: dict[str, Any] = {
        "channel_id": str(channel.id),
        "user_id": str(call.world.bot_id),
        "timestamp": int(time.time()),
    }
    if guild is not None:
        data["guild_id"] = str(guild.id)
    assert channel.type == DM or guild is not None
    call.world.emit(Happening("TYPING_START", data, guild_id=channel.guild_id, channel_id=channel.id))
