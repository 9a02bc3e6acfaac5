"""The rows of a list as HTML: each kind of cell, and nothing from outside that a browser would obey."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import IntEnum, StrEnum

import pytest
from django.utils.translation import gettext_lazy

from frontend_api.dashboard.parts.cells import Face, Link, Tag, Tags
from frontend_api.dashboard.parts.choices import write_ticks
from frontend_api.dashboard.parts.lists import Column
from frontend_api.dashboard.parts.rows import write_cell, write_rows


class Weekday(IntEnum):
    MONDAY = 1


class Colour(StrEnum):
    RED = "red"


NASTY = '"><script>alert(1)</script>'


def written(value: object) -> str:
    return write_cell(value)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (None, "nothing"),
        ("", "nothing"),
        ("Ada", "<bdi>Ada</bdi>"),
        (1284, "1,284"),
        (True, "Yes"),
        (Weekday.MONDAY, "1"),
        (Colour.RED, "<bdi>red</bdi>"),
        (gettext_lazy("Ada & co"), "<bdi>Ada &amp; co</bdi>"),
        (2.5, "<bdi>2.5</bdi>"),
        (date(2026, 11, 1), "1 Nov 2026"),
        (Tag("Left"), '<span class="tag">Left</span>'),
        (Tag("Live", "good"), '<span class="tag tag-good">Live</span>'),
        (Tags(()), "nothing"),
        (Tags((Tag("Bot"), Tag("Left"))), "Bot</span><span"),
        (Link("Mug", "/x/"), '<a href="/x/"><bdi>Mug</bdi></a>'),
        (Face("Ada Wren", "/m/1/", "", 9, "shown as A"), "AW</span>"),
        (Face("Ada", "/m/1/", "https://cdn.example/a.png"), 'src="https://cdn.example/a.png"'),
        (datetime(2026, 11, 1, tzinfo=UTC), 'datetime="2026-11-01T00:00:00+00:00"'),
    ],
)
def test_each_kind_is_written(value: object, wanted: str) -> None:
    assert wanted in written(value)


@pytest.mark.parametrize(
    "value", [NASTY, Tag(NASTY), Tags((Tag(NASTY),)), Link(NASTY, NASTY), Face(NASTY, NASTY, NASTY, 1, NASTY)]
)
def test_nothing_from_outside_is_markup(value: object) -> None:
    assert "<script" not in written(value)
    assert '""' not in written(value).replace('alt=""', "")


def test_choices_to_tick_are_text() -> None:
    text = write_ticks("reward", [("7", NASTY, False), (NASTY, "Mug & co", True)])
    assert '<input type="checkbox" name="reward" value="7"> ' in text
    assert "checked> Mug &amp; co</label>" in text
    assert text.count("checked") == 1
    assert "<script" not in text
    assert 'value=""' not in text


def test_a_row_names_its_columns_and_can_be_ticked() -> None:
    columns = (Column("name", NASTY, lambda row: "Ada"), Column("n", "N", lambda row: row, number=True))

    def write(rows: list[int], *, tickable: bool) -> str:
        return write_rows(rows, columns, row_id=int, row_name=lambda row: NASTY, tickable=tickable)

    plain, ticked = write([3], tickable=False), write([7], tickable=True)
    assert "checkbox" not in plain
    assert 'name="ids" value="7"' in ticked
    assert 'class=" first-cell"' in plain
    assert 'class="number-cell" data-label="N">3</td>' in plain
    assert "<script" not in ticked
    assert write([], tickable=True) == ""
