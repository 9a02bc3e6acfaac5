"""A rule in words, for members: what to do, what it gives, how often; in the languages of languages/."""

from __future__ import annotations

import re
from typing import Final

from saas.core.counts import write_count
from saas.core.text import group_digits

from .condition_words import condition_text
from .definition import DAILY_BONUS, Definition
from .languages import SENTENCES

_say = SENTENCES.say

_OWN_MARKS: Final = re.compile(r"[._-]+")
# Ids of channels and roles mean nothing to a member.
_NAMELESS: Final = re.compile(r"(?P<many>of |(?P<von>von ))?“\d{15,20}”(?:, “\d{15,20}”)*")
_NUMBER: Final = re.compile(r"\d+")
_SPANS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_ONCE: Final = 365 * 86_400  # what comes back after a year or later reads as once


def trigger_text(definition: Definition, language: str = "en") -> str:
    """“Write a message or answer somebody's message”."""
    text = _say(language, "or").join(deed_text(trigger, language) for trigger in definition.triggers)
    return text[0].upper() + text[1:]


def deed_text(trigger: str, language: str = "en") -> str:
    """“write a message”; of a program's own type: “have “lesson completed” reported by a connected program”."""
    known = SENTENCES.find(language, f"deed.{'daily_bonus' if trigger == DAILY_BONUS else trigger}")
    if known is not None and trigger != "other":
        return known
    return _say(language, "deed.other", name=_OWN_MARKS.sub(" ", trigger))


def rule_text(definition: Definition, unit: str) -> str:
    """The rule in one sentence: “Write a message: 15–25 points, once every minute.” `unit` is the community's word."""
    return f"{trigger_text(definition)}: {', '.join([named_amount(definition, unit), *limit_texts(definition)])}."


def named_amount(definition: Definition, unit: str) -> str:
    """“15–25 points”, “1 point”, “2 points a minute”."""
    number, space, rest = amount_text(definition).partition(" ")
    named = write_count(1, unit).partition(" ")[2] if number == "1" else unit
    return f"{number} {named}{space}{rest}"


def amount_text(definition: Definition, language: str = "en") -> str:
    """“15–25”, “2 a minute”; the multiplier is counted in."""
    low, high = (
        group_digits(language, (amount * definition.multiplier_percent + 50) // 100)
        for amount in (definition.low, definition.high)
    )
    amount = low if low == high else f"{low}–{high}"
    return _say(language, "a_minute", amount=amount) if definition.triggers == ("voice_minute",) else amount


def limit_texts(definition: Definition, language: str = "en") -> list[str]:
    """Each limit as a short phrase, empty where there is none."""
    limits = []

    def add(key: str, **values: object) -> None:
        limits.append(_say(language, f"limit.{key}", **values))

    if definition.is_daily_bonus:
        add("daily")
    if definition.cooldown_seconds >= _ONCE:
        add("once")
    elif definition.cooldown_seconds:
        add("cooldown", span=duration_text(definition.cooldown_seconds, language))
    if definition.daily_count_cap is not None:
        add("times", count=definition.daily_count_cap)
    if definition.daily_points_cap is not None:
        add("points", count=definition.daily_points_cap)
    if definition.min_level:
        add("level", level=str(definition.min_level))
    if definition.min_membership_days:
        add("membership", span=duration_text(definition.min_membership_days * 86_400, language))
    if definition.channels_in or definition.categories_in:
        add("channels_in")
    if definition.channels_out or definition.categories_out:
        add("channels_out")
    if definition.roles_in:
        add("roles_in")
    if definition.roles_out:
        add("roles_out")
    if definition.condition is not None:
        add(
            "condition", condition=_unnamed(condition_text(definition.condition, language=language), language)
        )
    return limits


def _unnamed(condition: str, language: str) -> str:
    def replace(found: re.Match[str]) -> str:
        if not found["many"]:
            return _say(language, "chosen_one")
        return f"{found['von'] or ''}{_say(language, 'chosen_many')}"

    return _NAMELESS.sub(replace, condition)


def duration_text(seconds: int, language: str = "en") -> str:
    """“90 seconds”, “minute”, “2 hours”: the largest unit that divides it evenly; in English a single unit stands without its number."""
    for unit, length in _SPANS:
        if seconds % length == 0 and seconds >= length:
            number = seconds // length
            return (
                _say(language, f"span.{unit}")
                if number == 1
                else _say(language, f"span.{unit}s", count=number)
            )
    return _say(language, "span.none")


def refusal_text(reason: str, language: str = "en") -> str:
    """Why a rule gave nothing, as `evaluation` calls it, for a reader. What only an organiser can mend stays English."""
    if language == "en":
        return reason
    known = SENTENCES.find(language, reason)
    if known is not None:
        return known
    numbers = _NUMBER.findall(reason)
    patterned = SENTENCES.find(language, _NUMBER.sub("{}", reason))
    return reason if patterned is None else patterned.format(*numbers)
