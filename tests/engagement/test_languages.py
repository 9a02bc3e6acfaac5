"""What is said of rules and entries, in every language: each sentence with the same places, and German where German is asked for."""

from __future__ import annotations

from string import Formatter
from typing import Any

import pytest

from engagement.analytics.languages import SENTENCES as ENTRIES
from engagement.analytics.selectors import explain_entry, explain_message, list_history
from engagement.audit.actor import SYSTEM
from engagement.members.selectors import find_member
from engagement.progression.services import adjust_points
from engagement.rules.condition_words import condition_text
from engagement.rules.definition import parse_definition
from engagement.rules.languages import SENTENCES as RULES
from engagement.rules.selectors import list_ways_to_earn
from engagement.rules.words import deed_text, limit_texts, refusal_text, trigger_text
from saas.core.text import Sentences
from tenants.context import TenantContext, enter_tenant
from tests.engagement.activity.facts import book, message

PACKAGES = {"entries": ENTRIES, "rules": RULES}


def places(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_sentence_exists_with_the_same_places(package: str) -> None:
    sentences = PACKAGES[package].languages
    english = sentences["en"]
    for language in sentences.keys() - {"en"}:
        other = sentences[language]
        assert other.keys() == english.keys()
        assert {key for key in english if places(other[key]) != places(english[key])} == set()
        assert all(text.strip() for text in other.values())


def test_every_reason_of_evaluation_is_translated() -> None:
    """Reasons are English sentences in the code that judges; a reworded one would silently stay English."""
    import ast
    from pathlib import Path

    from engagement.rules import evaluation

    tree = ast.parse(Path(evaluation.__file__).read_text())
    said = set()
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Return) else None
        if isinstance(value, ast.JoinedStr):
            said.add("".join(p.value if isinstance(p, ast.Constant) else "{}" for p in value.values))
        elif isinstance(value, ast.Constant) and isinstance(value.value, str) and " " in value.value:
            said.add(value.value)
    assert len(said) > 10
    assert said - RULES.languages["de"].keys() == set()


def test_limits_and_conditions_in_german() -> None:
    rule = parse_definition(
        {
            "triggers": ["message", "reply"],
            "amount": {"from": 1500, "to": 2500},
            "cooldown_seconds": 60,
            "daily_count_cap": 1200,
            "min_level": 3,
            "min_membership_days": 7,
            "condition": {
                "all": [
                    {"field": "length", "is": ">=", "value": 20},
                    {"field": "channel", "is": "in", "value": ["123456789012345678", "123456789012345679"]},
                    {"field": "channel", "is": "!=", "value": "123456789012345678"},
                ]
            },
        }
    )
    assert trigger_text(rule, "de") == "Schreib eine Nachricht oder antworte auf eine Nachricht"
    assert limit_texts(rule, "de") == [
        "höchstens einmal in 1 Minute",
        "bis zu 1.200-mal am Tag",
        "ab Level 3",
        "nach 7 Tagen Mitgliedschaft",
        "wenn: die Länge der Nachricht ist mindestens 20 und der Kanal ist eins von den gewählten und der Kanal ist nicht die "
        "gewählte Auswahl",
    ]
    assert (
        deed_text("lesson_completed", "de") == "lass „lesson completed“ von einem verbundenen Programm melden"
    )
    assert (
        condition_text({"field": "weekday", "is": "==", "value": 0}, language="de")
        == "der Wochentag ist Montag"
    )
    assert refusal_text("the member was below level 12", "de") == "dafür braucht es Level 12"
    assert refusal_text("the condition failed: boom", "de") == "the condition failed: boom"


def test_an_unknown_language_reads_english() -> None:
    one = Sentences(en={"a": "one {n}"}, de={})
    assert one.say("de", "a", n=1234) == "one 1.234"
    assert one.say("tlh", "a", n=1234) == "one 1,234"


def test_a_history_in_german(rules: None, acme: TenantContext) -> None:
    fact = message(1)
    book(acme, [fact])
    with enter_tenant(acme):
        member = find_member(provider="discord", external_id="1")
        assert member is not None
        adjust_points(
            member_id=member.pk,
            amount=1234,
            reason="Fürs Helfen",
            actor=SYSTEM,
            context=acme,
            idempotency_key="k1",
        )
        lines = list_history(member_id=member.pk, language="de")
        assert lines[0].title.startswith("Gegeben von ")
        assert any(line.detail == "Eine Nachricht" for line in lines)
        why: Any = dict(explain_entry(entry_id=lines[-1].entry_id, language="de").lines)
        assert why.keys() >= {"Was", "Regel", "Betrag"}
        assert "Punkte" in why["Betrag"] or "ausgelost" in why["Betrag"]
        assert explain_message(source_id="discord:message:1", language="de").note.startswith("Das wurde nie")
        assert all("Nachricht" not in way.description for way in list_ways_to_earn())
        assert any("Nachricht" in way.description for way in list_ways_to_earn(language="de"))
