"""The picture under /profile."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from bot_shard.card import CardFacts, _luminance, _readable, draw_card, is_drawable

FACTS = CardFacts(
    name="Ada Wren", level="Level 3", percent=40, next_text="120 to level 4", points="1,284",
    points_text="points · 20 this week", rank="#4", rank_text="of 30 members", days=[0, 3, 5], days_text="Days",
    colour="#4f46e5",
)  # fmt: skip


def picture(facts: CardFacts = FACTS, avatar: bytes | None = None) -> Image.Image:
    return Image.open(BytesIO(draw_card(facts, avatar)))


def test_it_is_900_by_300() -> None:
    assert picture().size == (900, 300)


@pytest.mark.parametrize(
    "facts",
    [
        replace(FACTS, days=[]),
        replace(FACTS, days=[0] * 14, percent=0, name=""),
        replace(FACTS, days=[-5, 2], percent=100, name="W" * 100),
        replace(FACTS, name="漢字 🎉", colour="#000000"),
    ],
)
def test_odd_facts_are_drawn_as_well(facts: CardFacts) -> None:
    assert picture(facts).size == (900, 300)


def test_an_avatar_that_is_no_picture_gives_way_to_the_initial() -> None:
    assert picture(avatar=b"<html>").tobytes() == picture().tobytes()


def test_an_avatar_is_drawn() -> None:
    data = BytesIO()
    Image.new("RGB", (64, 64), "#ff0000").save(data, "PNG")
    assert picture(avatar=data.getvalue()).convert("RGB").getpixel((150, 126)) == (255, 0, 0)


@pytest.mark.parametrize("colour", ["#000000", "#4f46e5", "#ffffff", "#7f0000"])
def test_any_colour_stands_out_from_the_card(colour: str) -> None:
    chosen = _readable(colour)
    light = _luminance(*(int(chosen[n : n + 2], 16) for n in (1, 3, 5)))
    dark = _luminance(0x15, 0x15, 0x1C)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_what_the_font_can_draw() -> None:
    assert is_drawable("Théo Blanc-Ørsted’s")
    assert not is_drawable("漢")
    assert not is_drawable("🎉")


@pytest.mark.parametrize("text", ["Punkte · 1.234.567 diese Woche", "points · 123,456,789 this week"])
def test_a_long_figure_keeps_to_its_column(text: str) -> None:
    short, long = (
        picture(replace(FACTS, rank="", rank_text="", points_text=shown)).convert("RGB")
        for shown in ("points", text)
    )
    right = (548, 100, 900, 200)  # where the rank stands
    assert short.crop(right).tobytes() == long.crop(right).tobytes()
