"""Which shards a process runs."""

from __future__ import annotations

import pytest
from django.core.management.base import CommandError

from ops.management.commands.run_shards import choose_shards


def choose(given: str | None = None, count: int | None = None, *, pod: str = "", default: int = 1) -> object:
    return choose_shards(given, count, pod=pod, per_process=2, default_count=default)


def test_a_range_and_a_list() -> None:
    assert choose("0-1", 2) == ((0, 1), 2)
    assert choose("0,2,5-6", 8) == ((0, 2, 5, 6), 8)


def test_all_of_them_without_a_word() -> None:
    assert choose(default=3) == ((0, 1, 2), 3)


def test_the_pods_ordinal_picks_its_range() -> None:
    assert choose(pod="bot-1", default=5) == ((2, 3), 5)
    assert choose(pod="bot-2", default=5) == ((4,), 5)


@pytest.mark.parametrize(
    ("given", "count", "pod"),
    [("0-2", 2, ""), ("x", 2, ""), ("3", None, ""), (None, 2, "bot-7"), ("1-", 1, "")],
)
def test_what_makes_no_sense_is_refused_with_the_numbers(
    given: str | None, count: int | None, pod: str
) -> None:
    with pytest.raises(CommandError, match=r"shard"):
        choose(given, count, pod=pod)
