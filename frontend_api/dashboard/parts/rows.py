"""The rows of a list as HTML. Written here instead of in a template: a page has hundreds of cells, and a template takes as long for
each of them as for the frame of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from html import escape
from typing import Any, Final

from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.html import format_html
from django.utils.safestring import SafeString

from frontend_api import figures
from saas.core import clock

from .cells import Face, Link, Tag, Tags

AVATAR_COLOURS: Final = 8
_NOTHING: Final = SafeString(
    '<span class="muted nothing-cell"><span aria-hidden="true">–</span><span class="sr-only">nothing</span></span>'
)
_ROW, _ROW_END, _CELL_END = SafeString('<tr role="row">'), SafeString("</tr>\n"), SafeString("</td>")
_TICK: Final = (
    '<td role="cell" class="tick-cell"><label class="tick-only"><input type="checkbox" name="ids" value="{}" form="bulk" '
    'data-bulk-one><span class="sr-only">Tick {}</span></label></td>'
)


def write_rows(rows: Sequence[Any], *, tickable: bool) -> SafeString:
    """Each RowView as a `tr`, with a box to tick where there is something to do with several."""
    if not rows:
        return SafeString()
    # All rows have the same columns, so what stands before a cell is written once.
    begins = [
        format_html(
            '<td role="cell" class="{}" data-label="{}">',
            ("number-cell" if cell.number else "") + ("" if number else " first-cell"),
            cell.name,
        )
        for number, cell in enumerate(rows[0].cells)
    ]
    return _join(_write_row(row, begins, tickable) for row in rows)


def write_cell(kind: str, value: Any) -> SafeString:
    """What stands in a cell, by its kind (cells.kind_of). Text from outside is escaped, and turns no other text around."""
    return _WRITERS.get(kind, _write_text)(value)


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


def _write_row(row: Any, begins: Sequence[SafeString], tickable: bool) -> SafeString:
    parts: list[SafeString] = [_ROW]
    if tickable:
        parts.append(SafeString(_TICK.format(int(row.id), _safe(row.name))))
    for begin, cell in zip(begins, row.cells, strict=True):
        parts += (begin, write_cell(cell.kind, cell.value), _CELL_END)
    parts.append(_ROW_END)
    return _join(parts)


def _join(parts: Iterable[SafeString]) -> SafeString:
    """Each of them is safe already."""
    return SafeString("".join(parts))


def _write_nothing(value: Any) -> SafeString:
    return _NOTHING


def _write_text(value: Any) -> SafeString:
    return SafeString(f"<bdi>{_safe(value)}</bdi>")


def _write_link(value: Link) -> SafeString:
    return SafeString(f'<a href="{_safe(value.href)}"><bdi>{_safe(value.text)}</bdi></a>')


def _write_person(value: Face) -> SafeString:
    face = write_face(value.name, value.avatar_url, value.key, "small")
    note = f'<span class="face-note">{_safe(value.note)}</span>' if value.note else ""
    name = f'<a href="{_safe(value.href)}"><bdi>{_safe(value.name)}</bdi></a>'
    return SafeString(f'<span class="face-line">{face}<span class="face-text">{name}{note}</span></span>')


def _write_tag(value: Tag) -> SafeString:
    kind = f" tag-{_safe(value.kind)}" if value.kind else ""
    return SafeString(f'<span class="tag{kind}">{_safe(value.text)}</span>')


def _write_tags(value: Tags) -> SafeString:
    if not value.tags:
        return _NOTHING
    return SafeString(f'<span class="tags">{_join(_write_tag(tag) for tag in value.tags)}</span>')


def _write_flag(value: Any) -> SafeString:
    return SafeString("Yes" if value else "No")


def _write_number(value: int) -> SafeString:
    return SafeString(_safe(figures.write_whole(value)))


def _write_moment(value: Any) -> SafeString:
    local = timezone.localtime(value)
    exact, ago = _safe(figures.write_moment(local)), _safe(figures.write_ago(value, clock.now()))
    stamp = local.isoformat(timespec="seconds")
    return SafeString(f'<time datetime="{stamp}" title="{exact}" data-ago>{ago}</time>')


def _write_day(value: date) -> SafeString:
    return SafeString(_safe(format_date(value, "j M Y")))


def _safe(value: object) -> str:
    """Text without meaning as markup, within quotes too; what is markup already stays. As conditional_escape, which spends most of
    its time on asking whether a text is lazy."""
    return str(value) if hasattr(value, "__html__") else escape(str(value))


_WRITERS: Final[Mapping[str, Callable[[Any], SafeString]]] = {
    "nothing": _write_nothing,
    "link": _write_link,
    "face": _write_person,
    "tag": _write_tag,
    "tags": _write_tags,
    "flag": _write_flag,
    "number": _write_number,
    "moment": _write_moment,
    "day": _write_day,
}
