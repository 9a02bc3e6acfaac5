"""A rule in words, for members: what to do, what it gives, how often."""

from __future__ import annotations

import re
from typing import Final

from saas.core.counts import write_count

from .condition_words import condition_text
from .definition import DAILY_BONUS, Definition

_DEEDS: Final = {
    "message": "write a message",
    "reply": "answer somebody's message",
    "thread": "start a thread",
    "reaction_given": "react to somebody's message",
    "reaction_received": "get a reaction to your message",
    "voice_minute": "talk in a voice channel, not alone and not muted",
    "joined": "join the community",
    DAILY_BONUS: "be active on a new day",
}
_OWN_MARKS: Final = re.compile(r"[._-]+")
# Ids of channels and roles mean nothing to a member.
_NAMELESS: Final = re.compile(r"(of )?“\d{15,20}”(?:, “\d{15,20}”)*")
_SPANS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_ONCE: Final = 365 * 86_400  # what comes back after a year or later reads as once


def trigger_text(definition: Definition) -> str:
    """“Write a message or answer somebody's message”."""
    text = " or ".join(map(deed_text, definition.triggers))
    return text[0].upper() + text[1:]


def deed_text(trigger: str) -> str:
    """“write a message”; of a program's own type: “have “lesson completed” reported by a connected program”."""
    return _DEEDS.get(trigger) or f"have “{_OWN_MARKS.sub(' ', trigger)}” reported by a connected program"


def rule_text(definition: Definition, unit: str) -> str:
    """The rule in one sentence: “Write a message: 15–25 points, once every minute.” `unit` is the community's word."""
    return f"{trigger_text(definition)}: {', '.join([named_amount(definition, unit), *limit_texts(definition)])}."


def named_amount(definition: Definition, unit: str) -> str:
    """“15–25 points”, “1 point”, “2 points a minute”."""
    number, space, rest = amount_text(definition).partition(" ")
    named = write_count(1, unit).partition(" ")[2] if number == "1" else unit
    return f"{number} {named}{space}{rest}"


def amount_text(definition: Definition) -> str:
    """“15–25”, “2 a minute”; the multiplier is counted in."""
    low = (definition.low * definition.multiplier_percent + 50) // 100
    high = (definition.high * definition.multiplier_percent + 50) // 100
    amount = f"{low:,}" if low == high else f"{low:,}–{high:,}"
    return f"{amount} a minute" if definition.triggers == ("voice_minute",) else amount


def limit_texts(definition: Definition) -> list[str]:
    """Each limit as a short phrase, empty where there is none."""
    limits = []
    if definition.is_daily_bonus:
        limits.append("once a day, on your own clock")
    if definition.cooldown_seconds >= _ONCE:
        limits.append("only once")
    elif definition.cooldown_seconds:
        limits.append(f"once every {duration_text(definition.cooldown_seconds)}")
    if definition.daily_count_cap is not None:
        limits.append(f"up to {definition.daily_count_cap:,} times a day")
    if definition.daily_points_cap is not None:
        limits.append(f"up to {definition.daily_points_cap:,} points a day")
    if definition.min_level:
        limits.append(f"from level {definition.min_level} on")
    if definition.min_membership_days:
        limits.append(f"after {duration_text(definition.min_membership_days * 86_400)} here")
    if definition.channels_in or definition.categories_in:
        limits.append("in certain channels")
    if definition.channels_out or definition.categories_out:
        limits.append("not in every channel")
    if definition.roles_in:
        limits.append("with certain roles")
    if definition.roles_out:
        limits.append("not with certain roles")
    if definition.condition is not None:
        limits.append(f"when {_NAMELESS.sub(_unnamed, condition_text(definition.condition))}")
    return limits


def _unnamed(found: re.Match[str]) -> str:
    return "of those chosen" if found[1] else "the chosen one"


def duration_text(seconds: int) -> str:
    """“90 seconds”, “minute”, “2 hours”: the largest unit that divides it evenly; a single unit stands without its number."""
    for unit, length in _SPANS:
        if seconds % length == 0 and seconds >= length:
            number = seconds // length
            return unit if number == 1 else f"{number:,} {unit}s"
    return "0 seconds"
