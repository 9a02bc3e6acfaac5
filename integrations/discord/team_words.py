"""What the team reads in its channels, in the community's language. Pure.

Names and reasons are the caller's to escape; numbers are written here, as the language writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engagement.credits.flagging import UNUSUAL, words_of_flag
from engagement.notifications.notice_words import choose_language
from saas.core.counts import write_count
from tenants.context import TenantContext

from .team_languages.english import ENGLISH
from .team_languages.german import GERMAN

LANGUAGES: Final[Mapping[str, Mapping[str, str]]] = {"en": ENGLISH, "de": GERMAN}


def language_of(context: TenantContext) -> str:
    """A channel is read by many, so the community's language counts."""
    return choose_language(context.locale)


def say(language: str, key: str, **values: Any) -> str:
    """The sentence, with whole numbers in the language's digits."""
    words = LANGUAGES[language].get(key) or ENGLISH[key]
    return words.format(
        **{name: number(language, value) if type(value) is int else value for name, value in values.items()}
    )


def say_count(language: str, key: str, count: int, **values: Any) -> str:
    return say(language, f"{key}.{'one' if count == 1 else 'many'}", count=count, **values)


def number(language: str, value: int) -> str:
    text = f"{value:,}"
    return text.replace(",", ".") if language == "de" else text


def amount(language: str, value: int, unit: str) -> str:
    """So much of something that the community named itself."""
    return write_count(value, unit) if language == "en" else f"{number(language, value)} {unit}"


def say_flag(language: str, flag: Mapping[str, Any]) -> str:
    """As engagement.credits.flagging.words_of_flag. A code of a later release speaks for itself."""
    code = flag.get("code")
    if code == "burst":
        return say(language, "flag.burst", count=flag["count"])
    if code == "new_member":
        days = flag["days"]
        key = "flag.new_member"
        return say_count(language, key, days) if days else say(language, f"{key}.today")
    if code == "unusual_amount":
        return say(language, "flag.unusual_amount", times=UNUSUAL, count=flag["usual"])
    if code == "same_reason":
        return say(language, "flag.same_reason")
    return words_of_flag(dict(flag))
