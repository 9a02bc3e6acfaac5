"""The JSON of each bot: what it exports, and what its address answers, where it has one.

MEE6         {players: [{id, username, avatar, level, xp}], role_rewards: [{rank, role: {id}}], xp_per_message, xp_rate}
Polaris      {settings, users: {id: {xp}}}, or {leaderboard: [{id, xp, username}], settings}
Lurkr        {levels: [{userId, level, xp, tag}], roleRewards: [{level, roles}], multipliers}
Amari        {data: [{id, username, level, exp}]}
Tatsu        {rankings: [{user_id, score}]}
Red LevelUp  {users: {id: {xp, level}}, levelroles: {level: role}, algorithm: {base, exp}}, or {configs: {guild: such}}
Experienced  [{id, xp}]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from engagement.imports import words
from engagement.imports.errors import UnreadableFileError
from engagement.levels.curves import FORMULA, QUADRATIC
from engagement.levels.errors import InvalidCurveError
from engagement.levels.formulas import compile_formula

from .rows import MAX_XP, OldBot, as_list, as_mapping, read_member, read_reward

MEE6_CURVE: Final = {"kind": QUADRATIC, "parameters": {"a": 5, "b": 50, "c": 100}}
# Lurkr's and Amari's own; a server may have chosen another one at Lurkr, which the levels in the file then show.
LURKR_CURVE: Final = {
    "kind": FORMULA,
    "parameters": {"text": "50*L**2 - 100*L + 150", "gives": "total", "max_level": 1_000},
}
AMARI_CURVE: Final = {
    "kind": FORMULA,
    "parameters": {"text": "20*L**2 - 40*L + 55", "gives": "total", "max_level": 1_000},
}


def recognise(value: Any) -> str | None:
    """Which bot wrote this; None for none that we know."""
    if isinstance(value, list):
        first = as_mapping(value[0]) if value else {}
        if "players" in first:
            return words.MEE6
        return words.EXPERIENCED if {"id", "xp"} <= first.keys() else None
    found = as_mapping(value)
    if "players" in found:
        return words.MEE6
    if "configs" in found or ("users" in found and {"levelroles", "algorithm", "cooldown"} & found.keys()):
        return words.LEVELUP
    if "leaderboard" in found or ("users" in found and "settings" in found):
        return words.POLARIS
    if "levels" in found:
        return words.LURKR
    if "rankings" in found:
        return words.TATSU
    if "users" in found:
        return words.LEVELUP
    first = next((as_mapping(one) for one in as_list(found.get("data"))), {})
    return words.AMARI if "exp" in first else None


def parse_bot(source: str, value: Any, *, guild_id: int | None = None) -> OldBot:
    """Rows, role rewards, curve and settings. `guild_id` picks the server where a file holds several. Raises
    UnreadableFileError."""
    written_by = recognise(value)
    if written_by != source:
        _refuse(source, written_by)
    return _PARSERS[source](value, guild_id)


def _refuse(source: str, written_by: str | None) -> None:
    name = words.SOURCES[source]
    if written_by is None:
        raise UnreadableFileError(
            f"This is no {name} file that we know. Export it again as described, or bring the levels as CSV."
        )
    other = words.SOURCES[written_by]
    raise UnreadableFileError(f"This looks like a {other} file, not one of {name}. Begin again with {other}.")


def _mee6(value: Any, guild_id: int | None) -> OldBot:
    """One answer, or a list of them."""
    pages = [as_mapping(page) for page in (value if isinstance(value, list) else [value])]
    bot = OldBot(curve=dict(MEE6_CURVE))
    for page in pages:
        for player in map(as_mapping, as_list(page.get("players"))):
            detail = list(as_list(player.get("detailed_xp")))
            bot.members.append(
                read_member(
                    len(bot.members) + 1,
                    external_id=player.get("id"),
                    name=player.get("username"),
                    avatar=player.get("avatar"),
                    xp=player.get("xp", detail[2] if len(detail) > 2 else None),
                    level=player.get("level"),
                )
            )
        for reward in map(as_mapping, as_list(page.get("role_rewards"))):
            role = as_mapping(reward.get("role")).get("id") or reward.get("role_id")
            _add_reward(bot, role, reward.get("rank"))
    if pages:
        _note_range(bot, pages[0].get("xp_per_message"))
        _note(bot, "XP rate", pages[0].get("xp_rate"))
    return bot


def _polaris(value: Any, guild_id: int | None) -> OldBot:
    found = as_mapping(value)
    settings = as_mapping(found.get("settings"))
    bot = OldBot(curve=_polaris_curve(settings))
    users: Iterable[Mapping[str, Any]]
    if "leaderboard" in found:
        users = map(as_mapping, as_list(found["leaderboard"]))
    else:
        users = ({**as_mapping(user), "id": key} for key, user in as_mapping(found.get("users")).items())
    for line, user in enumerate(users, 1):
        bot.members.append(
            read_member(
                line,
                external_id=user.get("id"),
                name=user.get("username") or user.get("displayName"),
                xp=user.get("xp", 0),
                avatar=user.get("avatar"),
            )
        )
    for reward in map(as_mapping, as_list(settings.get("rewards"))):
        _add_reward(bot, reward.get("id"), reward.get("level"), "stack" if reward.get("keep") else "highest")
    gain = as_mapping(settings.get("gain"))
    _note_range(bot, [gain.get("min"), gain.get("max")])
    _note(bot, "Seconds between two messages that count", gain.get("time"))
    return bot


def _polaris_curve(settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """c₃L³ + c₂L² + c₁L points for level L, rounded to a multiple."""
    curve = as_mapping(settings.get("curve"))
    cubic, square, linear = (_coefficient(curve.get(power)) for power in ("3", "2", "1"))
    if cubic is None or square is None or linear is None:
        return None
    text = f"{cubic:g}*L**3 + {square:g}*L**2 + {linear:g}*L"
    step = _coefficient(settings.get("rounding"))
    if step is not None and step > 1:
        text = f"{step:g} * floor(({text}) / {step:g} + 0.5)"
    return _usable(text, settings.get("maxLevel"))


def _levelup(value: Any, guild_id: int | None) -> OldBot:
    found = _pick_guild(as_mapping(value), guild_id)
    algorithm = as_mapping(found.get("algorithm"))
    base, power = (
        _coefficient(algorithm.get(name, default)) for name, default in (("base", 100), ("exp", 2))
    )
    bot = OldBot(curve=None if base is None or power is None else _usable(f"ceil({base:g} * L**{power:g})"))
    for line, (key, user) in enumerate(as_mapping(found.get("users")).items(), 1):
        told = as_mapping(user)
        # Defaults are left out of the backup: nobody without XP has a level.
        bot.members.append(
            read_member(line, external_id=key, xp=told.get("xp", 0), level=told.get("level", 0))
        )
    keep = "highest" if found.get("autoremove") else "stack"
    for level, role in as_mapping(found.get("levelroles")).items():
        _add_reward(bot, role, level, keep)
    _note_range(bot, found.get("xp", [3, 6]))
    _note(bot, "Seconds between two messages that count", found.get("cooldown"))
    return bot


def _pick_guild(found: Mapping[str, Any], guild_id: int | None) -> Mapping[str, Any]:
    configs = as_mapping(found.get("configs"))
    if "configs" not in found:
        return found
    if str(guild_id) in configs:
        return as_mapping(configs[str(guild_id)])
    if len(configs) == 1:
        return as_mapping(next(iter(configs.values())))
    raise UnreadableFileError(
        f"This backup holds {len(configs)} servers and yours is not among them. Make it with the server that is linked here."
    )


def _lurkr(value: Any, guild_id: int | None) -> OldBot:
    found = as_mapping(value)
    bot = OldBot(curve=dict(LURKR_CURVE))
    for line, user in enumerate(map(as_mapping, as_list(found.get("levels"))), 1):
        name = user.get("tag") or as_mapping(user.get("user")).get("username")
        avatar = as_mapping(user.get("user")).get("avatar")
        bot.members.append(
            read_member(
                line,
                external_id=user.get("userId"),
                name=name,
                avatar=avatar,
                xp=user.get("xp"),
                level=user.get("level"),
            )
        )
    for reward in map(as_mapping, as_list(found.get("roleRewards"))):
        for role in as_list(reward.get("roles")):
            _add_reward(bot, role.get("id") if isinstance(role, dict) else role, reward.get("level"))
    _note(bot, "Multipliers", len(list(as_list(found.get("multipliers")))) or None)
    return bot


def _amari(value: Any, guild_id: int | None) -> OldBot:
    bot = OldBot(curve=dict(AMARI_CURVE))
    for line, user in enumerate(map(as_mapping, as_list(as_mapping(value).get("data"))), 1):
        bot.members.append(
            read_member(
                line,
                external_id=user.get("id"),
                name=user.get("username"),
                xp=user.get("exp"),
                level=user.get("level"),
            )
        )
    return bot


def _tatsu(value: Any, guild_id: int | None) -> OldBot:
    rankings = map(as_mapping, as_list(as_mapping(value).get("rankings")))
    return OldBot(
        [
            read_member(line, external_id=user.get("user_id"), xp=user.get("score"))
            for line, user in enumerate(rankings, 1)
        ]
    )


def _experienced(value: Any, guild_id: int | None) -> OldBot:
    return OldBot(
        [
            read_member(line, external_id=user.get("id"), xp=user.get("xp"))
            for line, user in enumerate(map(as_mapping, as_list(value)), 1)
        ]
    )


_PARSERS: Final[Mapping[str, Callable[[Any, int | None], OldBot]]] = {
    words.MEE6: _mee6,
    words.POLARIS: _polaris,
    words.LURKR: _lurkr,
    words.AMARI: _amari,
    words.TATSU: _tatsu,
    words.LEVELUP: _levelup,
    words.EXPERIENCED: _experienced,
}


def _coefficient(value: Any) -> float | None:
    """A number of a formula; None for what is none or could not stand in one."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 10**9:
        return None
    return float(value)


def _usable(text: str, max_level: Any = None) -> dict[str, Any] | None:
    """The formula as a curve that ours can be, with as many levels as it carries; None where it is none."""
    most = max_level if type(max_level) is int and 1 <= max_level <= 1_000 else 1_000
    last = 0
    try:
        points = compile_formula(text)
        for level in range(1, most + 1):
            total = points(level)
            if not last < total <= MAX_XP * 1_000:
                most = level - 1
                break
            last = total
    except InvalidCurveError:
        return None
    if most < 1:
        return None
    return {"kind": FORMULA, "parameters": {"text": text, "gives": "total", "max_level": most}}


def _add_reward(bot: OldBot, role: Any, level: Any, keep: str = "stack") -> None:
    reward = read_reward(role, level, keep)
    if reward is not None:
        bot.rewards.append(reward)


def _note(bot: OldBot, label: str, value: Any) -> None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        bot.facts.append([label, f"{value:,}"])


def _note_range(bot: OldBot, value: Any) -> None:
    numbers = [one for one in as_list(value) if isinstance(one, int)]
    if len(numbers) == 2:
        bot.facts.append(["XP a message", f"{numbers[0]}–{numbers[1]}"])
