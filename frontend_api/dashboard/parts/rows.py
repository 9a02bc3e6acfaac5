"""The rows of a list as HTML. Written here instead of in a template: a page has hundreds of cells, and a template takes as long for
each of them as for the frame of the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from html import escape
from typing import Any, Final

from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.safestring import SafeString

from frontend_api import figures
from saas.core import clock

from .cells import Face, Link, Tag, Tags
from .lists import Column

AVATAR_COLOURS: Final = 8
_NOTHING: Final = '<span class="muted nothing-cell"><span aria-hidden="true">–</span><span class="sr-only">nothing</span></span>'
_TICK: Final = (
    '<td role="cell" class="tick-cell"><label class="tick-only"><input type="checkbox" name="ids" value="{}" form="bulk" '
    'data-bulk-one><span class="sr-only">Tick {}</span></label></td>'
)


def write_rows(
    rows: Sequence[Any],
    columns: Sequence[Column],
    *,
    row_id: Callable[[Any], int],
    row_name: Callable[[Any], str],
    tickable: bool,
) -> SafeString:
    """Each row as a `tr`, with a box to tick where there is something to do with several."""
    begins = [
        f'<td role="cell" class="{"number-cell" if column.number else ""}{"" if number else " first-cell"}" '
        f'data-label="{_safe(column.name)}">'
        for number, column in enumerate(columns)
    ]
    cells = [(begin, column.value) for begin, column in zip(begins, columns, strict=True)]
    parts: list[str] = []
    for row in rows:
        parts.append('<tr role="row">')
        if tickable:
            parts.append(_TICK.format(int(row_id(row)), _safe(row_name(row))))
        for begin, value in cells:
            parts += (begin, _write(value(row)), "</td>")
        parts.append("</tr>\n")
    return SafeString("".join(parts))


def write_cell(value: object) -> SafeString:
    """What stands in a cell, by what it is. Text from outside is escaped, and turns no other text around."""
    return SafeString(_write(value))


def write_face(name: str, url: str, key: int, size: str = "") -> SafeString:
    """A picture over the initials, so that a picture which fails leaves the initials."""
    picture = (
        f'<img src="{_safe(url)}" alt="" loading="lazy" decoding="async" referrerpolicy="no-referrer">'
        if url
        else ""
    )
    shape = f"face-{int(key) % AVATAR_COLOURS}" + (f" face-{_safe(size)}" if size else "")
    initials = _safe(figures.initials_of(name))
    return SafeString(f'<span class="avatar-face {shape}" aria-hidden="true">{initials}{picture}</span>')


def _write(value: Any) -> str:
    writer = _WRITERS.get(type(value))
    return _find_writer(value)(value) if writer is None else writer(value)


def _find_writer(value: object) -> Callable[[Any], str]:
    """Of what is of none of the types themselves: a choice of an enumeration, text that is translated late."""
    return next(
        (writer for kind, writer in _WRITERS.items() if isinstance(value, kind)),
        lambda given: _write_text(str(given)),
    )


def _write_nothing(value: None) -> str:
    return _NOTHING


def _write_text(value: str) -> str:
    return f"<bdi>{_safe(value)}</bdi>" if value else _NOTHING


def _write_link(value: Link) -> str:
    return f'<a href="{_safe(value.href)}"><bdi>{_safe(value.text)}</bdi></a>'


def _write_person(value: Face) -> str:
    face = write_face(value.name, value.avatar_url, value.key, "small")
    note = f'<span class="face-note">{_safe(value.note)}</span>' if value.note else ""
    name = f'<a href="{_safe(value.href)}"><bdi>{_safe(value.name)}</bdi></a>'
    return f'<span class="face-line">{face}<span class="face-text">{name}{note}</span></span>'


def _write_tag(value: Tag) -> str:
    kind = f" tag-{_safe(value.kind)}" if value.kind else ""
    return f'<span class="tag{kind}">{_safe(value.text)}</span>'


def _write_tags(value: Tags) -> str:
    return f'<span class="tags">{"".join(map(_write_tag, value.tags))}</span>' if value.tags else _NOTHING


def _write_flag(value: bool) -> str:
    return "Yes" if value else "No"


def _write_moment(value: datetime) -> str:
    local = timezone.localtime(value)
    exact, ago = _safe(figures.write_moment(local)), _safe(figures.write_ago(value, clock.now()))
    stamp = local.isoformat(timespec="seconds")
    return f'<time datetime="{stamp}" title="{exact}" data-ago>{ago}</time>'


def _write_day(value: date) -> str:
    return _safe(format_date(value, "j M Y"))


def _safe(value: object) -> str:
    """Text without meaning as markup, within quotes too; what is markup already stays. As conditional_escape, which spends most of
    its time on asking whether a text is lazy."""
    return str(value) if hasattr(value, "__html__") else escape(str(value))


# By the value's own type; a flag before the numbers that it is one of, a moment before the days.
_WRITERS: Final[Mapping[type, Callable[[Any], str]]] = {
    type(None): _write_nothing,
    str: _write_text,
    Link: _write_link,
    Face: _write_person,
    Tag: _write_tag,
    Tags: _write_tags,
    bool: _write_flag,
    int: figures.write_whole,
    datetime: _write_moment,
    date: _write_day,
}
