"""The packs: what a community of each kind may start with, as data in `content/`, one file a kind.

A pack holds rules, the level curve with its names, suggestions (level roles, announcements), the season, the points' name, rewards and
kinds of submissions to start with (of engagement.submissions' ready-made ones) and a typical day to preview it with. A rule whose
trigger this release does not know is left out, as are badges until there is something that can keep them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from engagement.rules.definition import is_trigger
from engagement.rules.seeds import RuleSeed
from saas.core.errors import NotFoundError
from tenants.models import Tenant

_FOLDER: Final = Path(__file__).parent / "content"


class UnknownPackError(NotFoundError):
    code = "unknown_template"

    def __init__(self, kind: str) -> None:
        known = ", ".join(pack.kind for pack in list_packs())
        super().__init__(f"There is no template {kind!r:.40}. Choose one of: {known}.")


@dataclass(frozen=True, slots=True)
class LevelRoleIdea:
    """A role that such communities give at a level; the organiser makes it in Discord and links it."""

    level: int
    name: str
    keep: str = "stack"


@dataclass(frozen=True, slots=True)
class RewardIdea:
    """A reward to begin with. `key` is its own over all packs; `facts` as engagement.rewards.facts reads them."""

    key: str
    kind: str
    facts: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.facts["name"])

    @property
    def price(self) -> int:
        return int(self.facts["price"])


@dataclass(frozen=True, slots=True)
class DayLine:
    """So often a member does this on a typical day, so many minutes apart."""

    type: str
    times: int
    minutes_apart: int


@dataclass(frozen=True, slots=True)
class Pack:
    kind: str
    name: str
    fits: str
    points_name: str
    season: str
    rules: tuple[RuleSeed, ...]
    curve_kind: str
    curve_parameters: Mapping[str, Any]
    level_names: Mapping[int, str]
    level_roles: tuple[LevelRoleIdea, ...]
    announce_level_up: str
    announce_channel: str
    announce_text: str  # why, for the organiser
    announce_sentence: str  # what is said; empty stands for our own words
    day: tuple[DayLine, ...]
    rewards: tuple[RewardIdea, ...]
    submissions: tuple[str, ...]  # keys of engagement.submissions.templates


def get_pack(kind: str) -> Pack:
    """Raises UnknownPackError."""
    for pack in list_packs():
        if pack.kind == kind:
            return pack
    raise UnknownPackError(kind)


@cache
def list_packs() -> tuple[Pack, ...]:
    """One for each kind of tenant, in the kinds' order."""
    return tuple(_read(kind) for kind in Tenant.Kind.values)


def _read(kind: str) -> Pack:
    data = tomllib.loads((_FOLDER / f"{kind}.toml").read_text(encoding="utf-8"))
    told, levels = data["announcements"], data["levels"]
    rules = tuple(
        RuleSeed(rule["key"], rule["name"], rule["definition"], rule.get("enabled", True))
        for rule in data["rules"]
        if all(is_trigger(trigger) for trigger in rule["definition"]["triggers"])
    )
    return Pack(
        kind=data["kind"],
        name=data["name"],
        fits=data["fits"],
        points_name=data["points_name"],
        season=data["season"],
        rules=rules,
        curve_kind=levels["kind"],
        curve_parameters=levels["parameters"],
        level_names={int(level): name for level, name in levels["names"].items()},
        level_roles=tuple(LevelRoleIdea(**role) for role in data["level_roles"]),
        announce_level_up=told["level_up"],
        announce_channel=told["channel"],
        announce_text=told["text"],
        announce_sentence=told["sentence"],
        day=tuple(DayLine(**line) for line in data["day"] if is_trigger(line["type"])),
        rewards=tuple(_read_reward(reward) for reward in data["rewards"]),
        submissions=tuple(data["submissions"]),
    )


def _read_reward(data: Mapping[str, Any]) -> RewardIdea:
    facts = {name: value for name, value in data.items() if name not in ("key", "kind")}
    return RewardIdea(data["key"], data["kind"], facts)
