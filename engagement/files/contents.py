"""What a file is, by its bytes. Its name is only asked whether it tells the same.

Pure: nothing here reads or writes anything but the bytes in hand.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageOps

from .errors import FileTooLargeError, InvalidFileError

PICTURES: Final = ("PNG", "JPEG", "WEBP", "GIF")  # of Pillow's names; the only decoders that are ever tried
PICTURE_ENDINGS: Final = ("png", "jpg", "jpeg", "webp", "gif")
MOST_PIXELS: Final = (
    24_000_000  # 6,000 × 4,000: what a phone takes, and 100 MB of memory while it is drawn anew
)
LONGEST_SIDE: Final = 1_600  # pixels of what is kept
_QUALITY: Final = 84
_WORD_PARTS: Final = {"docx": "word/", "xlsx": "xl/", "pptx": "ppt/"}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture drawn anew: nothing of the file but what can be seen."""

    data: bytes
    width: int
    height: int
    content_type: str = "image/webp"
    ending: str = "webp"


@dataclass(frozen=True, slots=True)
class FileType:
    """`endings` are how such files are named; `fits` looks at the bytes."""

    content_type: str
    endings: tuple[str, ...]
    fits: Callable[[bytes], bool]


def redraw_picture(data: bytes) -> Picture:
    """The first frame of a PNG, JPEG, WebP or GIF, upright, at most LONGEST_SIDE long, without anything that was hidden in the file.

    Raises InvalidFileError, and FileTooLargeError for more than MOST_PIXELS, before any of them is unpacked.
    """
    try:
        with Image.open(io.BytesIO(data), formats=PICTURES) as opened:
            _refuse_bomb(*opened.size)
            opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            upright = ImageOps.exif_transpose(opened)
            drawn = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
        drawn.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        kept = io.BytesIO()
        drawn.save(kept, "WEBP", quality=_QUALITY, method=4, exif=b"", icc_profile=b"", xmp=b"")
    except InvalidFileError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except Exception as error:  # hostile bytes break decoders in ways that nobody can list
        raise InvalidFileError(
            "This is no picture that can be read: it is damaged, or something else under a picture's name. Save it again as PNG or JPEG."
        ) from error
    return Picture(kept.getvalue(), *drawn.size)


def is_picture(data: bytes) -> bool:
    """By its first bytes; whether it can be drawn is redraw_picture's to say."""
    return (
        data.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a"))
        or data[:4] + data[8:12] == b"RIFFWEBP"
    )


def type_of(data: bytes, name: str, allowed: tuple[FileType, ...]) -> FileType:
    """What the bytes are. Raises InvalidFileError when that is nothing of `allowed`, or when the name says something else."""
    ending = ending_of(name)
    named = next((one for one in allowed if ending in one.endings), None)
    if named is None:
        known = ", ".join(one.endings[0] for one in allowed)
        raise InvalidFileError(
            f"Files that end in “.{ending}” are not taken here. These are: {known}."
            if ending
            else f"The file's name has no ending, so nobody would know what it is. These are taken: {known}."
        )
    if not named.fits(data):
        raise InvalidFileError(
            f"The file's name ends in “.{ending}”, and what is in it is something else or damaged. Save it again as what it is."
        )
    return named


def ending_of(name: str) -> str:
    """The part after the last dot in small letters, at most ten; empty where there is none."""
    stem, dot, ending = name.rpartition(".")
    plain = "".join(char for char in ending.lower() if char.isascii() and char.isalnum())[:10]
    return plain if dot and stem else ""


def _starts(*starts: bytes) -> Callable[[bytes], bool]:
    return lambda data: data.startswith(starts)


def _boxed(data: bytes) -> bool:
    return data[4:8] == b"ftyp"


def _text(data: bytes) -> bool:
    """UTF-8 that is meant to be read: no zero bytes, and no page that a browser would run."""
    if b"\x00" in data or data.lstrip()[:200].lower().startswith((b"<!doctype", b"<html", b"<svg", b"<?xml")):
        return False
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return True


def _zip(data: bytes) -> bool:
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06")) and zipfile.is_zipfile(io.BytesIO(data))


def _office(part: str) -> Callable[[bytes], bool]:
    """Looks at the names in the archive alone; nothing is unpacked."""

    def fits(data: bytes) -> bool:
        if not _zip(data):
            return False
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                names = archive.namelist()
        except (zipfile.BadZipFile, ValueError, NotImplementedError):
            return False
        return "[Content_Types].xml" in names and any(name.startswith(part) for name in names)

    return fits


def _epub(data: bytes) -> bool:
    return _zip(data) and b"application/epub+zip" in data[:200]


_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
DOCUMENTS: Final = (
    FileType("application/pdf", ("pdf",), _starts(b"%PDF-")),
    FileType("text/plain; charset=utf-8", ("txt", "md"), _text),
    FileType("text/csv; charset=utf-8", ("csv",), _text),
    FileType(f"{_OFFICE}.wordprocessingml.document", ("docx",), _office(_WORD_PARTS["docx"])),
    FileType(f"{_OFFICE}.spreadsheetml.sheet", ("xlsx",), _office(_WORD_PARTS["xlsx"])),
    FileType(f"{_OFFICE}.presentationml.presentation", ("pptx",), _office(_WORD_PARTS["pptx"])),
)
DOWNLOADS: Final = (
    *DOCUMENTS,
    FileType("application/zip", ("zip",), _zip),
    FileType("application/epub+zip", ("epub",), _epub),
    FileType("audio/mpeg", ("mp3",), _starts(b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")),
    FileType("video/mp4", ("mp4", "m4v", "m4a"), _boxed),
    FileType("video/webm", ("webm",), _starts(b"\x1a\x45\xdf\xa3")),
)


def _refuse_bomb(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise _too_many_pixels(width, height)


def _too_many_pixels(width: int = 0, height: int = 0) -> FileTooLargeError:
    has = (
        f"This picture has {width:,} × {height:,} pixels" if width else "This picture has far too many pixels"
    )
    return FileTooLargeError(f"{has}; {MOST_PIXELS // 1_000_000} million are the most. Make it smaller.")
