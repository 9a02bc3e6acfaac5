"""The rows of a list as HTML: each kind of cell, and nothing from outside that a browser would obey."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from frontend_api.dashboard.parts.cells import Face, Link, Tag, Tags, kind_of
from frontend_api.dashboard.parts.list_page import CellView, RowView
from frontend_api.dashboard.parts.rows import write_cell, write_rows

NASTY = '"><script>alert(1)</script>'


def written(value: object) -> str:
    return write_cell(kind_of(value), value)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (None, "nothing"),
        ("", "nothing"),
        ("Ada", "<bdi>Ada</bdi>"),
        (1284, "1,284"),
        (True, "Yes"),
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


def test_a_row_names_its_columns_and_can_be_ticked() -> None:
    rows = [
        RowView(
            7, NASTY, [CellView("name", NASTY, False, "Ada", "text"), CellView("n", "N", True, 3, "number")]
        )
    ]
    plain, ticked = write_rows(rows, tickable=False), write_rows(rows, tickable=True)
    assert "checkbox" not in plain
    assert 'name="ids" value="7"' in ticked
    assert 'class=" first-cell"' in plain
    assert 'class="number-cell" data-label="N">3</td>' in plain
    assert "<script" not in ticked
    assert write_rows([], tickable=True) == ""
