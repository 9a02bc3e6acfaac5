"""The picture under /profile: 900 × 300, the community's colour, ring, rank and the last two weeks as a line.

Pure: facts in, PNG out. The same facts stand in its alt text and in the embed, so that nobody needs the picture. The
text's font knows Latin only; a name that it cannot draw is left to the embed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps
from PIL.Image import Resampling

WIDTH, HEIGHT = 900, 300
SURFACE, RAISED, INK, QUIET = "#15151c", "#2a2a36", "#ececf1", "#9a9aab"
FONT = (
    Path(__file__).resolve().parent.parent / "frontend_api/static/vendor/inter/inter-latin-wght-normal.woff2"
)
SCALE = 2  # drawn twice as large and reduced: Pillow's shapes have hard edges

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True)
class CardFacts:
    """What the card shows; texts come translated."""

    name: str
    level: str
    percent: int
    next_text: str
    points: str
    points_text: str
    rank: str
    rank_text: str
    days: Sequence[int]
    days_text: str
    colour: str


def draw_card(facts: CardFacts, avatar: bytes | None) -> bytes:
    """The PNG. Never raises for an avatar that is no picture."""
    image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), SURFACE)
    pen = ImageDraw.Draw(image)
    accent = _readable(facts.colour)
    pen.rectangle(_box(0, 0, 8, HEIGHT), fill=accent)
    _ring(image, pen, facts, accent, avatar)
    name = facts.name if is_drawable(facts.name) else ""
    pen.text(_at(300, 44), _shorten(name, 40, 560), font=_font(40, 700), fill=INK)
    columns = ((300, 245, facts.points, facts.points_text), (560, 310, facts.rank, facts.rank_text))
    for left, width, figure, text in columns:
        fill = accent if left == 300 else INK
        pen.text(_at(left, 138), figure, font=_fitting(figure, 44, 700, width), fill=fill, anchor="lm")
        pen.text(_at(left, 180), text, font=_fitting(text, 20, 400, width), fill=QUIET, anchor="lm")
    _line(pen, facts.days, accent)
    pen.text(_at(300, 262), facts.days_text, font=_font(16, 400), fill=QUIET)
    data = BytesIO()
    # A plain average and little compression: a third of the time of the finer ways, and no eye sees the difference.
    image.reduce(SCALE).save(data, "PNG", compress_level=2)
    return data.getvalue()


def _ring(
    image: Image.Image, pen: ImageDraw.ImageDraw, facts: CardFacts, accent: str, avatar: bytes | None
) -> None:
    """The avatar, the way to the next level around it, and the level below."""
    outer = _box(56, 32, 244, 220)
    pen.arc(outer, 0, 360, fill=RAISED, width=12 * SCALE)
    if facts.percent > 0:
        pen.arc(outer, -90, -90 + 3.6 * min(facts.percent, 100), fill=accent, width=12 * SCALE)
    left, top, side = 80 * SCALE, 56 * SCALE, 140 * SCALE
    mask = Image.new("L", (side, side), 0)
    ImageDraw.Draw(mask).ellipse((0, 0, side - 1, side - 1), fill=255)
    image.paste(_face(avatar, side, facts.name), (left, top), mask)
    pen.text(_at(150, 244), facts.level, font=_font(22, 700), fill=INK, anchor="mm")
    pen.text(_at(150, 272), facts.next_text, font=_font(15, 400), fill=QUIET, anchor="mm")


def _face(avatar: bytes | None, side: int, name: str) -> Image.Image:
    if avatar:
        try:
            picture: Image.Image = Image.open(BytesIO(avatar))
            if picture.width * picture.height <= 4_000_000:
                return ImageOps.fit(picture.convert("RGB"), (side, side), Resampling.BICUBIC)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            pass  # whatever Discord sent is no picture: the initial stands in
    face = Image.new("RGB", (side, side), RAISED)
    initial = name[:1].upper() if is_drawable(name[:1]) else "?"
    ImageDraw.Draw(face).text((side // 2, side // 2), initial, font=_font(64, 700), fill=INK, anchor="mm")
    return face


def _line(pen: ImageDraw.ImageDraw, days: Sequence[int], accent: str) -> None:
    """The last days as a line; a flat one when nothing was earned."""
    if len(days) < 2:
        return
    left, right, top, bottom = 300, 860, 204, 252
    highest = max(max(days), 1)
    step = (right - left) / (len(days) - 1)
    points = [
        ((left + number * step) * SCALE, (bottom - (bottom - top) * max(value, 0) / highest) * SCALE)
        for number, value in enumerate(days)
    ]
    pen.line([(left * SCALE, bottom * SCALE), (right * SCALE, bottom * SCALE)], fill=RAISED, width=SCALE)
    pen.line(points, fill=accent, width=3 * SCALE, joint="curve")
    x, y = points[-1]
    pen.ellipse((x - 5 * SCALE, y - 5 * SCALE, x + 5 * SCALE, y + 5 * SCALE), fill=accent)


def is_drawable(text: str) -> bool:
    """Whether the font has every character: Latin, and the punctuation around it."""
    return all(character < "ɐ" or "\u2010" <= character <= "\u2026" for character in text)


def _fitting(text: str, size: int, weight: int, width: int) -> Font:
    """The font at the largest size at which the text keeps to its column; a third of the size is the least."""
    sizes = range(size, size // 3, -1)
    return next(
        (font for font in (_font(size, weight) for size in sizes) if font.getlength(text) <= width * SCALE),
        _font(size // 3, weight),
    )


def _shorten(text: str, size: int, width: int) -> str:
    font = _font(size, 700)
    if font.getlength(text) <= width * SCALE:
        return text
    while text and font.getlength(text + "…") > width * SCALE:
        text = text[:-1]
    return text.rstrip() + "…"


def _readable(colour: str) -> str:
    """The colour, lightened until it stands out from the dark card (WCAG contrast 4.5 : 1 or more)."""
    red, green, blue = (int(colour.lstrip("#")[n : n + 2], 16) for n in (0, 2, 4))
    while _luminance(red, green, blue) < 0.22:
        red, green, blue = (value + (255 - value) // 8 + 1 for value in (red, green, blue))
    return f"#{min(red, 255):02x}{min(green, 255):02x}{min(blue, 255):02x}"


def _luminance(*channels: int) -> float:
    linear = [value / 3294.6 if value <= 10 else ((value / 255 + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@cache
def _font(size: int, weight: int) -> Font:
    try:
        font = ImageFont.truetype(FONT, size * SCALE)
        font.set_variation_by_axes([weight])
    except OSError:
        return ImageFont.load_default(size * SCALE)
    return font


def _at(x: int, y: int) -> tuple[int, int]:
    return x * SCALE, y * SCALE


def _box(left: int, top: int, right: int, bottom: int) -> tuple[int, int, int, int]:
    return left * SCALE, top * SCALE, right * SCALE, bottom * SCALE
