"""Every feature that is called working names tests that exist."""

from __future__ import annotations

import re

import pytest

from ops.devstack.places import PROJECT

ROWS = [
    line
    for line in (PROJECT / "ops" / "features.md").read_text().splitlines()
    if re.match(r"\| \d+ \|", line)
]


@pytest.mark.parametrize("row", ROWS, ids=[row.split("|")[1].strip() for row in ROWS])
def test_every_working_feature_names_its_tests(row: str) -> None:
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    paths = cells[3].split(", ")

    assert len(cells) == 4
    assert paths
    for path in paths:
        assert (PROJECT / path).exists(), f"Row {cells[0]} names {path}, which is not there."
