"""An uploaded file between two processes: in the database, compressed, piece by piece, so that nobody holds it whole but the
job that reads it."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from .errors import FileTooLargeError
from .models import ImportChunk

MAX_FILE: Final = 50 * 1024 * 1024  # bytes
_PIECE: Final = 1024 * 1024


def store_pieces(*, import_id: int, pieces: Iterable[bytes]) -> int:
    """Keep the file's bytes, in the caller's transaction, in place of what was kept before. Answers how many there are.

    Stops reading at MAX_FILE. Raises FileTooLargeError, after which the caller's transaction keeps nothing.
    """
    forget_file(import_id=import_id)
    size = 0
    for number, piece in enumerate(_regular(pieces)):
        size += len(piece)
        if size > MAX_FILE:
            raise too_large()
        ImportChunk.objects.create(run_id=import_id, number=number, data=zlib.compress(piece, 1))
    return size


def too_large() -> FileTooLargeError:
    return FileTooLargeError(
        f"The file is larger than {MAX_FILE // 1024 // 1024} MB. Leave out whoever has no XP, or bring it in two parts."
    )


def read_file(*, import_id: int, most: int | None = None) -> bytes:
    """The file; with `most`, only its first pieces, until there are so many bytes."""
    pieces: list[bytes] = []
    size = 0
    rows = ImportChunk.objects.filter(run_id=import_id).order_by("number").values_list("data", flat=True)
    for data in rows.iterator(chunk_size=4):
        pieces.append(zlib.decompress(bytes(data)))
        size += len(pieces[-1])
        if most is not None and size >= most:
            break
    return b"".join(pieces)


def forget_file(*, import_id: int) -> None:
    ImportChunk.objects.filter(run_id=import_id).delete()


def _regular(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of one size."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) >= _PIECE:
            yield bytes(waiting[:_PIECE])
            del waiting[:_PIECE]
    if waiting:
        yield bytes(waiting)
