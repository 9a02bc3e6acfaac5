"""A tenant's colour is always readable, and stays itself where it already is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend_api.colour import (
    DARK_SURFACES,
    LIGHT_SURFACES,
    TEXT_CONTRAST,
    Accent,
    accent_of,
    contrast,
    parse_colour,
)
from saas.core.errors import InvalidInputError


def test_contrast_is_wcags() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#4f46e5", "#4f46e5") == 1


@given(st.integers(min_value=0, max_value=0xFFFFFF))
def test_any_colour_becomes_one_that_passes_as_text_and_as_fill(number: int) -> None:
    accent = accent_of(f"#{number:06x}")
    assert all(contrast(accent.light, surface) >= TEXT_CONTRAST for surface in LIGHT_SURFACES)
    assert all(contrast(accent.dark, surface) >= TEXT_CONTRAST for surface in DARK_SURFACES)
    assert contrast(accent.on_light, accent.light) >= TEXT_CONTRAST
    assert contrast(accent.on_dark, accent.dark) >= TEXT_CONTRAST


def test_a_colour_that_passes_is_left_alone() -> None:
    assert accent_of("#0b7285").light == "#0b7285"
    assert accent_of("#8b85ff").dark == "#8b85ff"


def test_our_own_accent_has_the_shades_that_the_look_names() -> None:
    assert accent_of("#4f46e5") == Accent("#4f46e5", "#ffffff", "#8b85ff", "#15151c")


def test_the_shade_is_the_nearest_and_keeps_its_hue() -> None:
    yellow = accent_of("#ffd400")
    red, green, blue = parse_colour(yellow.light)
    assert contrast(yellow.light, LIGHT_SURFACES[1]) < TEXT_CONTRAST + 0.15
    assert red > green > blue


@pytest.mark.parametrize("text", ["", "red", "#fff", "#12345g", "#1234567", "4f46e5"])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        accent_of(text)
