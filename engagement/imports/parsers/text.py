"""From bytes to text and to JSON, whatever wrote the file."""

from __future__ import annotations

import codecs
import json
from typing import Any, Final

import orjson

from engagement.imports.errors import UnreadableFileError

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ARCHIVES: Final = {b"PK\x03\x04": "a ZIP or Excel file", b"\x1f\x8b": "a packed file", b"%PDF": "a PDF"}


def decode(data: bytes) -> str:
    """The text: by its byte order mark, else UTF-16 where every other byte is zero, else UTF-8, else Latin-1 as Windows writes
    it. Raises UnreadableFileError."""
    if not data.strip():
        raise UnreadableFileError("The file is empty. Export it again and upload the new one.")
    for magic, what in _ARCHIVES.items():
        if data.startswith(magic):
            raise UnreadableFileError(
                f"This is {what}. Unpack it, or save it as CSV or JSON, and upload that."
            )
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


def load_json(data: bytes) -> Any:
    """JSON values; NaN and the like, which some bots write, become floats that the rows then refuse. Raises
    UnreadableFileError, which says where the file breaks off."""
    text = decode(data)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if "NaN" in text or "Infinity" in text:
            try:
                return json.loads(text)
            except (ValueError, RecursionError):
                pass
        raise UnreadableFileError(_explain(text, error)) from error
    except UnicodeEncodeError as error:
        raise UnreadableFileError("The file holds broken characters. Export it again.") from error


def _explain(text: str, error: orjson.JSONDecodeError) -> str:
    if text.lstrip()[:1] not in "{[":
        return "This is no JSON file: it does not begin with { or [. Choose CSV as the source for a table."
    if error.pos >= len(text.rstrip()) - 1:
        return (
            f"The file breaks off after {len(text):,} characters. Download it again, whole, and upload that."
        )
    return f"The file is no whole JSON: line {error.lineno:,}, column {error.colno:,} cannot be read. Export it again."
