"""Commands as a member's client would send them: which are seen, and options turned into interaction data.

Invariant: what Discord's client would not let a person send raises ControlError here and never reaches the bot.
"""

from __future__ import annotations

from typing import Any

from ..errors import ControlError
from ..state import permissions
from ..state.entities import Channel, Command, Guild, Message, User
from ..state.payloads import (
    Payload,
    channel_payload,
    member_payload,
    message_payload,
    role_payload,
    user_payload,
)
from ..state.world import World
from .find import find_channel, find_role, find_user

SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(
    1, 12
)
_GUILD_CONTEXT, _DM_CONTEXT = 0, 1


def visible_commands(world: World, guild: Guild | None, user: User) -> list[Command]:
    """The commands that this person sees there: guild commands first, hidden ones left out."""
    seen: dict[tuple[int, str], Command] = {}
    rows = sorted(world.commands.values(), key=lambda command: command.guild_id is None)
    for command in rows:
        if command.guild_id not in (None, guild.id if guild else None):
            continue
        if (command.type, command.name) not in seen and _is_visible(command, guild, user):
            seen[command.type, command.name] = command
    return list(seen.values())


def _is_visible(command: Command, guild: Guild | None, user: User) -> bool:
    contexts = command.fields.get("contexts")
    wanted = _DM_CONTEXT if guild is None else _GUILD_CONTEXT
    if contexts is not None and wanted not in contexts:
        return False
    if guild is None:
        return bool(command.fields.get("dm_permission", True))
    default = command.fields.get("default_member_permissions")
    if default is None:
        return True
    held = permissions.base_permissions(guild, guild.members[user.id])
    if held == permissions.ALL:
        return True
    return int(default) != 0 and held & int(default) == int(default)


def find_command(
    world: World, guild: Guild | None, user: User, name: str, kind: int
) -> tuple[Command, list[str]]:
    """The command for a typed name such as `points give`, with the words left for subcommands."""
    commands = [command for command in visible_commands(world, guild, user) if command.type == kind]
    if kind != 1:
        found = next((command for command in commands if command.name == name), None)
        words: list[str] = []
    else:
        first, *words = name.lstrip("/").split()
        found = next((command for command in commands if command.name == first), None)
    if found is None:
        known = ", ".join(command.name for command in commands) or "none"
        raise ControlError(f"{user.username} sees no command {name!r} here. They see: {known}.")
    return found, words


def slash_data(
    world: World,
    guild: Guild | None,
    command: Command,
    words: list[str],
    given: dict[str, Any],
    *,
    focused: str = "",
) -> dict[str, Any]:
    """The `data` of a slash command, or of its autocompletion when `focused` names an option."""
    options = list(command.fields.get("options") or [])
    path: list[dict[str, Any]] = []
    for word in words:
        found = next((o for o in options if o["name"] == word and o["type"] in (SUBCOMMAND, GROUP)), None)
        if found is None:
            raise ControlError(f"/{command.name} has no subcommand {word!r}.")
        path.append(found)
        options = list(found.get("options") or [])
    if any(option["type"] in (SUBCOMMAND, GROUP) for option in options):
        names = ", ".join(option["name"] for option in options)
        raise ControlError(f"/{command.name} needs a subcommand: {names}.")
    resolved: dict[str, dict[str, Any]] = {}
    filled = _fill(world, guild, options, given, resolved, focused)
    for option in reversed(path):
        filled = [{"name": option["name"], "type": option["type"], "options": filled}]
    data: dict[str, Any] = {"id": str(command.id), "name": command.name, "type": 1, "options": filled}
    if command.guild_id is not None:
        data["guild_id"] = str(command.guild_id)
    if resolved:
        data["resolved"] = resolved
    return data


def _fill(
    world: World,
    guild: Guild | None,
    options: list[dict[str, Any]],
    given: dict[str, Any],
    resolved: dict[str, dict[str, Any]],
    focused: str,
) -> list[dict[str, Any]]:
    known = {option["name"] for option in options}
    for name in given:
        if name not in known:
            raise ControlError(
                f"The command has no option {name!r}. It has: {', '.join(sorted(known)) or 'none'}."
            )
    filled = []
    for option in options:
        name = option["name"]
        if name == focused:
            filled.append(
                {"name": name, "type": option["type"], "value": given.get(name, ""), "focused": True}
            )
        elif given.get(name) is not None:
            value = _value(world, guild, option, given[name], resolved)
            filled.append({"name": name, "type": option["type"], "value": value})
        elif option.get("required") and not focused:
            raise ControlError(f"The option {name!r} is required.")
    return filled


