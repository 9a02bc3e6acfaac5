"""A PDF of one or more pages of text, written by hand: Helvetica, which every reader has, and lines.

Invariant: what is drawn is Windows-1252; a letter that it lacks becomes a question mark, never a broken file.
"""

from __future__ import annotations

import zlib
from typing import Final

WIDTH: Final = 595  # A4 in points
HEIGHT: Final = 842
# Widths of Helvetica's letters in thousandths, from the space to the tilde (Adobe's font metrics).
_WIDTHS: Final = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556,
    556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778,
    722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222,
    500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
)  # fmt: skip


def width_of(text: str, size: float) -> float:
    """How wide the text is in points."""
    return sum(_WIDTHS[ord(letter) - 32] if 32 <= ord(letter) < 127 else 556 for letter in text) * size / 1000


class Sheet:
    """One page, measured from its upper left corner."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def text(
        self, x: float, y: float, text: str, *, size: float = 10, bold: bool = False, right: bool = False
    ) -> None:
        """A line of text; `right` ends it at x."""
        if right:
            x -= width_of(text, size)
        drawn = text.encode("cp1252", "replace")
        for letter in (b"\\", b"(", b")"):
            drawn = drawn.replace(letter, b"\\" + letter)
        font = b"F2" if bold else b"F1"
        self._parts.append(b"BT /%s %g Tf %g %g Td (%s) Tj ET" % (font, size, x, HEIGHT - y, drawn))

    def rule(self, x1: float, x2: float, y: float) -> None:
        """A thin line across."""
        self._parts.append(b"0.8 G %g %g m %g %g l S 0 G" % (x1, HEIGHT - y, x2, HEIGHT - y))

    def content(self) -> bytes:
        return zlib.compress(b"0.7 w\n" + b"\n".join(self._parts))


def build_pdf(sheets: list[Sheet], title: str) -> bytes:
    """The file."""
    kids = [6 + 2 * number for number in range(len(sheets))]
    named = title.encode("cp1252", "replace").translate(None, b"\\()")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (en) >>",
        b"<< /Type /Pages /Count %d /Kids [%s] >>"
        % (len(sheets), b" ".join(b"%d 0 R" % kid for kid in kids)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
        b"<< /Title (%s) /Producer (Local Stripe) >>" % named,
    ]
    for kid, sheet in zip(kids, sheets, strict=True):
        body = sheet.content()
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>" % (WIDTH, HEIGHT, kid + 1)
        )
        objects.append(b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(body), body))
    return _file(objects)


def _file(objects: list[bytes]) -> bytes:
    out, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 5 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        start,
    )
    return bytes(out)
