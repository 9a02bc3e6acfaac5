"""Versions: what differs, in words; back to an earlier one; two organisers on one rule."""

from __future__ import annotations

import pytest

from engagement.audit.actor import Actor
from engagement.rules import services
from engagement.rules.differences import Difference, describe_differences, describe_rule
from engagement.rules.errors import RuleChangedError, RuleNotFoundError, RulesSettingsChangedError
from engagement.rules.selectors import get_rule, get_rule_version, get_rules_settings, list_rule_versions

ADA, BOB = Actor("user", 1, "ada"), Actor("user", 2, "bob")
FIVE = {"triggers": ["message"], "amount": 5}
SIX = {"triggers": ["message"], "amount": 6, "channels_out": ["7"], "cooldown_seconds": 90}
in_acme = pytest.mark.usefixtures("in_acme")


def make() -> None:
    services.create_rule(key="talk", name="Talking", definition=FIVE, actor=ADA)


@in_acme
def test_the_second_of_two_organisers_is_told_and_nothing_is_written() -> None:
    make()
    services.revise_rule(key="talk", definition=SIX, actor=ADA, expected_version=1)

    with pytest.raises(RuleChangedError) as caught:
        services.revise_rule(key="talk", definition={**FIVE, "amount": 9}, actor=BOB, expected_version=1)

    assert (caught.value.standing.number, caught.value.standing.created_by) == (2, "ada")
    assert "ada changed “Talking”" in caught.value.message
    assert get_rule(key="talk").latest.definition == SIX  # type: ignore[union-attr]


@in_acme
def test_the_very_same_edit_sent_twice_is_no_conflict() -> None:
    make()
    for _ in range(2):
        services.revise_rule(key="talk", definition=SIX, actor=ADA, expected_version=1)
    assert [version.number for version in list_rule_versions(key="talk")] == [2, 1]


@in_acme
def test_reverting_makes_a_new_version_that_says_the_old() -> None:
    make()
    services.revise_rule(key="talk", definition=SIX, name="Chatting", actor=ADA)

    services.revert_rule(key="talk", number=1, actor=BOB)
    services.revert_rule(key="talk", number=1, actor=BOB)  # stands already

    versions = list_rule_versions(key="talk")
    assert [(v.number, v.name, v.definition, v.created_by) for v in versions] == [
        (3, "Talking", FIVE, "bob"),
        (2, "Chatting", SIX, "ada"),
        (1, "Talking", FIVE, "ada"),
    ]
    assert get_rule_version(key="talk", number=2).name == "Chatting"


@in_acme
def test_reverting_to_what_never_was_or_over_somebody_else_is_refused() -> None:
    make()
    services.revise_rule(key="talk", definition=SIX, actor=ADA)

    with pytest.raises(RuleNotFoundError):
        services.revert_rule(key="talk", number=7, actor=BOB)
    with pytest.raises(RuleNotFoundError):
        get_rule_version(key="talk", number=7)
    with pytest.raises(RuleChangedError):
        services.revert_rule(key="talk", number=1, actor=BOB, expected_version=1)


@in_acme
def test_settings_that_somebody_else_changed_are_not_overwritten() -> None:
    standing = get_rules_settings()
    services.set_rules_settings(actor=ADA, excluded_roles=["1"], expected=standing)

    with pytest.raises(RulesSettingsChangedError):
        services.set_rules_settings(actor=ADA, reversal_seconds=0, expected=standing)

    assert get_rules_settings().excluded_roles == frozenset({"1"})
    assert get_rules_settings().reversal_seconds == standing.reversal_seconds


def test_differences_are_told_line_by_line() -> None:
    assert describe_differences(("Talking", FIVE), ("Chatting", SIX), {"7": "#spam"}) == [
        Difference("Name", "Talking", "Chatting"),
        Difference("Amount", "5", "6"),
        Difference("Pause between two awards", "none", "90 seconds"),
        Difference("Not in channels", "none", "#spam"),
    ]
    assert describe_differences(("Talking", FIVE), ("Talking", dict(FIVE))) == []


def test_a_definition_that_no_longer_holds_is_shown_all_the_same() -> None:
    lines = dict(describe_rule("Old", {"triggers": ["message"], "amount": 0}))
    assert "Not valid any more" in lines["Definition"]
    assert describe_differences(("Old", {"amount": 0}), ("New", FIVE))[0] == Difference("Name", "Old", "New")
