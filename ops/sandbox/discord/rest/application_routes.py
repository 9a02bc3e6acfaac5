"""The application, and its global and guild commands.

Invariant: a bulk overwrite keeps the id of a command with the same type and name, as Discord does, so that permissions
and mentions of commands survive a sync.
"""

from __future__ import annotations

import re
from typing import Any

from ..errors import invalid_form, refused
from ..gateway.hub import application_flags
from ..state.entities import Command
from ..state.payloads import Payload, command_payload, user_payload
from ..state.world import Happening
from .call import Call, route

_NAME = re.compile(r"^[-_'\w]{1,32}$")
_MOST = {1: 100, 2: 15, 3: 15}


def application_payload(call: Call) -> Payload:
    bot = call.world.users[call.world.bot_id]
    return {
        "id": str(call.world.bot_id),
        "name": bot.username,
        "icon": None,
        "description": "An application of the local Discord.",
        "type": None,
        "bot": user_payload(bot),
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": application_flags(call.discord.config),
        "flags_new": str(application_flags(call.discord.config)),
        "owner": user_payload(bot),
        "team": None,
        "redirect_uris": call.discord.config.redirect_uris,
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "approximate_guild_count": len(call.world.bot_guilds()),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "eligible_oauth2_scopes": [],
        "integration_types_config": {"0": {}},
    }


@route("GET", "/applications/@me")
@route("GET", "/oauth2/applications/@me")
async def get_application(call: Call) -> Payload:
    return application_payload(call)


def _own(call: Call) -> int | None:
    """Checks that the application is the bot's own; returns the guild of the path, if any."""
    if call.id("application_id") != call.world.bot_id:
        raise refused(20012)
    return call.guild().id if "guild_id" in call.request.match_info else None


def _listed(call: Call, guild_id: int | None) -> list[Command]:
    return [command for command in call.world.commands.values() if command.guild_id == guild_id]


def _told(call: Call, command: Command) -> Payload:
    return command_payload(call.world.bot_id, command)


def _check(body: Any, path: str) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise invalid_form(path or "_", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
    prefix = f"{path}." if path else ""
    name, kind = body.get("name"), int(body.get("type") or 1)
    if not isinstance(name, str) or not name:
        raise invalid_form(f"{prefix}name", "BASE_TYPE_REQUIRED", "This field is required")
    if kind == 1 and (not _NAME.match(name) or name != name.lower()):
        raise invalid_form(f"{prefix}name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    if kind == 1 and not 1 <= len(str(body.get("description") or "")) <= 100:
        raise invalid_form(
            f"{prefix}description", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length."
        )
    _check_options(body.get("options") or [], f"{prefix}options")
    return {key: value for key, value in body.items() if key not in ("id", "application_id", "version")}


def _check_options(options: list[dict[str, Any]], path: str) -> None:
    if len(options) > 25:
        raise invalid_form(path, "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    optional = False
    for number, option in enumerate(options):
        where = f"{path}.{number}"
        if not _NAME.match(str(option.get("name") or "")):
            raise invalid_form(f"{where}.name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
        if len(option.get("choices") or []) > 25:
            raise invalid_form(f"{where}.choices", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
        if option.get("required") and optional:
            raise invalid_form(
                where, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )  # fmt: skip
        optional = optional or (option.get("type") not in (1, 2) and not option.get("required"))
        _check_options(option.get("options") or [], f"{where}.options")


def _store(call: Call, guild_id: int | None, fields: dict[str, Any]) -> Command:
    kind = int(fields.get("type") or 1)
    same = [c for c in _listed(call, guild_id) if c.type == kind]
    earlier = next((c for c in same if c.name == fields["name"]), None)
    if earlier is None and len(same) >= _MOST[kind]:
        raise refused(30032)
    identifier = earlier.id if earlier else call.world.ids.make()
    unchanged = earlier is not None and earlier.fields == fields
    version = earlier.version if earlier and unchanged else call.world.ids.make()
    command = Command(identifier, guild_id, version, fields)
    call.world.commands[identifier] = command
    return command


def _announce(call: Call) -> None:
    """The page lists commands: tell it. The gateway has no such dispatch."""
    call.world.emit(Happening("SANDBOX_COMMANDS", {}, to_gateway=False))


@route("GET", "/applications/{application_id}/commands")
@route("GET", "/applications/{application_id}/guilds/{guild_id}/commands")
async def list_commands(call: Call) -> list[Payload]:
    """Without `with_localizations` Discord leaves the languages out."""
    told = [_told(call, command) for command in _listed(call, _own(call))]
    whole = call.query.get("with_localizations", "").lower() in ("1", "true")
    return told if whole else [_without_languages(payload) for payload in told]


def _without_languages(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_languages(item)
            for key, item in value.items()
            if key not in ("name_localizations", "description_localizations")
        }
    return [_without_languages(item) for item in value] if isinstance(value, list) else value


@route("PUT", "/applications/{application_id}/commands", limit=2, window=5.0)
@route("PUT", "/applications/{application_id}/guilds/{guild_id}/commands", limit=2, window=5.0)
async def overwrite_commands(call: Call) -> list[Payload]:
    """Replace all commands of the scope."""
    guild_id = _own(call)
    bodies = [_check(body, str(number)) for number, body in enumerate(call.body or [])]
    names = [(int(body.get("type") or 1), body["name"]) for body in bodies]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise invalid_form(
                f"{number}.name",
                "APPLICATION_COMMANDS_DUPLICATE_NAME",
                "Application command names must be unique",
            )
    for kind, most in _MOST.items():
        if sum(1 for other, _ in names if other == kind) > most:
            raise refused(30032)
    for command in _listed(call, guild_id):
        if (command.type, command.name) not in names:
            del call.world.commands[command.id]
    stored = [_store(call, guild_id, body) for body in bodies]
    _announce(call)
    return [_told(call, command) for command in stored]


@route("POST", "/applications/{application_id}/commands", limit=5, window=20.0)
@route("POST", "/applications/{application_id}/guilds/{guild_id}/commands", limit=5, window=20.0)
async def create_command(call: Call) -> Payload:
    guild_id = _own(call)
    command = _store(call, guild_id, _check(call.fields(), ""))
    _announce(call)
    return _told(call, command)


def _command(call: Call) -> Command:
    guild_id = _own(call)
    command = call.world.commands.get(call.id("command_id"))
    if command is None or command.guild_id != guild_id:
        raise refused(10063)
    return command


@route("GET", "/applications/{application_id}/commands/{command_id}")
@route("GET", "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}")
async def get_command(call: Call) -> Payload:
    return _told(call, _command(call))


@route("PATCH", "/applications/{application_id}/commands/{command_id}", limit=5, window=20.0)
@route(
    "PATCH", "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}", limit=5, window=20.0
)
async def edit_command(call: Call) -> Payload:
    command = _command(call)
    command.fields = _check(command.fields | call.fields(), "")
    command.version = call.world.ids.make()
    _announce(call)
    return _told(call, command)


@route("DELETE", "/applications/{application_id}/commands/{command_id}", limit=5, window=20.0)
@route(
    "DELETE", "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}", limit=5, window=20.0
)
async def delete_command(call: Call) -> None:
    del call.world.commands[_command(call).id]
    _announce(call)


@route("GET", "/applications/{application_id}/guilds/{guild_id}/commands/permissions")
async def list_command_permissions(call: Call) -> list[Payload]:
    _own(call)
    return []


@route("GET", "/applications/{application_id}/guilds/{guild_id}/commands/{command_id}/permissions")
async def get_command_permissions(call: Call) -> Payload:
    _command(call)
    raise refused(10066)
