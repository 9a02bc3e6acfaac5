"""Short texts from outside: what is kept, what goes, what is refused."""

from __future__ import annotations

import pytest

from saas.core.errors import InvalidInputError
from saas.core.text import clean_line


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("  Acme   Makers ", "Acme Makers"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("さくら", "さくら"),
        ("👩‍👩‍👧 Family", "👩‍👩‍👧 Family"),
        ("a\u202eb\u2066c", "abc"),
        ("a\r\nb\tc\x00d", "a b c d"),
        ("e\u0301", "é"),
    ],
)
def test_what_is_kept(text: str, kept: str) -> None:
    assert clean_line(text, longest=40, what="The name", field="name") == kept


@pytest.mark.parametrize("text", ["", "   ", "\u202e", "\u200d", "x" * 41, "x" * 100_000, "\x00"])
def test_what_is_refused_names_its_field(text: str) -> None:
    with pytest.raises(InvalidInputError, match="The name must have 1 to 40 characters") as caught:
        clean_line(text, longest=40, what="The name", field="name")
    assert caught.value.field == "name"
    assert len(caught.value.message) < 120
