"""What is read of a page: its own words, cleaned and cut; nothing of it takes long."""

from __future__ import annotations

import time

import pytest

from integrations.links.fetching import Page
from integrations.links.reading import MAX_DESCRIPTION, MAX_TITLE, Preview, read_preview


def read(data: str | bytes, charset: str = "") -> Preview:
    return read_preview(Page("page.example", data.encode() if isinstance(data, str) else data, charset))


@pytest.mark.parametrize(
    ("head", "title", "description", "site"),
    [
        ("<title> A\n page </title>", "A page", "", ""),
        (
            '<title>Plain</title><meta property="og:title" content="Better &amp; more"><meta name=description content=Short>',
            "Better & more", "Short", "",
        ),
        ("<META content='It’s so' PROPERTY='og:description'><meta property=og:site_name content='Acme'>", "", "It’s so", "Acme"),
        ('<meta property="og:title" content="a > b"/>', "a > b", "", ""),
        ('<meta property="og:title" content="First"><meta property="og:title" content="Second">', "First", "", ""),
        ("</head><title>In the body</title>", "", "", ""),
        ("<title>&lt;script&gt;alert(1)&lt;/script&gt;</title>", "<script>alert(1)</script>", "", ""),
        ("<title>a\u202eb\u200bc\x00d</title>", "abcd", "", ""),
        ("", "", "", ""),
    ],
)  # fmt: skip
def test_what_the_head_says(head: str, title: str, description: str, site: str) -> None:
    assert read(head) == Preview("page.example", title, description, site)


def test_long_words_are_cut() -> None:
    found = read(f'<title>{"t" * 5_000}</title><meta name="description" content="{"d " * 900}">')
    assert (len(found.title), found.title[-1]) == (MAX_TITLE, "…")
    assert len(found.description) <= MAX_DESCRIPTION


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        ("<title>Grüße</title>".encode("latin-1"), "iso-8859-1"),
        ('<meta charset="windows-1252"><title>Grüße</title>'.encode("cp1252"), ""),
        ("<title>Grüße</title>".encode(), "no-such-charset"),
        ("<title>Grüße</title>".encode(), "hex"),
    ],
)
def test_its_charset(data: bytes, charset: str) -> None:
    assert read(data, charset).title == "Grüße"


@pytest.mark.parametrize(
    "piece",
    [
        "<meta ",
        "<meta a='",
        '<meta a="',
        "<title ",
        "<title>",
        "<!--",
        "<",
        "</head",
        "<meta a=b ",
        "<meta name=x content=y>",
        "&",
        "\x00",
    ],
)
def test_no_page_takes_long(piece: str) -> None:
    began = time.thread_time()  # what this thread worked, whatever else the machine does
    read(piece * (512 * 1024 // len(piece)))
    assert time.thread_time() - began < 2
