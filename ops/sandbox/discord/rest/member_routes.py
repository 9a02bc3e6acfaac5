"""Members: read, search, change, roles, time-out, kick, ban. Role hierarchy is checked as Discord does."""

from __future__ import annotations

from typing import Any

from ..errors import invalid_form, refused
from ..state import audit, permissions
from ..state.entities import Guild, Member
from ..state.guilds import install_bot
from ..state.members import ban_member, join_guild, leave_guild, unban_member, update_member
from ..state.payloads import Payload, member_payload, user_payload, voice_payload
from ..state.snowflakes import now_ms
from ..state.voice import leave_voice, server_mute, set_voice
from .call import Call, route

_MEMBER = "/guilds/{guild_id}/members/{user_id}"
_MOST_TIMEOUT_MS = 28 * 24 * 3600 * 1000


def _told(call: Call, member: Member) -> Payload:
    return member_payload(member, call.world.users[member.user_id])


@route("GET", "/guilds/{guild_id}/members", limit=10, window=10.0)
async def list_members(call: Call) -> list[Payload]:
    """By ascending id; needs the members intent switched on in the developer portal."""
    guild = call.guild()
    if not call.discord.config.privileged_intents & 1 << 1:
        raise refused(50001)
    after, limit = int(call.query.get("after", 0)), call.whole("limit", 1, 1, 1000)
    rows = sorted((m for m in guild.members.values() if m.user_id > after), key=lambda m: m.user_id)
    return [_told(call, member) for member in rows[:limit]]


@route("GET", "/guilds/{guild_id}/members/search", limit=10, window=10.0)
async def search_members(call: Call) -> list[Payload]:
    guild = call.guild()
    query = str(call.query.get("query", "")).lower()
    users = call.world.users
    rows = [
        member
        for member in guild.members.values()
        if users[member.user_id].username.lower().startswith(query)
        or (member.nick or "").lower().startswith(query)
    ]
    return [_told(call, member) for member in rows[: call.whole("limit", 1, 1, 1000)]]


@route("PATCH", "/guilds/{guild_id}/members/@me")
async def patch_own_member(call: Call) -> Payload:
    guild = call.guild()
    member = call.bot_member(guild)
    if "nick" in call.fields():
        call.need(guild, permissions.CHANGE_NICKNAME)
        update_member(call.world, guild, member, nick=call.fields()["nick"] or None)
    return _told(call, member)


@route("GET", _MEMBER, limit=5, window=1.0)
async def get_member(call: Call) -> Payload:
    guild = call.guild()
    return _told(call, call.world.member(guild, call.id("user_id")))


@route("PUT", _MEMBER, limit=10, window=10.0)
async def add_member(call: Call) -> Payload | None:
    """Add somebody by their access token of scope guilds.join; 204 when they are in already."""
    guild = call.guild()
    grant = call.discord.oauth.find_grant(str(call.fields().get("access_token") or ""))
    if grant is None or grant.user_id != call.id("user_id") or "guilds.join" not in grant.scopes:
        raise refused(50025)
    call.need(guild, permissions.CREATE_INVITE)
    if grant.user_id in guild.members:
        return None
    if grant.user_id == call.world.bot_id:
        install_bot(call.world, guild, granted=0)
    return _told(call, join_guild(call.world, guild, call.world.user(grant.user_id)))


@route("PATCH", _MEMBER, limit=10, window=10.0)
async def patch_member(call: Call) -> Payload:
    """Change nick, roles (the whole set), mute, deafen, voice channel and time-out."""
    guild = call.guild()
    member = call.world.member(guild, call.id("user_id"))
    body = call.fields()
    fields: dict[str, Any] = {}
    if "nick" in body:
        _act_on(call, guild, member, permissions.MANAGE_NICKNAMES)
        fields["nick"] = body["nick"] or None
    if body.get("roles") is not None:
        fields["roles"] = _check_roles(call, guild, member, [int(role) for role in body["roles"]])
    if "communication_disabled_until" in body:
        _act_on(call, guild, member, permissions.MODERATE_MEMBERS)
        fields["timeout_ms"] = _read_timeout(body["communication_disabled_until"])
    if "mute" in body or "deaf" in body:
        call.need(guild, permissions.MUTE_MEMBERS if "mute" in body else permissions.DEAFEN_MEMBERS)
        mute, deaf = body.get("mute"), body.get("deaf")
        server_mute(
            call.world, guild, member.user_id,
            mute=member.mute if mute is None else mute, deaf=member.deaf if deaf is None else deaf,
        )  # fmt: skip
    if "channel_id" in body:
        _move(call, guild, member, body["channel_id"])
    changes = [
        audit.changed(key, getattr(member, key), value) for key, value in fields.items() if key != "roles"
    ]
    roles_before = list(member.roles)
    update_member(call.world, guild, member, **fields)
    if any(changes):
        audit.record_audit(
            call.world, guild, audit.MEMBER_UPDATE, user_id=call.world.bot_id, target_id=member.user_id,
            reason=call.reason, changes=changes,
        )  # fmt: skip
    if "roles" in fields:
        _record_roles(call, guild, member, roles_before)
    return _told(call, member)


def _act_on(call: Call, guild: Guild, member: Member, permission: int) -> None:
    """50013 without the permission or against somebody who stands as high or higher."""
    call.need(guild, permission)
    if member.user_id != call.world.bot_id and not permissions.outranks_member(
        guild, call.bot_member(guild), member
    ):
        raise refused(50013)


def _read_timeout(text: str | None) -> int | None:
    from datetime import datetime

    if text is None:
        return None
    moment = int(datetime.fromisoformat(text).timestamp() * 1000)
    if moment > now_ms() + _MOST_TIMEOUT_MS:
        raise invalid_form(
            "communication_disabled_until", "GUILD_MEMBER_TIMEOUT_TOO_LONG", "Must be within 28 days."
        )
    return moment


