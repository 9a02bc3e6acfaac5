"""Every write of files. They live in the tenant's schema, so a community's export, its backup and its deletion take them along."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import transaction

from saas.core import clock
from saas.core.text import clean_line

from .contents import DOCUMENTS, DOWNLOADS, PICTURE_ENDINGS, FileType, is_picture, redraw_picture, type_of
from .errors import FileTooLargeError, InvalidFileError
from .models import FilePiece, FileUse, StoredFile

PIECE: Final = 1024 * 1024
MEGABYTE: Final = 1024 * 1024
FORGET_AFTER: Final = timedelta(days=1)
_LONGEST_NAME: Final = 150


@dataclass(frozen=True, slots=True)
class UseRules:
    """`most` in bytes. `types` beside pictures, which every use takes and redraws."""

    most: int
    types: tuple[FileType, ...] = ()
    pictures: bool = True


RULES: Final = {
    FileUse.PICTURE: UseRules(8 * MEGABYTE),
    FileUse.DOWNLOAD: UseRules(25 * MEGABYTE, DOWNLOADS),
    FileUse.ATTACHMENT: UseRules(10 * MEGABYTE, DOCUMENTS),
}


@transaction.atomic
def store_file(*, use: FileUse | str, name: str, data: bytes, owner_id: int = 0) -> StoredFile:
    """Keep a file, in the caller's transaction where one is open. What it is, its bytes say; pictures are drawn anew as WebP.

    Nothing refers to it yet: whoever does says `keep_file`, or it is swept after FORGET_AFTER. Takes no lock; not idempotent: each
    call keeps another. Raises InvalidFileError, FileTooLargeError, after which nothing was kept.
    """
    rules = RULES[FileUse(use)]
    if not data:
        raise InvalidFileError("The file is empty. Choose one with something in it.")
    if len(data) > rules.most:
        raise FileTooLargeError(
            f"The file has {len(data) / MEGABYTE:,.1f} MB; {rules.most // MEGABYTE} MB are the most. Make it smaller."
        )
    line = clean_line(name.replace("\\", "/").rpartition("/")[2], limit=_LONGEST_NAME) or "file"
    width = height = 0
    if rules.pictures and (not rules.types or is_picture(data) or line.lower().endswith(PICTURE_ENDINGS)):
        picture = redraw_picture(data)
        data, content_type, width, height = picture.data, picture.content_type, picture.width, picture.height
        stem = line.rpartition(".")[0] or line
        line = f"{stem[: _LONGEST_NAME - 5]}.{picture.ending}"
    else:
        content_type = type_of(data, line, rules.types).content_type
    return store_pieces(
        use=FileUse(use),
        name=line,
        content_type=content_type,
        data=data,
        owner_id=owner_id,
        size=(width, height),
    )


def store_pieces(
    *,
    use: FileUse,
    name: str,
    content_type: str,
    data: bytes,
    owner_id: int = 0,
    size: tuple[int, int] = (0, 0),
) -> StoredFile:
    """Keep bytes that the caller has looked at. For what the house itself writes; what comes from outside goes by store_file."""
    file = StoredFile.objects.create(
        use=use,
        name=name,
        content_type=content_type,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        width=size[0],
        height=size[1],
        owner_id=owner_id,
        created_at=clock.now(),
    )
    FilePiece.objects.bulk_create(
        (
            FilePiece(file=file, number=number, data=data[start : start + PIECE])
            for number, start in enumerate(range(0, len(data), PIECE))
        ),
        batch_size=4,
    )
    return file


def keep_file(*, file_id: int) -> None:
    """Something refers to it now, so that it stays. Idempotent; a file that is gone is left alone."""
    StoredFile.objects.filter(pk=file_id, kept=False).update(kept=True)


def release_file(*, file_id: int) -> None:
    """Nothing refers to it any more: the next sweep takes it. Idempotent. Whoever calls has looked for other references."""
    StoredFile.objects.filter(pk=file_id, kept=True).update(kept=False)


def sweep_files() -> int:
    """Delete what nothing refers to and nobody has touched for FORGET_AFTER. Idempotent; answers how many went."""
    old = StoredFile.objects.filter(kept=False, created_at__lt=clock.now() - FORGET_AFTER)
    gone = 0
    while ids := list(old.order_by("created_at").values_list("pk", flat=True)[:100]):
        # Asked again while it is deleted: one that was kept meanwhile stays.
        gone += StoredFile.objects.filter(pk__in=ids, kept=False).delete()[1].get("engagement.StoredFile", 0)
        if len(ids) < 100:
            break
    return gone


def read_file(file_id: int) -> bytes:
    """The whole file. One query. Empty for one that is gone."""
    return b"".join(read_pieces(file_id))


def read_pieces(file_id: int) -> Iterator[bytes]:
    """The file, a megabyte at a time."""
    rows = FilePiece.objects.filter(file_id=file_id).order_by("number").values_list("data", flat=True)
    for data in rows.iterator(chunk_size=4):
        yield bytes(data)
