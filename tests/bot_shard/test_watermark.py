"""The watermark never passes a record that the stream does not have."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from bot_shard.watermark import MAX_AHEAD, Watermark


def test_dispatches_without_a_record_move_it() -> None:
    mark = Watermark()
    for number in (1, 2, 3):
        assert mark.hear(number)
    assert mark.value == 3


def test_an_unacknowledged_record_holds_it_down() -> None:
    mark = Watermark()
    for number in range(1, 6):
        mark.hear(number)
        if number in {2, 4}:
            mark.opened(number)
    assert mark.value == 1
    mark.acknowledge([4])
    assert mark.value == 1
    mark.acknowledge([2])
    assert mark.value == 5


def test_a_hole_holds_it_down_until_filled() -> None:
    mark = Watermark()
    mark.hear(1)
    assert mark.hear(3)
    assert (mark.value, mark.holed) == (1, True)
    assert mark.hear(2)
    assert (mark.value, mark.holed) == (3, False)


def test_a_repeated_dispatch_is_recognised() -> None:
    mark = Watermark()
    mark.hear(1)
    mark.hear(3)
    assert not mark.hear(1)
    assert not mark.hear(3)


def test_giving_up_a_hole_counts_what_is_lost() -> None:
    mark = Watermark()
    mark.hear(1)
    mark.hear(5)
    assert mark.give_up_hole() == 3
    assert mark.value == 5


def test_a_hole_does_not_hoard_memory() -> None:
    mark = Watermark()
    for number in range(2, MAX_AHEAD + 10):
        assert mark.hear(number)
    assert mark.value == MAX_AHEAD + 9


def test_a_pin_outlives_every_acknowledgement_until_the_restart() -> None:
    mark = Watermark()
    for number in range(1, 5):
        mark.hear(number)
    mark.opened(1)
    mark.opened(2)
    mark.pin(3)
    mark.acknowledge([1, 2])
    assert (mark.value, mark.pinned) == (2, True)
    assert mark.restart() == 2
    assert not mark.pinned
    assert mark.hear(3)


@given(st.data())
def test_it_is_the_highest_safe_number_for_any_traffic(data: st.DataObject) -> None:
    """Against a plain model: the largest n such that 1..n were heard and none of them is open or discarded."""
    total = data.draw(st.integers(1, 40))
    order = list(range(1, total + 1))
    if data.draw(st.booleans()):
        random.Random(data.draw(st.integers())).shuffle(order)
    mark = Watermark()
    heard: set[int] = set()
    unsafe: set[int] = set()
    opened: list[int] = []
    for number in order:
        mark.hear(number)
        heard.add(number)
        fate = data.draw(st.sampled_from(["record", "nothing", "discard"]))
        if fate == "record":
            mark.opened(number)
            opened.append(number)
            unsafe.add(number)
        elif fate == "discard":
            mark.pin(number)
            unsafe.add(number)
        if opened and data.draw(st.booleans()):
            picked = opened.pop(data.draw(st.integers(0, len(opened) - 1)))
            mark.acknowledge([picked])
            unsafe.discard(picked)
        expected = 0
        while expected + 1 in heard and expected + 1 not in unsafe:
            expected += 1
        assert mark.value == expected
