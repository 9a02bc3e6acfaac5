"""What a session asks for over the gateway: presence (3), its own voice state (4), members (8), sounds (31)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from ..state.entities import Guild, Member
from ..state.payloads import member_payload
from ..state.voice import leave_voice, set_voice
from . import intents
from .session import Session

if TYPE_CHECKING:
    from .hub import Hub

_CHUNK = 1000


def handle_request(hub: Hub, session: Session, op: int, body: Any) -> None:
    """Do what the client asked. Requests that make no sense are passed over, as Discord does."""
    if not isinstance(body, dict):
        return
    if op == 3:
        session.presence = body
    elif op == 4:
        _change_own_voice(hub, session, body)
    elif op == 8:
        _send_members(hub, session, body)


def _change_own_voice(hub: Hub, session: Session, body: dict[str, Any]) -> None:
    world = hub.world
    guild = world.guilds.get(int(body.get("guild_id") or 0))
    if guild is None or not world.in_guild(guild.id):
        return
    channel_id = int(body.get("channel_id") or 0)
    if channel_id not in guild.channels:
        leave_voice(world, guild, world.bot_id)
        return
    set_voice(
        world, guild, world.bot_id, channel_id=channel_id,
        self_mute=bool(body.get("self_mute")), self_deaf=bool(body.get("self_deaf")),
    )  # fmt: skip
    server = {"token": "local", "guild_id": str(guild.id), "endpoint": None}
    session.dispatch("VOICE_SERVER_UPDATE", orjson.dumps(server))


def _send_members(hub: Hub, session: Session, body: dict[str, Any]) -> None:
    """GUILD_MEMBERS_CHUNK for a query or for ids. All members are told only with GUILD_MEMBERS."""
    guild_id = body.get("guild_id")
    guild = hub.world.guilds.get(int(guild_id[0] if isinstance(guild_id, list) else guild_id or 0))
    if guild is None or not hub.world.in_guild(guild.id) or not session.hears_guild(guild.id):
        return
    members, not_found = _choose(hub, session, guild, body)
    chunks = [members[start : start + _CHUNK] for start in range(0, len(members), _CHUNK)] or [[]]
    for index, chunk in enumerate(chunks):
        data: dict[str, Any] = {
            "guild_id": str(guild.id),
            "members": [member_payload(member, hub.world.users[member.user_id]) for member in chunk],
            "chunk_index": index,
            "chunk_count": len(chunks),
            "not_found": not_found,
        }
        if body.get("presences"):
            data["presences"] = []
        if body.get("nonce"):
            data["nonce"] = str(body["nonce"])[:32]
        session.dispatch("GUILD_MEMBERS_CHUNK", orjson.dumps(data))


def _choose(hub: Hub, session: Session, guild: Guild, body: dict[str, Any]) -> tuple[list[Member], list[str]]:
    wanted = body.get("user_ids")
    if wanted is not None:
        ids = [int(user) for user in (wanted if isinstance(wanted, list) else [wanted])][:100]
        found = [guild.members[user] for user in ids if user in guild.members]
        return found, [str(user) for user in ids if user not in guild.members]
    query, limit = str(body.get("query") or "").lower(), int(body.get("limit") or 0)
    if not query and not limit:
        return (list(guild.members.values()), []) if session.intents & intents.GUILD_MEMBERS else ([], [])
    users = hub.world.users
    found = [
        member
        for member in guild.members.values()
        if users[member.user_id].username.lower().startswith(query)
        or (member.nick or users[member.user_id].global_name or "").lower().startswith(query)
    ]
    return found[: min(limit or 100, 100)], []
