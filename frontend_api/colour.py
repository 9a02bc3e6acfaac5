"""A tenant's colour made readable: the nearest shade that passes WCAG's contrast on our surfaces.

Pure arithmetic. Shades are sought in OKLCH, where a change of lightness keeps the hue that people recognise; sRGB
colours that the change would leave the gamut for lose chroma, not hue. Contrast ratios are WCAG 2's, without a unit.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from saas.core.errors import InvalidInputError

# The tokens of the look. A colour must pass on the page and on a card, in light and in dark.
LIGHT_SURFACES = ("#ffffff", "#f7f7fa")
DARK_SURFACES = ("#15151c", "#1d1d27")
TEXT_CONTRAST = 4.5
# Our own accent: the look names both of its shades.
HOUSE_COLOUR = "#4f46e5"
HOUSE_COLOUR_DARK = "#8b85ff"
_STEP = 0.0025

Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Accent:
    """The accent of both themes, each with the text colour that goes on it."""

    light: str
    on_light: str
    dark: str
    on_dark: str


def parse_colour(text: str) -> Triple:
    """`#rrggbb` → red, green, blue from 0 to 1. Raises InvalidInputError."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise InvalidInputError(
            f"{text!r:.40} is no colour. Write it as #rrggbb, such as #4f46e5.", field="colour"
        )
    return int(text[1:3], 16) / 255, int(text[3:5], 16) / 255, int(text[5:7], 16) / 255


def format_colour(rgb: Triple) -> str:
    """Red, green, blue from 0 to 1 → `#rrggbb`."""
    return "#" + "".join(f"{round(min(1.0, max(0.0, part)) * 255):02x}" for part in rgb)


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio of two colours, from 1 to 21."""
    first, second = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (first + 0.05) / (second + 0.05)


def nearest_passing(colour: str, surfaces: tuple[str, ...], *, darker: bool) -> str:
    """`colour` itself where it passes on every surface, else its nearest darker (or lighter) shade that does."""
    if _passes(colour, surfaces):
        return format_colour(parse_colour(colour))
    lightness, chroma, hue = _to_oklch(parse_colour(colour))
    while 0.0 < lightness < 1.0:
        lightness += -_STEP if darker else _STEP
        shade = format_colour(_in_gamut(lightness, chroma, hue))
        if _passes(shade, surfaces):
            return shade
    return "#000000" if darker else "#ffffff"


def accent_of(colour: str) -> Accent:
    """The tenant's accent for both themes. On the accent goes white in light and the dark surface in dark: whatever
    passes *on* a surface also carries that surface's colour as its text."""
    light = nearest_passing(colour, LIGHT_SURFACES, darker=True)
    wanted = HOUSE_COLOUR_DARK if light == HOUSE_COLOUR else colour
    dark = nearest_passing(wanted, DARK_SURFACES, darker=False)
    return Accent(light=light, on_light=LIGHT_SURFACES[0], dark=dark, on_dark=DARK_SURFACES[0])


def _passes(colour: str, surfaces: tuple[str, ...]) -> bool:
    return all(contrast(colour, surface) >= TEXT_CONTRAST for surface in surfaces)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _encoded(part: float) -> float:
    if part < 0:
        return part * 12.92
    return part * 12.92 if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(part) for part in parse_colour(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _to_oklch(rgb: Triple) -> Triple:
    red, green, blue = (_linear(part) for part in rgb)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    green_red = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    blue_yellow = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return lightness, math.hypot(green_red, blue_yellow), math.atan2(blue_yellow, green_red)


def _from_oklch(lightness: float, chroma: float, hue: float) -> Triple:
    green_red, blue_yellow = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * green_red + 0.2158037573 * blue_yellow) ** 3
    medium = (lightness - 0.1055613458 * green_red - 0.0638541728 * blue_yellow) ** 3
    short = (lightness - 0.0894841775 * green_red - 1.2914855480 * blue_yellow) ** 3
    return (
        _encoded(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
        _encoded(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
        _encoded(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short),
    )


def _in_gamut(lightness: float, chroma: float, hue: float) -> Triple:
    """The colour of that lightness and hue with as much of the chroma as sRGB can show."""
    rgb = _from_oklch(lightness, chroma, hue)
    while chroma > 0 and (max(rgb) > 1.0 or min(rgb) < 0.0):
        chroma = max(0.0, chroma - 0.005)
        rgb = _from_oklch(lightness, chroma, hue)
    return rgb
