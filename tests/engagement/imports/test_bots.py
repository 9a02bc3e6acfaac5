"""Each bot's file: rows, role rewards, curve and settings; and what is said of a file that is another's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engagement.imports.errors import UnreadableFileError
from engagement.imports.parsers import OldReward, load_json, parse_bot, recognise, settle
from engagement.imports.words import SOURCES
from engagement.levels.curves import build_curve

A, B = "800000000000000001", "800000000000000002"
ROLE = "700000000000000005"
FILES: dict[str, Any] = {
    "mee6": {
        "players": [
            {"id": A, "username": "Ada", "avatar": "0123456789abcdef0123456789abcdef", "level": 2, "xp": 300},
            {"id": B, "username": "Bo", "avatar": None, "level": 1, "detailed_xp": [20, 155, 120]},
        ],
        "role_rewards": [{"rank": 5, "role": {"id": ROLE, "name": "Regular"}}],
        "xp_per_message": [15, 25],
        "xp_rate": 1.5,
    },
    "polaris": {
        "settings": {
            "gain": {"min": 50, "max": 100, "time": 60},
            "curve": {"1": 100, "2": 50, "3": 1},
            "rounding": 100,
            "maxLevel": 200,
            "rewards": [{"id": ROLE, "level": 5, "keep": False, "noSync": False}],
        },
        "users": {A: {"xp": 500, "hidden": True}, B: {"xp": 100}},
    },
    "lurkr": {
        "levels": [{"userId": A, "level": 2, "xp": 180, "tag": "ada"}, {"userId": B, "level": 1, "xp": 120}],
        "roleRewards": [{"level": 5, "roles": [{"id": ROLE}]}],
        "multipliers": [{}, {}],
    },
    "amari": {"data": [{"id": A, "username": "Ada", "level": 2, "exp": 60, "weeklyExp": 3}]},
    "tatsu": {"rankings": [{"rank": 1, "score": 900, "user_id": A}]},
    "levelup": {
        "users": {A: {"xp": 405.5, "level": 2}, B: {}},
        "levelroles": {"5": int(ROLE)},
        "algorithm": {"base": 100, "exp": 2.0},
        "xp": [3, 6],
        "cooldown": 60,
    },
    "experienced": [{"id": A, "xp": 700}, {"id": int(B), "xp": 0}],
}


@pytest.mark.parametrize("source", FILES)
def test_every_file_is_recognised_and_read(source: str) -> None:
    value = load_json(json.dumps(FILES[source]).encode())

    bot = settle(parse_bot(source, value))

    assert recognise(value) == source
    assert [member.external_id for member in bot.members][:1] == [A]
    assert not [member.error for member in bot.members if member.error]
    if source in {"mee6", "polaris", "lurkr", "levelup"}:
        assert [(reward.role_id, reward.level) for reward in bot.rewards] == [(int(ROLE), 5)]


def test_mee6_tells_totals_avatars_and_settings() -> None:
    bot = parse_bot("mee6", FILES["mee6"])

    assert [(member.xp, member.level, member.name) for member in bot.members] == [
        (300, 2, "Ada"),
        (120, 1, "Bo"),
    ]
    assert bot.members[0].avatar_url.startswith("https://cdn.discordapp.com/avatars/800000000000000001/0123")
    assert bot.facts == [["XP a message", "15–25"], ["XP rate", "1.5"]]
    assert len(parse_bot("mee6", [FILES["mee6"], FILES["mee6"]]).members) == 4


def test_polaris_cubic_is_rounded_and_fills_the_levels_in() -> None:
    bot = settle(parse_bot("polaris", FILES["polaris"]))

    assert bot.curve is not None
    curve = build_curve(bot.curve["kind"], bot.curve["parameters"])
    exact = [level**3 + 50 * level**2 + 100 * level for level in range(1, 201)]
    assert list(curve.thresholds[1:]) == [(total + 50) // 100 * 100 for total in exact]
    assert [member.level for member in bot.members] == [2, 0]
    assert bot.rewards == [OldReward(int(ROLE), 5, "highest")]


@pytest.mark.parametrize("base", [100, 33.5])
def test_levelup_rounds_its_curve_up(base: float) -> None:
    bot = parse_bot("levelup", {**FILES["levelup"], "algorithm": {"base": base, "exp": 2}})

    assert bot.curve is not None
    curve = build_curve(bot.curve["kind"], bot.curve["parameters"])
    assert curve.thresholds[1:4] == tuple(-int(-base * level**2 // 1) for level in (1, 2, 3))


def test_levelups_whole_backup_is_searched_for_the_linked_server() -> None:
    other = {**FILES["levelup"], "users": {B: {"xp": 1}}}
    backup = {"configs": {"1": other, "42": FILES["levelup"]}}

    assert len(parse_bot("levelup", backup, guild_id=42).members) == 2
    with pytest.raises(UnreadableFileError, match="2 servers and yours is not among them"):
        parse_bot("levelup", backup, guild_id=7)


@pytest.mark.parametrize(
    ("curve", "level", "xp"),
    [("lurkr", 1, 100), ("lurkr", 2, 150), ("lurkr", 3, 300), ("amari", 1, 35), ("amari", 3, 115)],
)
def test_curves_that_are_known_from_the_bots_own_documentation(curve: str, level: int, xp: int) -> None:
    known = parse_bot(curve, FILES[curve]).curve
    assert known is not None
    assert build_curve(known["kind"], known["parameters"]).thresholds[level] == xp


@pytest.mark.parametrize(
    "settings",
    [
        {"curve": {"1": "100", "2": 50, "3": 1}},
        {"curve": {"1": 0, "2": 0, "3": 0}},
        {"curve": {"1": -5, "2": 50, "3": 1}},
        {"curve": {"1": float("nan"), "2": 50, "3": 1}},
        {"curve": 7},
        {},
    ],
)
def test_a_curve_that_cannot_be_ours_is_left_out(settings: dict[str, Any]) -> None:
    bot = settle(parse_bot("polaris", {"settings": settings, "users": {A: {"xp": 500}}}))

    assert bot.curve is None
    assert bot.members[0].level is None


def test_a_file_of_another_bot_is_named() -> None:
    with pytest.raises(UnreadableFileError, match="looks like a Polaris file, not one of MEE6"):
        parse_bot("mee6", FILES["polaris"])
    for source in set(SOURCES) - {"csv", "roles"}:
        with pytest.raises(UnreadableFileError, match=r"no .* file that we know"):
            parse_bot(source, {"hello": "world"})


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"id": A, "xp": -5}, "below zero"),
        ({"id": A, "xp": float("nan")}, "no number"),
        ({"id": A, "xp": float("inf")}, "more than"),
        ({"id": A, "xp": 10**40}, "more than 1,000,000,000,000"),
        ({"id": A, "xp": True}, "no number"),
        ({"id": A, "xp": [1]}, "no number"),
        ({"id": A}, "Neither XP nor a level"),
        ({"id": "12", "xp": 5}, "no Discord id"),
        ({"id": "9" * 20, "xp": 5}, "no Discord id"),
        ({"id": 8.0e17, "xp": 5}, "rounded"),
        ({"id": "8.00000000000000E+17", "xp": 5}, "rounded"),
        ({"id": None, "xp": 5}, "missing"),
        ({"id": "<script>", "xp": 5}, "no Discord id"),
        ("nonsense", "missing"),
    ],
)
def test_a_row_that_cannot_be_used_says_why(row: Any, reason: str) -> None:
    bot = settle(parse_bot("experienced", [{"id": B, "xp": 1}, row]))

    assert [bool(member.error) for member in bot.members] == [False, True]
    assert reason in bot.members[1].error
    assert bot.members[1].line == 2


def test_a_member_stands_once() -> None:
    value = [{"id": A, "xp": 5}, {"id": A, "xp": 9}]

    refused = settle(parse_bot("experienced", value))
    newest = settle(parse_bot("experienced", value), repeats="newest")

    assert [(member.xp, member.error) for member in refused.members] == [
        (5, ""),
        (None, "This member stands on line 1 already."),
    ]
    assert [(member.line, member.xp) for member in newest.members] == [(1, 9)]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),  # text; the page escapes it
        ("abc\u202egnp.exe", "abcgnp.exe"),
        ("nul\x00 and\nlines\t", "nul and lines"),
        ("👩‍👩‍👧", "👩‍👩‍👧"),
        ("x" * 100_000, "x" * 100),
        ("\ud800", ""),
        (None, ""),
        ({"a": 1}, ""),
    ],
)
def test_names_are_made_fit_to_be_shown(name: Any, shown: str) -> None:
    bot = parse_bot("mee6", {"players": [{"id": A, "username": name, "xp": 5}]})

    assert bot.members[0].name == shown


@pytest.mark.parametrize("avatar", ["https://evil.example/x.png", "javascript:alert(1)", "../../x", 7, "ab"])
def test_pictures_come_from_discord_or_not_at_all(avatar: Any) -> None:
    bot = parse_bot("mee6", {"players": [{"id": A, "avatar": avatar, "xp": 5}]})

    assert bot.members[0].avatar_url == ""
