"""What a page says, whatever its status."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

_MAIN = re.compile(r"<main.*?</main>", re.S)
_TAG = re.compile(r"<[^>]*>")


def words_of(answer: Any) -> str:
    """The words of the page's main part, one space between them."""
    found = _MAIN.search(answer.content.decode())
    assert found is not None, answer.content
    return " ".join(unescape(_TAG.sub(" ", found[0])).split())
