"""Equal points: first there, then the community's own figure, then the join date; the board says so."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from engagement.audit.actor import SYSTEM
from engagement.leaderboards.selectors import get_around, get_board, get_rank
from engagement.members.models import Member
from engagement.progression.figures import choose_tie_figure, record_figures
from engagement.standings.models import PeriodKind

from .town import NOW, Person, Town, save_town

# name: minutes ago when the score was reached, days since joining
PEOPLE = {"First there": (9, 1), "Oldest": (5, 300), "Older": (5, 200), "Newest": (5, 100)}


@pytest.fixture(params=[False, True], ids=["this week", "a past week"])
def ids(request: pytest.FixtureRequest) -> dict[str, int]:
    """Four members of 70 points each; three reached them at one moment."""
    ids = {name: Member.objects.create(display_name=name).pk for name in PEOPLE}
    people = [
        Person(
            ids[name],
            70,
            NOW - timedelta(minutes=minutes),
            0,
            NOW - timedelta(days=days),
            ranked=True,
            past=request.param,
        )
        for name, (minutes, days) in PEOPLE.items()
    ]
    save_town(Town(people), bucket=100, chance=random.Random(1))
    return ids


def order(kind: str) -> list[str]:
    return [row.name for row in get_board(kind=kind).rows]


@pytest.mark.parametrize("kind", PeriodKind.values)
def test_the_figure_decides_before_the_join_date(ids: dict[str, int], kind: str) -> None:
    assert order(kind) == ["First there", "Oldest", "Older", "Newest"]

    record_figures(actor=SYSTEM, name="badges", values={ids["Newest"]: 3, ids["Older"]: 1, ids["Oldest"]: 1})
    assert order(kind) == ["First there", "Oldest", "Older", "Newest"], "recorded is not yet chosen"

    assert choose_tie_figure(actor=SYSTEM, name="badges") == 3
    assert order(kind) == ["First there", "Newest", "Oldest", "Older"]
    assert get_rank(member_id=ids["Newest"], kind=kind).rank == 2
    assert [row.name for row in get_around(member_id=ids["Older"], kind=kind, radius=1)] == [
        "Oldest",
        "Older",
    ]


def test_the_board_names_the_figure(ids: dict[str, int]) -> None:
    record_figures(actor=SYSTEM, name="badges", values={ids["Newest"]: 3})
    choose_tie_figure(actor=SYSTEM, name="badges")
    assert get_board(kind="all").tie_note == (
        "Equal points: who got there first stands higher, then more badges, then who joined earlier."
    )
    choose_tie_figure(actor=SYSTEM, name="")
    assert get_board(kind="all").tie_note == (
        "Equal points: who got there first stands higher, then who joined earlier."
    )
