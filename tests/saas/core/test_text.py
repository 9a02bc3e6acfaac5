"""What people type becomes one safe line."""

from __future__ import annotations

import pytest

from saas.core.errors import InvalidInputError
from saas.core.text import clean_line, clean_lines, require_line


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ada \t Lovelace \n", "Ada Lovelace"),
        ("Eve\r\nBcc: all", "Eve Bcc: all"),
        ("\u202egnp.exe\u202c", "gnp.exe"),
        ("a\u0000b\u200bc\ufeff", "abc"),
        ("e\u0301", "é"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("<script>", "<script>"),  # templates escape; the text is the person's
        ("\u2066\u2069", ""),
        ("x" * 100_000, "x" * 40),
    ],
)
def test_a_line(typed: str, kept: str) -> None:
    assert clean_line(typed, limit=40) == kept


@pytest.mark.parametrize("text", ["", "   ", "\u202e", "\u200d", "x" * 41, "x" * 100_000, "\x00"])
def test_what_must_be_there_names_its_field(text: str) -> None:
    with pytest.raises(InvalidInputError, match="The name must have 1 to 40 characters") as caught:
        require_line(text, longest=40, what="The name", field="name")
    assert caught.value.field == "name"
    assert len(caught.value.message) < 120


def test_what_is_there_is_kept() -> None:
    assert require_line(" Acme  Makers\n", longest=40, what="The name", field="name") == "Acme Makers"


def test_several_lines_keep_their_breaks_and_lose_what_hides() -> None:
    assert clean_lines("  Blue\r\n\n\n\nround\u202e \x00mug \n", limit=50) == "Blue\n\nround mug"
    assert clean_lines("x" * 100_000, limit=10) == "x" * 10
    assert clean_lines(" \n\u200b\n", limit=10) == ""