def _move(call: Call, guild: Guild, member: Member, channel_id: str | None) -> None:
    call.need(guild, permissions.MOVE_MEMBERS)
    if channel_id is None:
        leave_voice(call.world, guild, member.user_id)
    elif member.user_id not in guild.voice:
        raise refused(10007)
    else:
        set_voice(call.world, guild, member.user_id, channel_id=int(channel_id))


def check_role(call: Call, guild: Guild, role_id: int) -> None:
    """May the bot give or take this role? 10011 unknown, 50028 for @everyone, 50013 for one above or managed."""
    role = guild.roles.get(role_id)
    if role is None:
        raise refused(10011)
    if role.id == guild.id:
        raise refused(50028)
    if role.managed or not permissions.outranks_role(guild, call.bot_member(guild), role):
        raise refused(50013)


def _check_roles(call: Call, guild: Guild, member: Member, wanted: list[int]) -> list[int]:
    call.need(guild, permissions.MANAGE_ROLES)
    for role_id in set(wanted) ^ set(member.roles):
        check_role(call, guild, role_id)
    return list(dict.fromkeys(wanted))


def _record_roles(call: Call, guild: Guild, member: Member, before: list[int]) -> None:
    def told(role_ids: set[int]) -> list[dict[str, str]]:
        return [{"id": str(i), "name": guild.roles[i].name} for i in sorted(role_ids) if i in guild.roles]

    added, removed = set(member.roles) - set(before), set(before) - set(member.roles)
    changes = []
    if added:
        changes.append({"key": "$add", "new_value": told(added)})
    if removed:
        changes.append({"key": "$remove", "new_value": told(removed)})
    if changes:
        audit.record_audit(
            call.world, guild, audit.MEMBER_ROLE_UPDATE, user_id=call.world.bot_id, target_id=member.user_id,
            reason=call.reason, changes=changes,
        )  # fmt: skip


@route("PUT", _MEMBER + "/roles/{role_id}", limit=10, window=10.0, bucket="member roles")
async def give_role(call: Call) -> None:
    """Give one role. The bucket is shared with taking and counts per guild."""
    _change_role(call, give=True)


@route("DELETE", _MEMBER + "/roles/{role_id}", limit=10, window=10.0, bucket="member roles")
async def take_role(call: Call) -> None:
    _change_role(call, give=False)


def _change_role(call: Call, *, give: bool) -> None:
    guild = call.guild()
    call.need(guild, permissions.MANAGE_ROLES)
    member = call.world.member(guild, call.id("user_id"))
    role_id = call.id("role_id")
    check_role(call, guild, role_id)
    if (role_id in member.roles) == give:
        return
    before = list(member.roles)
    roles = [*before, role_id] if give else [role for role in before if role != role_id]
    update_member(call.world, guild, member, roles=roles)
    _record_roles(call, guild, member, before)


@route("DELETE", _MEMBER, limit=5, window=1.0)
async def kick_member(call: Call) -> None:
    guild = call.guild()
    member = call.world.member(guild, call.id("user_id"))
    _act_on(call, guild, member, permissions.KICK_MEMBERS)
    leave_guild(call.world, guild, member.user_id)
    audit.record_audit(
        call.world,
        guild,
        audit.MEMBER_KICK,
        user_id=call.world.bot_id,
        target_id=member.user_id,
        reason=call.reason,
    )


@route("GET", "/guilds/{guild_id}/bans")
async def list_bans(call: Call) -> list[Payload]:
    guild = call.guild()
    call.need(guild, permissions.BAN_MEMBERS)
    users = call.world.users
    return [
        {"reason": reason or None, "user": user_payload(users[user])} for user, reason in guild.bans.items()
    ]


@route("GET", "/guilds/{guild_id}/bans/{user_id}")
async def get_ban(call: Call) -> Payload:
    guild = call.guild()
    call.need(guild, permissions.BAN_MEMBERS)
    user_id = call.id("user_id")
    if user_id not in guild.bans:
        raise refused(10026)
    return {"reason": guild.bans[user_id] or None, "user": user_payload(call.world.users[user_id])}


@route("PUT", "/guilds/{guild_id}/bans/{user_id}")
async def put_ban(call: Call) -> None:
    guild = call.guild()
    call.need(guild, permissions.BAN_MEMBERS)
    user = call.world.user(call.id("user_id"))
    if user.id in guild.members:
        _act_on(call, guild, guild.members[user.id], permissions.BAN_MEMBERS)
    ban_member(call.world, guild, user.id, reason=call.reason or "")
    audit.record_audit(
        call.world,
        guild,
        audit.MEMBER_BAN_ADD,
        user_id=call.world.bot_id,
        target_id=user.id,
        reason=call.reason,
    )


@route("DELETE", "/guilds/{guild_id}/bans/{user_id}")
async def remove_ban(call: Call) -> None:
    guild = call.guild()
    call.need(guild, permissions.BAN_MEMBERS)
    user_id = call.id("user_id")
    if user_id not in guild.bans:
        raise refused(10026)
    unban_member(call.world, guild, user_id)
    audit.record_audit(
        call.world,
        guild,
        audit.MEMBER_BAN_REMOVE,
        user_id=call.world.bot_id,
        target_id=user_id,
        reason=call.reason,
    )


@route("GET", "/guilds/{guild_id}/voice-states/{user_id}")
async def get_voice_state(call: Call) -> Payload:
    guild = call.guild()
    state = guild.voice.get(call.id("user_id"))
    if state is None:
        raise refused(10007)
    return voice_payload(guild, state)
