"""Guilds: read and change, audit log, integrations, auto-moderation rules, invites."""

from __future__ import annotations

from typing import Any

from ..errors import refused
from ..state import audit, permissions
from ..state.guilds import update_guild
from ..state.payloads import Payload, guild_payload, user_payload
from ..state.world import Happening
from .call import Call, route

_RULES = "/guilds/{guild_id}/auto-moderation/rules"
_PLAIN = ("name", "description", "afk_timeout")
_CHANNELS = ("afk_channel_id", "system_channel_id", "rules_channel_id")


@route("GET", "/guilds/{guild_id}")
async def get_guild(call: Call) -> Payload:
    guild = call.guild()
    payload = guild_payload(call.world, guild)
    if call.query.get("with_counts", "").lower() in ("1", "true"):
        online = sum(1 for member in guild.members if not call.world.users[member].bot)
        payload |= {"approximate_member_count": len(guild.members), "approximate_presence_count": online}
    return payload


@route("PATCH", "/guilds/{guild_id}", limit=2, window=10.0)
async def patch_guild(call: Call) -> Payload:
    guild = call.guild()
    call.need(guild, permissions.MANAGE_GUILD)
    body = call.fields()
    fields: dict[str, Any] = {key: body[key] for key in _PLAIN if key in body}
    fields |= {key: int(body[key]) if body[key] else None for key in _CHANNELS if key in body}
    if body.get("preferred_locale"):
        fields["locale"] = body["preferred_locale"]
    changes = [audit.changed(key, getattr(guild, key), value) for key, value in fields.items()]
    update_guild(call.world, guild, **fields)
    audit.record_audit(
        call.world, guild, audit.GUILD_UPDATE, user_id=call.world.bot_id, target_id=guild.id,
        reason=call.reason, changes=changes,
    )  # fmt: skip
    return guild_payload(call.world, guild)


@route("GET", "/guilds/{guild_id}/preview")
async def get_preview(call: Call) -> Payload:
    guild = call.guild()
    return {
        "id": str(guild.id),
        "name": guild.name,
        "icon": guild.icon,
        "description": guild.description,
        "home_header": None,
        "splash": None,
        "discovery_splash": None,
        "features": guild.features,
        "approximate_member_count": len(guild.members),
        "approximate_presence_count": len(guild.members),
        "emojis": guild.emojis,
        "stickers": [],
    }


@route("GET", "/guilds/{guild_id}/audit-logs", limit=5, window=5.0)
async def get_audit_log(call: Call) -> Payload:
    """Newest first; filters `user_id`, `action_type`, `before` and `after`."""
    guild = call.guild()
    call.need(guild, permissions.VIEW_AUDIT_LOG)
    query = call.query
    rows = list(reversed(guild.audit))
    if "user_id" in query:
        rows = [row for row in rows if row.user_id == int(query["user_id"])]
    if query.get("action_type", "0") != "0":
        rows = [row for row in rows if row.action == int(query["action_type"])]
    if "before" in query:
        rows = [row for row in rows if row.id < int(query["before"])]
    if "after" in query:
        rows = [row for row in reversed(rows) if row.id > int(query["after"])]
    rows = rows[: call.whole("limit", 50, 1, 100)]
    named = {person for row in rows for person in (row.user_id, row.target_id) if person in call.world.users}
    return {
        "audit_log_entries": [audit.audit_payload(row) for row in rows],
        "users": [user_payload(call.world.users[person]) for person in named if person is not None],
        "webhooks": [],
        "integrations": [],
        "threads": [],
        "application_commands": [],
        "auto_moderation_rules": [],
        "guild_scheduled_events": [],
    }


@route("GET", "/guilds/{guild_id}/integrations")
async def list_integrations(call: Call) -> list[Payload]:
    guild = call.guild()
    call.need(guild, permissions.MANAGE_GUILD)
    bot = call.world.users[call.world.bot_id]
    return [
        {
            "id": str(call.world.bot_id),
            "type": "discord",
            "name": bot.username,
            "enabled": True,
            "account": {"id": str(bot.id), "name": bot.username},
            "application": {
                "id": str(bot.id),
                "name": bot.username,
                "icon": None,
                "description": "",
                "bot": user_payload(bot),
            },
            "scopes": ["bot", "applications.commands"],
        }
    ]


@route("GET", "/guilds/{guild_id}/invites")
async def list_invites(call: Call) -> list[Payload]:
    call.need(call.guild(), permissions.MANAGE_GUILD)
    return []


@route("GET", "/guilds/{guild_id}/emojis")
async def list_emojis(call: Call) -> list[Payload]:
    return call.guild().emojis


# --- auto-moderation ---


@route("GET", _RULES)
async def list_rules(call: Call) -> list[Payload]:
    guild = call.guild()
    call.need(guild, permissions.MANAGE_GUILD)
    return list(guild.automod.values())


@route("POST", _RULES)
async def add_rule(call: Call) -> Payload:
    guild = call.guild()
    call.need(guild, permissions.MANAGE_GUILD)
    rule_id = call.world.ids.make()
    rule = {
        "exempt_roles": [],
        "exempt_channels": [],
        "enabled": True,
        "trigger_metadata": {},
    } | call.fields()
    rule |= {"id": str(rule_id), "guild_id": str(guild.id), "creator_id": str(call.world.bot_id)}
    guild.automod[rule_id] = rule
    call.world.emit(Happening("AUTO_MODERATION_RULE_CREATE", rule, guild_id=guild.id))
    return rule


@route("GET", _RULES + "/{rule_id}")
async def get_rule(call: Call) -> Payload:
    guild = call.guild()
    call.need(guild, permissions.MANAGE_GUILD)
    rule = guild.automod.get(call.id("rule_id"))
    if rule is None:
        raise refused(10008)
    return rule


@route("DELETE", _RULES + "/{rule_id}")
async def remove_rule(call: Call) -> None:
    guild = call.guild()
    call.need(guild, permissions.MANAGE_GUILD)
    rule = guild.automod.pop(call.id("rule_id"), None)
    if rule is None:
        raise refused(10008)
    call.world.emit(Happening("AUTO_MODERATION_RULE_DELETE", rule, guild_id=guild.id))
