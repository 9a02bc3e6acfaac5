"""What a page says of itself in its head: its name, what it is about, whose it is. Pure, and in time linear to the page.

No parser of HTML: the pages are anybody's, and the ones that take a parser long are written for that. What is found is text, shown
as text.
"""

from __future__ import annotations

import codecs
import html
import re
from dataclasses import dataclass
from typing import Final

from saas.core.text import clean_line

from .fetching import Page

MAX_TITLE: Final = 150
MAX_DESCRIPTION: Final = 300
MAX_SITE: Final = 60
_MOST_TAGS: Final = 400
_HEAD_ENDS: Final = re.compile(r"</head\s*>|<body[\s>]", re.IGNORECASE)
# A value between quotes is bounded, so that one which never ends costs no more than that.
_META: Final = re.compile(r"<meta\s((?:[^<>\"']|\"[^\"<]{0,2000}\"|'[^'<]{0,2000}'){1,4000})", re.IGNORECASE)
_TITLE: Final = re.compile(r"<title(?:\s[^<>]{0,200})?>([^<]{0,2000})", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(
    r"([a-z:_-]{1,40})\s{0,5}=\s{0,5}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE
)
_CHARSET: Final = re.compile(
    rb"<meta[^<>]{0,200}charset\s{0,5}=\s{0,5}[\"']?([a-z0-9_-]{2,40})", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Preview:
    """All of it may be empty but `host`, which is where the link led."""

    host: str
    title: str = ""
    description: str = ""
    site: str = ""

    def __bool__(self) -> bool:
        return bool(self.title or self.description)


def read_preview(page: Page) -> Preview:
    head = _decode(page)
    end = _HEAD_ENDS.search(head)
    if end is not None:
        head = head[: end.start()]
    told = _read_meta(head)
    named = _TITLE.search(head)
    title = told.get("og:title") or told.get("twitter:title") or (named[1] if named else "")
    about = told.get("og:description") or told.get("description") or told.get("twitter:description") or ""
    return Preview(
        page.host[:100],
        _words(title, MAX_TITLE),
        _words(about, MAX_DESCRIPTION),
        _words(told.get("og:site_name", ""), MAX_SITE),
    )


def _read_meta(head: str) -> dict[str, str]:
    """Name → content; the first of a name counts."""
    told: dict[str, str] = {}
    for number, tag in enumerate(_META.finditer(head)):
        if number == _MOST_TAGS:
            break
        given = {
            name.lower(): double or single or bare
            for name, double, single, bare in _ATTRIBUTE.findall(tag[1])
        }
        name = (given.get("property") or given.get("name") or "").lower()
        if name and given.get("content"):
            told.setdefault(name, given["content"])
    return told


def _words(text: str, limit: int) -> str:
    line = clean_line(html.unescape(text[: limit * 8]), limit=limit + 1)
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def _decode(page: Page) -> str:
    """As the server says, else as the page says, else as UTF-8; what is none of it is replaced."""
    said = page.charset
    if not said and (found := _CHARSET.search(page.data[:2_048])):
        said = found[1].decode("ascii")
    try:
        name = codecs.lookup(said or "utf-8").name
        return page.data.decode(name, errors="replace")
    except (LookupError, UnicodeError, TypeError):
        return page.data.decode("utf-8", errors="replace")
