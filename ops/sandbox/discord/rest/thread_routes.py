"""Threads: start, join, leave, list."""

from __future__ import annotations

from ..errors import invalid_form, refused
from ..state import audit, permissions
from ..state.entities import PRIVATE_THREAD, PUBLIC_THREAD, Channel, Guild
from ..state.messages import change_thread_members, start_thread
from ..state.payloads import Payload, channel_payload, member_payload, thread_member_payload
from .call import Call, route
from .channel_routes import join_thread

_MEMBERS = "/channels/{channel_id}/thread-members"


def _name(call: Call) -> str:
    name = str(call.fields().get("name") or "")
    if not 1 <= len(name) <= 100:
        raise invalid_form("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    return name


@route("POST", "/channels/{channel_id}/messages/{message_id}/threads", limit=5, window=5.0)
async def start_from_message(call: Call) -> Payload:
    channel, guild = call.channel(permission=permissions.CREATE_PUBLIC_THREADS)
    if guild is None or channel.is_thread:
        raise refused(50024)
    message = call.world.message(channel.id, call.id("message_id"))
    if message.thread_id is not None:
        raise refused(160004)
    name = _name(call)
    thread = start_thread(
        call.world, guild, channel, call.world.bot_id, name, message=message,
        auto_archive=int(call.fields().get("auto_archive_duration") or 1440),
    )  # fmt: skip
    return _started(call, guild, thread)


@route("POST", "/channels/{channel_id}/threads", limit=5, window=5.0)
async def start_without_message(call: Call) -> Payload:
    kind = int(call.fields().get("type") or PRIVATE_THREAD)
    needed = (
        permissions.CREATE_PRIVATE_THREADS if kind == PRIVATE_THREAD else permissions.CREATE_PUBLIC_THREADS
    )
    channel, guild = call.channel(permission=needed)
    if guild is None or channel.is_thread or kind not in (PUBLIC_THREAD, PRIVATE_THREAD):
        raise refused(50024)
    thread = start_thread(
        call.world, guild, channel, call.world.bot_id, _name(call), type=kind,
        auto_archive=int(call.fields().get("auto_archive_duration") or 1440),
    )  # fmt: skip
    return _started(call, guild, thread)


def _started(call: Call, guild: Guild, thread: Channel) -> Payload:
    audit.record_audit(
        call.world,
        guild,
        audit.THREAD_CREATE,
        user_id=call.world.bot_id,
        target_id=thread.id,
        reason=call.reason,
    )
    member = thread_member_payload(thread, call.world.bot_id)
    return channel_payload(call.world, thread) | {"member": member}


def _thread(call: Call, permission: int = 0) -> Channel:
    channel, _ = call.channel(permission=permission)
    if not channel.is_thread:
        raise refused(50024)
    if channel.archived:
        raise refused(50083)
    return channel


@route("PUT", _MEMBERS + "/@me")
async def join(call: Call) -> None:
    join_thread(call, _thread(call), call.world.bot_id)


@route("PUT", _MEMBERS + "/{user_id}")
async def add_to_thread(call: Call) -> None:
    thread = _thread(call, permissions.SEND_IN_THREADS)
    guild = call.world.guilds[thread.guild_id or 0]
    call.world.member(guild, call.id("user_id"))
    join_thread(call, thread, call.id("user_id"))


@route("DELETE", _MEMBERS + "/@me")
async def leave(call: Call) -> None:
    _remove(call, _thread(call), call.world.bot_id)


@route("DELETE", _MEMBERS + "/{user_id}")
async def remove_from_thread(call: Call) -> None:
    _remove(call, _thread(call, permissions.MANAGE_THREADS), call.id("user_id"))


def _remove(call: Call, thread: Channel, user_id: int) -> None:
    change_thread_members(call.world, thread, added=[], removed=[user_id])
    call.world.permissions_changed()


@route("GET", _MEMBERS)
async def list_thread_members(call: Call) -> list[Payload]:
    thread, guild = call.channel()
    rows = []
    for user_id in thread.thread_members:
        row = thread_member_payload(thread, user_id)
        if (
            guild is not None
            and user_id in guild.members
            and call.query.get("with_member", "").lower() in ("1", "true")
        ):
            row["member"] = member_payload(guild.members[user_id], call.world.users[user_id])
        rows.append(row)
    return rows


@route("GET", _MEMBERS + "/{user_id}")
async def get_thread_member(call: Call) -> Payload:
    thread, _ = call.channel()
    user_id = call.id("user_id")
    if user_id not in thread.thread_members:
        raise refused(10007)
    return thread_member_payload(thread, user_id)


@route("GET", "/guilds/{guild_id}/threads/active")
async def list_active_threads(call: Call) -> Payload:
    guild = call.guild()
    threads = [c for c in guild.channels.values() if c.is_thread and not c.archived]
    threads = [c for c in threads if call.world.bot_sees(guild.id, c.id)]
    return _listed(call, threads)


@route("GET", "/channels/{channel_id}/threads/archived/public")
async def list_archived_threads(call: Call) -> Payload:
    return _archived(call, PUBLIC_THREAD, permissions.READ_HISTORY)


@route("GET", "/channels/{channel_id}/threads/archived/private")
async def list_private_archived_threads(call: Call) -> Payload:
    return _archived(call, PRIVATE_THREAD, permissions.READ_HISTORY | permissions.MANAGE_THREADS)


def _archived(call: Call, kind: int, permission: int) -> Payload:
    channel, guild = call.channel(permission=permission)
    if guild is None:
        raise refused(50024)
    rows = [c for c in guild.channels.values() if c.parent_id == channel.id and c.type == kind and c.archived]
    return _listed(call, rows) | {"has_more": False}


def _listed(call: Call, threads: list[Channel]) -> Payload:
    bot = call.world.bot_id
    return {
        "threads": [channel_payload(call.world, thread) for thread in threads],
        "members": [thread_member_payload(thread, bot) for thread in threads if bot in thread.thread_members],
    }
