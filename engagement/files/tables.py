"""Tables that people bring as CSV, and how a cell leaves so that no spreadsheet computes it. Pure."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from typing import Any, Final

from .errors import InvalidFileError

# A spreadsheet takes a cell that begins with one of these for a formula.
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
_FORMULA: Final = ("=", "+", "@", "\t", "\r")
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_OTHERS: Final = {
    b"PK\x03\x04": "a ZIP or Excel file",
    b"\x1f\x8b": "a packed file",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
}


def decode_text(data: bytes) -> str:
    """The text: by its byte order mark, else UTF-16 where every other byte is zero, else UTF-8, else Latin-1 as Windows writes it.

    Raises InvalidFileError for what is no text.
    """
    if not data.strip():
        raise InvalidFileError("The file is empty. Save it again and upload the new one.")
    for magic, what in _OTHERS.items():
        if data.startswith(magic):
            raise InvalidFileError(f"This is {what}, not a table. Save it as CSV and upload that.")
    text = _decode(data)
    if "\x00" in text:
        raise InvalidFileError("This is no text that can be read. Save it as CSV (UTF-8) and upload that.")
    return text


def _decode(data: bytes) -> str:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    head = data[:400]
    if len(head) >= 4 and head[1::2].count(0) > len(head) // 3:
        return data.decode("utf-16-le", errors="replace")
    if len(head) >= 4 and head[0::2].count(0) > len(head) // 3:
        return data.decode("utf-16-be", errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def read_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """(number of the line, cells) of each row that says something. Raises InvalidFileError, which names the line."""
    reader: Any = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise InvalidFileError(
            f"Line {reader.line_num:,} of the table can't be read ({error}). Probably a quotation mark is not closed there."
        ) from error


def is_formula(cell: str) -> bool:
    """What a spreadsheet would compute: refused where it comes in. A minus is left alone, because texts begin with it."""
    return cell.lstrip(" ").startswith(_FORMULA)


def make_safe(cell: str) -> str:
    """A cell that no spreadsheet computes: text that looks like a formula gets an apostrophe in front."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_DANGEROUS) else cell


def take_safe(cell: str) -> str:
    """The cell as it was before make_safe."""
    return cell[1:] if cell.startswith("'") and cell[1:].lstrip(" ").startswith(_DANGEROUS) else cell


def _delimiter(text: str) -> str:
    head = text[:20_000].splitlines()[:20]
    counts = {mark: sum(line.count(mark) for line in head) for mark in (",", ";", "\t", "|")}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else ","
