"""What people type becomes one safe line."""

from __future__ import annotations

import pytest

from saas.core.text import clean_line


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
