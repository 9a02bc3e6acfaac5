"""Uploaded files and generated pictures, served as Discord's CDN would.

Invariant: pictures are the same for the same id on every machine. Uploads live in memory; the oldest go first.
"""

from __future__ import annotations

import colorsys
import struct
import zlib
from collections import OrderedDict
from functools import lru_cache
from typing import Any

_KEPT = 200
_SIDE = 128


class Files:
    def __init__(self) -> None:
        self.base_url = ""
        self._rows: OrderedDict[tuple[int, str], tuple[dict[str, Any], bytes]] = OrderedDict()

    def store(
        self,
        channel_id: int,
        file_id: int,
        *,
        filename: str,
        description: str | None,
        content_type: str,
        data: bytes,
    ) -> dict[str, Any]:
        """Keep an upload and return it as the attachment of a message."""
        url = f"{self.base_url}/attachments/{channel_id}/{file_id}/{filename}"
        row: dict[str, Any] = {
            "id": str(file_id),
            "filename": filename,
            "size": len(data),
            "url": url,
            "proxy_url": url,
            "content_type": content_type,
        }
        if description:
            row["description"] = description
        if data.startswith(b"\x89PNG"):
            row["width"], row["height"] = struct.unpack(">II", data[16:24])
        self._rows[channel_id, str(file_id)] = (row, data)
        while len(self._rows) > _KEPT:
            self._rows.popitem(last=False)
        return row

    def find(self, channel_id: int, file_id: str) -> dict[str, Any] | None:
        found = self._rows.get((channel_id, file_id))
        return found[0] if found else None

    def read(self, channel_id: int, file_id: str) -> tuple[str, bytes] | None:
        found = self._rows.get((channel_id, file_id))
        return (str(found[0]["content_type"]), found[1]) if found else None


def _scramble(number: int) -> int:
    """Spread neighbouring ids far apart, so that neighbours look different."""
    number = (number ^ (number >> 31)) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
    number = (number ^ (number >> 29)) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    return number ^ (number >> 32)


@lru_cache(maxsize=512)
def draw_avatar(identifier: int) -> bytes:
    """A PNG of 128 × 128: a two-coloured slope with a mirrored pattern on it, after the id."""
    bits = _scramble(identifier)
    hue = (bits % 360) / 360
    top, bottom = _colour(hue, 0.55, 0.62), _colour((hue + 0.09) % 1.0, 0.62, 0.42)
    cells = bits >> 9
    filled = {(row, column) for row in range(5) for column in range(3) if cells >> (row * 3 + column) & 1}
    rows = bytearray()
    for y in range(_SIDE):
        share = y / _SIDE
        ground = bytes(int(a + (b - a) * share) for a, b in zip(top, bottom, strict=True))
        light = bytes(min(255, int(part + (255 - part) * 0.82)) for part in ground)
        rows.append(0)
        row = (y - 24) // 16
        for x in range(_SIDE):
            column = (x - 24) // 16
            inside = 0 <= row < 5 and 0 <= column < 5 and (row, min(column, 4 - column)) in filled
            rows += light if inside else ground
    return _png(bytes(rows))


def _colour(hue: float, lightness: float, saturation: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hls_to_rgb(hue, lightness, saturation)
    return int(red * 255), int(green * 255), int(blue * 255)


def _png(rows: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows, 6))
        + chunk(b"IEND", b"")
    )
