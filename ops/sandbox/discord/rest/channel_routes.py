"""Channels: read, create, change, delete, and their permission overwrites."""

from __future__ import annotations

from typing import Any

from ..errors import invalid_form, refused
from ..state import audit, permissions
from ..state.entities import Channel, Guild, Overwrite
from ..state.guilds import create_channel, delete_channel, update_channel
from ..state.messages import change_thread_members
from ..state.payloads import Payload, channel_payload
from .call import Call, route

_PLAIN = {
    "name": "name",
    "position": "position",
    "topic": "topic",
    "nsfw": "nsfw",
    "user_limit": "user_limit",
}


@route("GET", "/channels/{channel_id}")
async def get_channel(call: Call) -> Payload:
    return channel_payload(call.world, call.channel()[0])


def _read_overwrites(call: Call, guild: Guild, rows: list[dict[str, Any]] | None) -> dict[int, Overwrite]:
    held = permissions.base_permissions(guild, call.bot_member(guild))
    overwrites = {}
    for row in rows or []:
        overwrite = Overwrite(
            int(row["id"]), int(row["type"]), int(row.get("allow") or 0), int(row.get("deny") or 0)
        )
        if (overwrite.allow | overwrite.deny) & ~held and held != permissions.ALL:
            raise refused(50013)
        overwrites[overwrite.id] = overwrite
    return overwrites


@route("PATCH", "/channels/{channel_id}", limit=5, window=15.0)
async def patch_channel(call: Call) -> Payload:
    """Change a channel (Manage Channels) or a thread (its owner, or Manage Threads)."""
    channel, guild = call.channel()
    body = call.fields()
    if guild is None:
        raise refused(50003)
    if channel.is_thread:
        return _patch_thread(call, guild, channel, body)
    call.channel(permission=permissions.MANAGE_CHANNELS)
    fields: dict[str, Any] = {mine: body[key] for key, mine in _PLAIN.items() if body.get(key) is not None}
    if "parent_id" in body:
        fields["parent_id"] = int(body["parent_id"]) if body["parent_id"] else None
    if "rate_limit_per_user" in body:
        fields["slowmode"] = int(body["rate_limit_per_user"] or 0)
    if body.get("permission_overwrites") is not None:
        call.channel(permission=permissions.MANAGE_ROLES)
        fields["overwrites"] = _read_overwrites(call, guild, body["permission_overwrites"])
    if not 1 <= len(str(fields.get("name", channel.name))) <= 100:
        raise invalid_form("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    changes = [
        audit.changed(key, getattr(channel, key), value)
        for key, value in fields.items()
        if key != "overwrites"
    ]
    update_channel(call.world, channel, **fields)
    audit.record_audit(
        call.world, guild, audit.CHANNEL_UPDATE, user_id=call.world.bot_id, target_id=channel.id,
        reason=call.reason, changes=changes,
    )  # fmt: skip
    return channel_payload(call.world, channel)


def _patch_thread(call: Call, guild: Guild, thread: Channel, body: dict[str, Any]) -> Payload:
    owner = thread.owner_id == call.world.bot_id
    only_unarchive = set(body) <= {"archived"} and not thread.locked
    if (not owner and not only_unarchive) or "locked" in body:
        call.channel(permission=permissions.MANAGE_THREADS)
    names = {
        "name": "name",
        "archived": "archived",
        "locked": "locked",
        "auto_archive_duration": "auto_archive",
    }
    fields = {mine: body[key] for key, mine in names.items() if body.get(key) is not None}
    update_channel(call.world, thread, **fields)
    audit.record_audit(
        call.world,
        guild,
        audit.THREAD_UPDATE,
        user_id=call.world.bot_id,
        target_id=thread.id,
        reason=call.reason,
    )
    return channel_payload(call.world, thread)


@route("DELETE", "/channels/{channel_id}", limit=5, window=15.0)
async def remove_channel(call: Call) -> Payload:
    channel, guild = call.channel()
    payload = channel_payload(call.world, channel)
    if guild is None:
        return payload
    needed = permissions.MANAGE_THREADS if channel.is_thread else permissions.MANAGE_CHANNELS
    call.channel(permission=needed)
    delete_channel(call.world, guild, channel)
    action = audit.THREAD_DELETE if channel.is_thread else audit.CHANNEL_DELETE
    audit.record_audit(
        call.world, guild, action, user_id=call.world.bot_id, target_id=channel.id, reason=call.reason
    )
    return payload


@route("GET", "/guilds/{guild_id}/channels")
async def list_channels(call: Call) -> list[Payload]:
    channels = call.guild().channels.values()
    return [channel_payload(call.world, channel) for channel in channels if not channel.is_thread]


@route("POST", "/guilds/{guild_id}/channels", limit=5, window=15.0)
async def add_channel(call: Call) -> Payload:
    guild = call.guild()
    call.need(guild, permissions.MANAGE_CHANNELS)
    body = call.fields()
    name = str(body.get("name") or "")
    if not 1 <= len(name) <= 100:
        raise invalid_form("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    channel = create_channel(
        call.world,
        guild,
        name=name,
        type=int(body.get("type") or 0),
        parent_id=int(body["parent_id"]) if body.get("parent_id") else None,
        topic=body.get("topic"),
        overwrites=list(_read_overwrites(call, guild, body.get("permission_overwrites")).values()),
    )
    audit.record_audit(
        call.world,
        guild,
        audit.CHANNEL_CREATE,
        user_id=call.world.bot_id,
        target_id=channel.id,
        reason=call.reason,
    )
    return channel_payload(call.world, channel)


@route("PUT", "/channels/{channel_id}/permissions/{overwrite_id}", limit=5, window=5.0)
async def put_overwrite(call: Call) -> None:
    channel, guild = call.channel(permission=permissions.MANAGE_ROLES)
    if guild is None:
        raise refused(50003)
    body = call.fields() | {"id": call.id("overwrite_id")}
    existed = body["id"] in channel.overwrites
    overwrites = channel.overwrites | _read_overwrites(call, guild, [body])
    update_channel(call.world, channel, overwrites=overwrites)
    audit.record_audit(
        call.world, guild, audit.OVERWRITE_UPDATE if existed else audit.OVERWRITE_CREATE,
        user_id=call.world.bot_id, target_id=channel.id, reason=call.reason,
        options={"id": str(body["id"]), "type": str(body["type"])},
    )  # fmt: skip


@route("DELETE", "/channels/{channel_id}/permissions/{overwrite_id}", limit=5, window=5.0)
async def remove_overwrite(call: Call) -> None:
    channel, guild = call.channel(permission=permissions.MANAGE_ROLES)
    overwrite_id = call.id("overwrite_id")
    if guild is None or overwrite_id not in channel.overwrites:
        raise refused(10009)
    overwrites = {key: value for key, value in channel.overwrites.items() if key != overwrite_id}
    update_channel(call.world, channel, overwrites=overwrites)
    audit.record_audit(
        call.world, guild, audit.OVERWRITE_DELETE, user_id=call.world.bot_id, target_id=channel.id,
        reason=call.reason, options={"id": str(overwrite_id)},
    )  # fmt: skip


def join_thread(call: Call, thread: Channel, user_id: int) -> None:
    change_thread_members(call.world, thread, added=[user_id], removed=[])
    call.world.permissions_changed()
