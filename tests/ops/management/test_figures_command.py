"""`manage.py figures`: a community's own figures, from the command line."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from engagement.leaderboards.selectors import get_board
from engagement.members.models import MemberFigure
from tenants.context import TenantContext, enter_tenant
from tests.engagement.activity.facts import book, message

pytestmark = pytest.mark.usefixtures("rules")


@pytest.fixture(autouse=True)
def three_equals(rules: None, acme: TenantContext) -> None:
    book(acme, [message(user, type="thread", joined=f"2026-01-0{user}T00:00:00+00:00") for user in (1, 2, 3)])


def run(*words: str) -> Any:
    return json.loads(told(*words, "--json"))


def told(*words: str) -> str:
    out = StringIO()
    call_command("figures", "acme", *words, stdout=out)
    return out.getvalue()


def sheet(folder: Path, text: str) -> str:
    path = folder / "badges.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_sheet_is_recorded_and_breaks_ties(acme: TenantContext, tmp_path: Path) -> None:
    recorded = told(
        "set", "badges", "--csv", sheet(tmp_path, "\ufeffdiscord_id,value\r\n3,12\r\n\r\n2, 4\r\n")
    )
    assert recorded == "2 of 2 values of “badges” were new or changed.\n"
    assert "then more badges, then who joined earlier. 2 members'" in told("choose", "badges")

    with enter_tenant(acme):
        assert [row.name for row in get_board(kind="all").rows] == ["Person 3", "Person 2", "Person 1"]
    assert "badges: 2 members, at most 12, breaks ties" in told("list")
    assert run("choose", "--none")["tie_figure"] is None
    assert run("forget", "badges") == {"tie_figure": None, "figures": []}
    assert "No figures were recorded." in told("list")


def test_members_are_named_one_by_one() -> None:
    figure = run("set", "badges", "--member", "1", "5", "--member", "2", "-7")["figures"][0]
    assert (figure["name"], figure["members"], figure["highest"]) == ("badges", 2, 5)


def test_bad_lines_are_named_and_nothing_is_recorded(acme: TenantContext, tmp_path: Path) -> None:
    text = "discord_id,value\n1,5\n8.03E+16,1\n2,many\n2\n99,1\n1,6\n3,1.5\n3,9999999999999999\n"
    with pytest.raises(CommandError) as raised:
        run("set", "badges", "--csv", sheet(tmp_path, text))

    said = str(raised.value).splitlines()
    assert said[0] == "Nothing was recorded."
    assert said[1].startswith("line 3: '8.03E+16' is no Discord id")
    assert said[2:] == [
        "line 4: 'many' is no whole number.",
        "line 5: 1 cells instead of discord_id,value.",
        "line 7: 1 stands on line 2 already.",
        "line 8: '1.5' is no whole number.",
        "line 9: '9999999999999999' is beyond 1,000,000,000,000,000 either side of 0.",
        "line 6: nobody with the Discord id 99 was seen here yet.",
    ]
    with enter_tenant(acme):
        assert not MemberFigure.objects.exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"id;points\n1;2\n", "first line is discord_id,value; here it is 'id;points'"),
        (b"", "first line"),
        (b"discord_id,value\n", "1 to 100,000 members"),
        (b"discord_id,value\n1,\xff\n", "UTF-8"),
        (b'discord_id,value\n1,"' + b"9" * 200_000 + b'"\n', "no CSV"),
    ],
)
def test_a_file_that_is_none_says_so(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "sheet.csv"
    path.write_bytes(content)
    with pytest.raises(CommandError, match=says):
        run("set", "badges", "--csv", str(path))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("set", "badges", "--csv", "/nowhere/sheet.csv"), "cannot be read: No such file"),
        (("set", "badges", "--member", "1", "x"), "--member 1: 'x' is no whole number"),
        (("set", "", "--member", "1", "2"), "1 to 60 printable"),
        (("set", "badges"), "--csv --member is required"),
        (("choose", "badges"), "Nobody has a figure named “badges”"),
        (("choose",), "is required"),
        (("forget", "badges"), "Nobody has"),
    ],
)
def test_an_error_says_what_is_wrong(words: tuple[str, ...], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        run(*words)
