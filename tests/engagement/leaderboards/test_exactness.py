"""Ranks, pages and neighbours against a plain sort of everybody."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engagement.leaderboards import selectors, statements
from engagement.leaderboards.selectors import get_around, get_board, get_rank, list_leaders

from .town import NOW, WEEK, Person, Town, build_town, save_town

KINDS = ("all", "season", "month", "week")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("scores", "moments", "bucket"), [(50, 20, 7), (3, 4, 5), (1000, 1, 10), (1, 1, 9)])
def test_everybodys_rank_is_their_place_in_the_sorted_list(
    kind: str, scores: int, moments: int, bucket: int
) -> None:
    town = build_town(
        60,
        seed=scores,
        scores=scores,
        moments=moments,
        bucket=bucket,
        past_share=0.3 if kind == "week" else 0,
    )
    ranking = town.ranking()

    for person in town.people:
        place = get_rank(member_id=person.member_id, kind=kind)
        expected = ranking.index(person.member_id) + 1 if person.ranked else None
        assert (place.rank, place.score, place.total) == (expected, person.score, len(ranking))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("scores", "moments", "bucket"), [(50, 20, 7), (3, 4, 5), (1, 1, 9)])
def test_every_page_is_a_slice_of_the_sorted_list(kind: str, scores: int, moments: int, bucket: int) -> None:
    town = build_town(
        45,
        seed=scores,
        scores=scores,
        moments=moments,
        bucket=bucket,
        past_share=0.3 if kind == "week" else 0,
    )
    ranking = town.ranking()
    score_of = {p.member_id: p.score for p in town.people}

    for offset in range(len(ranking) + 2):
        board = get_board(kind=kind, size=4, offset=offset)
        assert [row.member_id for row in board.rows] == ranking[offset : offset + 4]
        assert [row.rank for row in board.rows] == list(range(offset + 1, offset + 1 + len(board.rows)))
        assert [row.score for row in board.rows] == [score_of[row.member_id] for row in board.rows]
        assert board.total == len(ranking)
    leaders = list_leaders(kind=kind, size=20)
    assert leaders == [(member_id, score_of[member_id]) for member_id in ranking[:20]]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("scores", "moments"), [(50, 20), (3, 4), (1, 1)])
def test_my_neighbours_are_a_slice_of_the_sorted_list(kind: str, scores: int, moments: int) -> None:
    town = build_town(
        40, seed=scores, scores=scores, moments=moments, past_share=0.3 if kind == "week" else 0
    )
    ranking = town.ranking()

    for person in town.people:
        rows = get_around(member_id=person.member_id, kind=kind, radius=3)
        if not person.ranked:
            assert rows == []
            continue
        mine = ranking.index(person.member_id)
        low = max(0, mine - 3)
        assert [row.member_id for row in rows] == ranking[low : mine + 4]
        assert [row.rank for row in rows] == list(range(low + 1, low + 1 + len(rows)))


def test_a_crowd_of_equals_larger_than_the_quick_statements_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "BOUND", 6)
    monkeypatch.setattr(selectors, "BOUND", 6)
    statements.page_statement.cache_clear()
    town = build_town(30, seed=5, scores=1, moments=1, bucket=100)
    ranking = town.ranking()

    pages = [
        row.member_id
        for offset in range(0, 30, 5)
        for row in get_board(kind="all", size=5, offset=offset).rows
    ]
    statements.page_statement.cache_clear()

    assert pages == ranking


def test_prepared_statements_stay_right_when_they_run_often() -> None:
    town = build_town(30, seed=9)
    ranking = town.ranking()

    for _ in range(3):
        for rank, member_id in enumerate(ranking, 1):
            assert get_rank(member_id=member_id, kind="month").rank == rank


def test_a_past_period_is_kept() -> None:
    last_week = NOW - timedelta(days=7)
    town = Town([Person(number, number * 10, NOW, 0, NOW, True, past=True) for number in (1, 2, 3)])
    import random

    save_town(town, bucket=5, chance=random.Random(1))

    board = get_board(kind="week", at=WEEK)
    assert [row.score for row in board.rows] == [30, 20, 10]
    assert get_board(kind="week", at=last_week).rows == []
    assert (
        get_board(kind="week", at=NOW + timedelta(days=7)).total == 0
    )  # written without buckets: nobody counted
