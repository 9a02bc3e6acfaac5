"""The gateway's address, the bot's own user, other users, direct-message channels."""

from __future__ import annotations

from typing import Any

from ..errors import invalid_form, refused
from ..state import members, permissions
from ..state.guilds import remove_bot
from ..state.payloads import Payload, channel_payload, member_payload, user_payload
from .call import ANYBODY, BEARER, BOT, Call, route


@route("GET", "/gateway", auth=ANYBODY)
async def get_gateway(call: Call) -> Payload:
    return {"url": call.discord.gateway_url}


@route("GET", "/gateway/bot", limit=2, window=5.0)
async def get_gateway_bot(call: Call) -> Payload:
    remaining, reset_after = call.discord.hub.limit_left()
    config = call.discord.config
    return {
        "url": call.discord.gateway_url,
        "shards": config.recommended_shards,
        "session_start_limit": {
            "total": config.session_limit,
            "remaining": remaining,
            "reset_after": reset_after,
            "max_concurrency": config.max_concurrency,
        },
    }


@route("GET", "/users/@me", auth=f"{BOT},{BEARER}", scope="identify")
async def get_me(call: Call) -> Payload:
    if call.grant is None:
        bot = call.world.users[call.world.bot_id]
        return user_payload(bot) | {"verified": True, "mfa_enabled": True, "locale": "en-US", "email": None}
    user = call.world.user(call.grant.user_id)
    payload = user_payload(user) | {"mfa_enabled": False, "locale": user.locale, "premium_type": 0}
    if "email" in call.grant.scopes:
        payload |= {"email": user.email, "verified": user.email is not None and user.email_verified}
    return payload


@route("PATCH", "/users/@me", limit=2, window=5.0)
async def edit_me(call: Call) -> Payload:
    bot = call.world.users[call.world.bot_id]
    bot.username = str(call.fields().get("username") or bot.username)
    return user_payload(bot)


@route("GET", "/users/{user_id}", limit=30, window=30.0)
async def get_user(call: Call) -> Payload:
    return user_payload(call.world.user(call.id("user_id")))


@route("GET", "/users/@me/guilds", auth=f"{BOT},{BEARER}", scope="guilds")
async def list_my_guilds(call: Call) -> list[Payload]:
    """The guilds of the bot or of the person signed in, with that person's permissions there."""
    user_id = call.grant.user_id if call.grant else call.world.bot_id
    found = [guild for guild in call.world.guilds.values() if user_id in guild.members]
    limit = call.whole("limit", 200, 1, 200)
    before, after = int(call.query.get("before", 0) or 0), int(call.query.get("after", 0) or 0)
    found = [g for g in sorted(found, key=lambda g: g.id) if (not before or g.id < before) and g.id > after]
    answers = []
    for guild in found[:limit]:
        allowed = permissions.base_permissions(guild, guild.members[user_id])
        payload: Payload = {
            "id": str(guild.id),
            "name": guild.name,
            "icon": guild.icon,
            "banner": None,
            "owner": guild.owner_id == user_id,
            "permissions": str(allowed),
            "features": guild.features,
        }
        if call.query.get("with_counts", "").lower() in ("1", "true"):
            payload |= {"approximate_member_count": len(guild.members), "approximate_presence_count": 1}
        answers.append(payload)
    return answers


@route(
    "GET",
    "/users/@me/guilds/{guild_id}/member",
    auth=BEARER,
    scope="guilds.members.read",
    limit=5,
    window=30.0,
)
async def get_my_member(call: Call) -> Payload:
    guild = call.world.guild(call.id("guild_id"))
    assert call.grant is not None
    member = call.world.member(guild, call.grant.user_id)
    return member_payload(member, call.world.users[member.user_id])


@route("DELETE", "/users/@me/guilds/{guild_id}")
async def leave_guild(call: Call) -> None:
    remove_bot(call.world, call.guild())


@route("POST", "/users/@me/channels", limit=10, window=10.0)
async def create_dm(call: Call) -> Payload:
    """Open the direct-message channel. Whether the person accepts messages shows when one is sent."""
    recipient: Any = call.fields().get("recipient_id")
    if recipient is None or not str(recipient).isdigit():
        raise invalid_form("recipient_id", "BASE_TYPE_REQUIRED", "This field is required")
    user = call.world.user(int(recipient))
    if user.bot:
        raise refused(50007)
    return channel_payload(call.world, members.open_dm(call.world, user))


@route("GET", "/users/@me/connections", auth=BEARER, scope="connections")
async def list_connections(_call: Call) -> list[Payload]:
    return []
