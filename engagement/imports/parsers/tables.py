"""CSV: the columns are shown with their first lines, the organiser says which is which, and then all lines are read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from engagement.imports.errors import InvalidImportError, UnreadableFileError

from .rows import MAX_ROWS, OldBot, OldMember, clean_name, read_member
from .text import decode

FIELDS: Final = ("id", "name", "xp", "level")
MAX_COLUMNS: Final = 60
_SAMPLE: Final = 5
_WORDS: Final = {
    "id": ("id", "userid", "user_id", "user id", "discordid", "discord_id", "discord id", "member id", "member_id"),
    "name": ("name", "username", "user", "member", "tag", "display name", "nickname"),
    "xp": ("xp", "exp", "experience", "points", "score", "total xp", "total_xp"),
    "level": ("level", "lvl", "lv"),
}  # fmt: skip


def sample_table(data: bytes) -> dict[str, Any]:
    """Columns, first lines, how many lines there are, and which column each field probably is. Raises UnreadableFileError."""
    text = decode(data)
    rows = list(_head(text))
    if not rows or max(len(row) for row in rows) < 2:
        raise UnreadableFileError(
            "This is no table: it needs at least two columns, parted by commas, semicolons or tabs."
        )
    width = max(len(row) for row in rows)
    if width > MAX_COLUMNS:
        raise UnreadableFileError(
            f"The table has {width} columns; at most {MAX_COLUMNS} are read. Leave some out."
        )
    headed = not any(cell.strip().isdigit() for cell in rows[0])
    names = [clean_name(cell) for cell in rows[0]] if headed else []
    columns = [
        (names[place] if place < len(names) else "") or f"Column {place + 1}" for place in range(width)
    ]
    body = rows[1:] if headed else rows
    return {
        "columns": columns,
        "lines": [[clean_name(cell)[:60] for cell in row] for row in body[:_SAMPLE]],
        "headed": headed,
        "guess": _guess(columns, body[:_SAMPLE]),
    }


def _guess(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> dict[str, int]:
    lowered = [column.casefold() for column in columns]
    found = {
        field: next(place for place, column in enumerate(lowered) if column in known)
        for field, known in _WORDS.items()
        if any(column in known for column in lowered)
    }
    if "id" not in found:
        for place in range(len(columns)):
            cells = [line[place].strip() for line in lines if place < len(line)]
            if cells and all(cell.isdigit() and 15 <= len(cell) <= 20 for cell in cells):
                found["id"] = place
                break
    return found


def check_mapping(mapping: Mapping[str, Any], *, columns: int) -> dict[str, int]:
    """field → column, whole numbers within the table. Raises InvalidImportError."""
    chosen: dict[str, int] = {}
    for field, place in mapping.items():
        if field not in FIELDS:
            raise InvalidImportError(
                f"A column is one of {', '.join(FIELDS)}; not {field!r:.40}.", field="mapping"
            )
        if place is None or place == "":
            continue
        if type(place) is not int or not 0 <= place < columns:
            raise InvalidImportError(f"There is no column {place!r:.20} in this table.", field=field)
        chosen[field] = place
    if "id" not in chosen:
        raise InvalidImportError("Say which column holds the Discord ids.", field="id")
    if "xp" not in chosen and "level" not in chosen:
        raise InvalidImportError(
            "Say which column holds the XP or the levels; one of them is enough.", field="xp"
        )
    twice = len(set(chosen.values())) < len(chosen)
    if twice:
        raise InvalidImportError("One column stands for two things. Choose each once.", field="mapping")
    return chosen


def parse_table(data: bytes, mapping: Mapping[str, int], *, headed: bool) -> OldBot:
    """Every line by the mapping. Empty lines are passed over. Raises UnreadableFileError."""
    text = decode(data)
    bot = OldBot()
    reader = _reader(text)
    try:
        for number, row in enumerate(reader):
            if (headed and number == 0) or not any(cell.strip() for cell in row):
                continue
            if len(bot.members) >= MAX_ROWS:
                raise UnreadableFileError(
                    f"The table has more than {MAX_ROWS:,} lines. Leave out whoever has no XP and try again."
                )
            bot.members.append(_read_line(reader.line_num, row, mapping))
    except csv.Error as error:
        raise UnreadableFileError(
            f"Line {reader.line_num:,} of the table cannot be read ({error}). Probably a quotation mark is not closed there."
        ) from error
    return bot


def _read_line(line: int, row: Sequence[str], mapping: Mapping[str, int]) -> OldMember:
    def cell(field: str) -> str | None:
        place = mapping.get(field)
        text = row[place].strip() if place is not None and place < len(row) else ""
        return text or None

    return read_member(
        line, external_id=cell("id") or "", name=cell("name") or "", xp=cell("xp"), level=cell("level")
    )


def _head(text: str) -> Iterator[list[str]]:
    reader = _reader(text[:1_000_000])
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield row
            if reader.line_num > _SAMPLE * 4:
                return
    except csv.Error as error:
        raise UnreadableFileError(f"The table cannot be read: {error}.") from error


def _reader(text: str) -> Any:
    head = text[:20_000].splitlines()[:20]
    counts = {mark: sum(line.count(mark) for line in head) for mark in (",", ";", "\t", "|")}
    mark = max(counts, key=lambda one: counts[one])
    return csv.reader(io.StringIO(text.replace("\x00", ""), newline=""), delimiter=mark)
