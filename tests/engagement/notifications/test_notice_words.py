"""Every kind has its words in every language, and they read right with any facts."""

from __future__ import annotations

from datetime import UTC, datetime
from string import Formatter

import pytest

from engagement.notifications.languages.english import ENGLISH
from engagement.notifications.notice_kinds import NOTICE_KINDS
from engagement.notifications.notice_words import LANGUAGES, choose_language, write_notice


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def write(kind: str, language: str = "en", **facts: object) -> str:
    return write_notice(
        kind, facts, language=language, points_name="coins", when=lambda moment: f"{moment:%d.%m.}"
    )


def test_every_kind_has_words() -> None:
    assert NOTICE_KINDS.keys() <= ENGLISH.keys()


@pytest.mark.parametrize("language", sorted(LANGUAGES.keys() - {"en"}))
def test_every_language_says_the_same(language: str) -> None:
    other = LANGUAGES[language]
    assert other.keys() == ENGLISH.keys()
    assert [key for key in ENGLISH if places(other[key]) != places(ENGLISH[key])] == []


def test_amounts_follow_language_and_the_community() -> None:
    facts = {"reward": "Mug", "points": 1284}
    assert write("redemption_rejected", **facts) == "“Mug” was not approved. Your 1,284 coins are back."
    assert "1.284 coins" in write("redemption_rejected", "de", **facts)
    assert "Your 1 coin " in write("redemption_rejected", reward="Mug", points=1)


def test_reason_moment_and_more_follow_where_they_are_known() -> None:
    until = datetime(2027, 3, 4, tzinfo=UTC).isoformat()
    assert write("role_given", reward="VIP", until=until).endswith("now. Until 04.03..")
    assert write("redemption_rejected", reward="Mug", points=5, reason="Out of paint").endswith(
        "Reason: Out of paint"
    )
    assert write("affordable", reward="Mug", points=5, count=3).endswith(
        "3 more are within your reach as well."
    )


def test_a_fact_that_is_missing_leaves_a_dash_and_no_place_is_filled_twice() -> None:
    assert write("parcel_shipped") == "“–” is on its way."
    assert "{points}" in write("parcel_shipped", reward="{points}", points=3)


def test_a_language_is_chosen_by_its_first_part() -> None:
    assert choose_language("de-AT", "en") == "de"
    assert choose_language("", "tlh") == "en"
