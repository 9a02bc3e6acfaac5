"""WebSocket frames and Discord's transport compression.

Frames are built here and written to the transport in batches: one write for hundreds of dispatches instead of one a
dispatch is what lets a bench push thousands of messages a second. A compressor lives as long as its socket, because
both streams are one never-ended stream with a flush after each message.
"""

from __future__ import annotations

import zlib
from typing import Protocol

import zstandard

_TEXT, _BINARY = 0x81, 0x82


class Encoder(Protocol):
    """Turns one gateway message into one WebSocket frame."""

    binary: bool

    def frame(self, message: bytes) -> bytes: ...


def _frame(first: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65_536:
        return bytes((first, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload


class PlainEncoder:
    binary = False

    def frame(self, message: bytes) -> bytes:
        return _frame(_TEXT, message)


class ZlibEncoder:
    binary = True

    def __init__(self) -> None:
        self._stream = zlib.compressobj(1)

    def frame(self, message: bytes) -> bytes:
        return _frame(_BINARY, self._stream.compress(message) + self._stream.flush(zlib.Z_SYNC_FLUSH))


class ZstdEncoder:
    binary = True

    def __init__(self) -> None:
        self._stream = zstandard.ZstdCompressor(level=1).compressobj()

    def frame(self, message: bytes) -> bytes:
        packed = self._stream.compress(message) + self._stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        return _frame(_BINARY, packed)


ENCODERS: dict[str, type[PlainEncoder] | type[ZlibEncoder] | type[ZstdEncoder]] = {
    "": PlainEncoder,
    "zlib-stream": ZlibEncoder,
    "zstd-stream": ZstdEncoder,
}
