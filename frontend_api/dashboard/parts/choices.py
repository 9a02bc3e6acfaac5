"""The boxes to tick in a list's filters, as HTML. Written here instead of in a template, for the reason that rows.py gives."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from django.utils.safestring import SafeString


def write_ticks(name: str, lines: Iterable[tuple[str, str, bool]]) -> SafeString:
    """A box for each (value, words, ticked), all under one name. Whatever they hold is text and no markup."""
    begin = f'<label class="tick"><input type="checkbox" name="{escape(name)}" value="'
    return SafeString(
        "".join(
            f'{begin}{escape(value)}"{" checked" if ticked else ""}> {escape(words)}</label>'
            for value, words, ticked in lines
        )
    )