def _value(
    world: World, guild: Guild | None, option: dict[str, Any], raw: Any, resolved: dict[str, dict[str, Any]]
) -> Any:
    kind, name = option["type"], option["name"]
    choices = option.get("choices")
    if choices:
        match = next(
            (c["value"] for c in choices if raw in (c["name"], c["value"]) or str(raw) == str(c["value"])),
            None,
        )
        if match is None:
            raise ControlError(f"{raw!r} is none of the choices of {name!r}: {[c['name'] for c in choices]}.")
        return match
    if kind in (INTEGER, NUMBER):
        return _number(option, raw)
    if kind == BOOLEAN:
        return raw if isinstance(raw, bool) else str(raw).lower() in ("true", "1", "yes")
    if kind in (USER, MENTIONABLE) and not (kind == MENTIONABLE and guild and _is_role(guild, raw)):
        return _resolve_user(world, guild, find_user(world, raw), resolved)
    if kind in (ROLE, MENTIONABLE) and guild is not None:
        role = find_role(guild, raw)
        resolved.setdefault("roles", {})[str(role.id)] = role_payload(role)
        return str(role.id)
    if kind == CHANNEL and guild is not None:
        return _resolve_channel(world, guild, option, raw, resolved)
    if kind == ATTACHMENT:
        if not isinstance(raw, dict) or "url" not in raw:
            raise ControlError(f"The option {name!r} takes a file.")
        resolved.setdefault("attachments", {})[str(raw["id"])] = raw | {"ephemeral": True}
        return str(raw["id"])
    text = str(raw)
    least, most = option.get("min_length") or 0, option.get("max_length") or 6000
    if not least <= len(text) <= most:
        raise ControlError(f"The option {name!r} takes {least} to {most} characters.")
    return text


def _number(option: dict[str, Any], raw: Any) -> int | float:
    try:
        value = int(raw) if option["type"] == INTEGER else float(raw)
    except (TypeError, ValueError) as error:
        raise ControlError(f"The option {option['name']!r} takes a number, not {raw!r}.") from error
    least, most = option.get("min_value"), option.get("max_value")
    if (least is not None and value < least) or (most is not None and value > most):
        raise ControlError(f"The option {option['name']!r} takes {least} to {most}.")
    return value


def _is_role(guild: Guild, raw: Any) -> bool:
    return (str(raw).isdigit() and int(raw) in guild.roles) or any(
        r.name == raw for r in guild.roles.values()
    )


def _resolve_user(world: World, guild: Guild | None, user: User, resolved: dict[str, dict[str, Any]]) -> str:
    resolved.setdefault("users", {})[str(user.id)] = user_payload(user)
    if guild is not None and user.id in guild.members:
        member = guild.members[user.id]
        allowed = permissions.base_permissions(guild, member)
        resolved.setdefault("members", {})[str(user.id)] = member_payload(member) | {
            "permissions": str(allowed)
        }
    return str(user.id)


def _resolve_channel(
    world: World, guild: Guild, option: dict[str, Any], raw: Any, resolved: dict[str, dict[str, Any]]
) -> str:
    channel = find_channel(world, guild, raw)
    kinds = option.get("channel_types")
    if kinds and channel.type not in kinds:
        raise ControlError(f"The option {option['name']!r} does not take #{channel.name}.")
    resolved.setdefault("channels", {})[str(channel.id)] = _partial_channel(world, channel)
    return str(channel.id)


def _partial_channel(world: World, channel: Channel) -> Payload:
    return channel_payload(world, channel) | {"permissions": str(permissions.ALL)}


def menu_data(world: World, guild: Guild | None, command: Command, target: User | Message) -> dict[str, Any]:
    """The `data` of a context-menu command on a member or a message."""
    resolved: dict[str, dict[str, Any]] = {}
    if isinstance(target, User):
        _resolve_user(world, guild, target, resolved)
    else:
        resolved["messages"] = {str(target.id): message_payload(world, target)}
    data = {
        "id": str(command.id),
        "name": command.name,
        "type": command.type,
        "target_id": str(target.id),
        "resolved": resolved,
    }
    if command.guild_id is not None:
        data["guild_id"] = str(command.guild_id)
    return data


def select_data(
    world: World, guild: Guild | None, component: dict[str, Any], values: list[Any]
) -> dict[str, Any]:
    """The `data` of a select: values checked against its options, or resolved to users, roles, channels."""
    kind = component["type"]
    least, most = component.get("min_values", 1), component.get("max_values", 1)
    if not (least if least is not None else 1) <= len(values) <= (most or 1):
        raise ControlError(f"This select takes {least} to {most} values.")
    data: dict[str, Any] = {"custom_id": component["custom_id"], "component_type": kind}
    if kind == 3:
        known = {option["value"] for option in component["options"]}
        if not set(map(str, values)) <= known:
            raise ControlError(f"The select has the values {sorted(known)}, not {values}.")
        return data | {"values": [str(value) for value in values]}
    resolved: dict[str, dict[str, Any]] = {}
    option = {"name": "select", "type": {5: USER, 6: ROLE, 7: MENTIONABLE, 8: CHANNEL}[kind],
              "channel_types": component.get("channel_types")}  # fmt: skip
    chosen = [_value(world, guild, option, value, resolved) for value in values]
    return data | {"values": chosen, "resolved": resolved}
