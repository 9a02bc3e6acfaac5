"""State between runs, in one JSON file written whole and then put in place.

Invariant: a file that cannot be read is set aside and the world starts from its seed: a sandbox never refuses to run.
"""

from __future__ import annotations

import dataclasses
import os
import types
import typing
from collections import OrderedDict
from pathlib import Path
from typing import Any, TypeVar

import orjson

from .entities import Channel, Command, Guild, Message, User, Webhook
from .world import World

_VERSION = 1
_MESSAGES_SAVED = 200
_T = TypeVar("_T")


def save_world(world: World, path: Path) -> None:
    """Write users, guilds, channels, commands and the newest messages of each channel."""
    state = {
        "version": _VERSION,
        "users": list(world.users.values()),
        "guilds": list(world.guilds.values()),
        "dms": list(world.dms.values()),
        "commands": list(world.commands.values()),
        "webhooks": list(world.webhooks.values()),
        "messages": [list(kept.values())[-_MESSAGES_SAVED:] for kept in world.messages.values()],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    temporary.write_bytes(orjson.dumps(state, option=orjson.OPT_NON_STR_KEYS))
    os.replace(temporary, path)


def load_world(world: World, path: Path) -> bool:
    """Read a saved world. False when the file is no good; it is then kept beside as `.bad`."""
    try:
        state = orjson.loads(path.read_bytes())
        if state["version"] != _VERSION:
            raise ValueError(f"version {state['version']}")
        users = [build(User, row) for row in state["users"]]
        guilds = [build(Guild, row) for row in state["guilds"]]
        dms = [build(Channel, row) for row in state["dms"]]
        commands = [build(Command, row) for row in state["commands"]]
        webhooks = [build(Webhook, row) for row in state["webhooks"]]
        messages = [build(Message, row) for rows in state["messages"] for row in rows]
        if world.bot_id not in {row.id for row in users}:
            raise ValueError("the state belongs to another application")
    except (OSError, ValueError, KeyError, TypeError):
        os.replace(path, path.with_suffix(".bad"))
        return False
    world.clear()
    world.users.update({row.id: row for row in users})
    world.guilds = {row.id: row for row in guilds}
    world.dms = {row.id: row for row in dms}
    world.commands = {row.id: row for row in commands}
    world.webhooks = {row.id: row for row in webhooks}
    for message in messages:
        world.messages.setdefault(message.channel_id, OrderedDict())[message.id] = message
        world.ids.advance_to(message.id)
    world.reindex()
    return True


def build(kind: type[_T], row: Any) -> _T:
    """A dataclass out of plain JSON, following its annotations; keys of dictionaries become integers again."""
    hints = typing.get_type_hints(kind)
    values = {
        field.name: _value(hints[field.name], row[field.name]) for field in _fields(kind) if field.name in row
    }
    return kind(**values)


def _fields(kind: Any) -> tuple[Any, ...]:
    return dataclasses.fields(kind)


def _value(hint: Any, value: Any) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if value is None:
        return None
    if origin is dict and arguments[0] is int:
        return {int(key): _value(arguments[1], item) for key, item in value.items()}
    if origin is list:
        return [_value(arguments[0], item) for item in value]
    if origin is types.UnionType:
        return _value(next(part for part in arguments if part is not type(None)), value)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return build(hint, value)
    return value
