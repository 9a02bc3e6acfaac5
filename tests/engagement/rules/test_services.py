"""Writing rules: versions, the tenant's version number, and what is refused."""

from __future__ import annotations

import pytest

from engagement.audit.actor import SYSTEM, Actor
from engagement.rules import services
from engagement.rules.errors import (
    InvalidRuleError,
    RuleArchivedError,
    RuleKeyTakenError,
    RuleNotFoundError,
    TooManyRulesError,
)
from engagement.rules.evaluation import MemberState, evaluate
from engagement.rules.models import Rule, RuleVersion
from engagement.rules.seeds import DEFAULT_RULES
from engagement.rules.selectors import (
    get_rule,
    get_rules_settings,
    get_rules_version,
    list_rules,
    list_ways_to_earn,
    load_rule_set,
)
from tenants.context import TenantContext, enter_tenant

from .material import a_message

FIVE = {"triggers": ["message"], "amount": 5}
SIX = {"triggers": ["message"], "amount": 6}
pytestmark = pytest.mark.usefixtures("in_acme")


def make(key: str = "talk", **changes: object) -> Rule:
    return services.create_rule(
        **{"key": key, "name": "Talking", "definition": FIVE, "actor": Actor("user", 1, "ada"), **changes}  # type: ignore[arg-type]
    )


def test_a_new_rule_is_live_at_once_and_bumps_the_version() -> None:
    before = get_rules_version()

    make()

    rules = load_rule_set()
    assert rules.version == get_rules_version() == before + 1
    assert [effect.amount for effect in evaluate(a_message(), MemberState(1), rules)] == [5]


def test_revising_makes_a_version_and_keeps_the_old_one() -> None:
    make()

    services.revise_rule(key="talk", definition=SIX, name="Chatting", actor=Actor("user", 2, "bob"))

    rule = get_rule(key="talk")
    versions = list(RuleVersion.objects.filter(rule=rule).order_by("number"))
    assert [(v.number, v.name, v.definition, v.created_by) for v in versions] == [
        (1, "Talking", FIVE, "ada"),
        (2, "Chatting", SIX, "bob"),
    ]
    assert rule.latest_id == versions[1].pk
    (effect,) = evaluate(a_message(), MemberState(1), load_rule_set())
    assert (effect.amount, effect.version_id, effect.title) == (6, versions[1].pk, "Chatting")


def test_revising_with_nothing_new_changes_nothing() -> None:
    make()
    version = get_rules_version()

    services.revise_rule(key="talk", definition=dict(FIVE), actor=Actor("user", 2, "bob"))

    assert get_rules_version() == version
    assert RuleVersion.objects.count() == 1


def test_switching_off_and_on() -> None:
    make()

    services.set_rule_enabled(actor=SYSTEM, key="talk", enabled=False)
    assert evaluate(a_message(), MemberState(1), load_rule_set()) == []
    services.set_rule_enabled(actor=SYSTEM, key="talk", enabled=True)
    services.set_rule_enabled(actor=SYSTEM, key="talk", enabled=True)

    assert evaluate(a_message(), MemberState(1), load_rule_set()) != []
    assert get_rules_version() == 3


def test_an_archived_rule_keeps_its_versions_and_cannot_change() -> None:
    make()
    services.archive_rule(actor=SYSTEM, key="talk")
    services.archive_rule(actor=SYSTEM, key="talk")

    assert get_rules_version() == 2
    assert list_rules() == []
    assert [rule.key for rule in list_rules(include_archived=True)] == ["talk"]
    assert RuleVersion.objects.count() == 1
    for change in (
        lambda: services.revise_rule(key="talk", definition=SIX, actor=Actor("user", 2, "bob")),
        lambda: services.set_rule_enabled(actor=SYSTEM, key="talk", enabled=True),
    ):
        with pytest.raises(RuleArchivedError):
            change()


def test_what_is_refused() -> None:
    make()

    with pytest.raises(RuleKeyTakenError):
        make()
    with pytest.raises(RuleNotFoundError):
        services.revise_rule(key="nothing", definition=SIX, actor=Actor("user", 2, "bob"))
    with pytest.raises(RuleNotFoundError):
        services.archive_rule(actor=SYSTEM, key="nothing")
    for key, name, definition in (("Bad Key", "x", FIVE), ("good", "  ", FIVE), ("good", "x", {"amount": 5})):
        with pytest.raises(InvalidRuleError):
            make(key, name=name, definition=definition)
    assert [rule.key for rule in list_rules()] == ["talk"]


def test_a_community_has_a_limit_of_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MAX_RULES", 2)
    make("one")
    make("two")

    with pytest.raises(TooManyRulesError):
        make("three")


def test_settings_hold_for_all_rules() -> None:
    make()

    services.set_rules_settings(
        actor=SYSTEM, reversal_seconds=3600, excluded_channels=["9", "9"], excluded_roles=["r"]
    )
    services.set_rules_settings(actor=SYSTEM, excluded_categories=["c"])

    settings = get_rules_settings()
    assert (settings.reversal_seconds, settings.excluded_channels) == (3600, frozenset({"9"}))
    assert (settings.excluded_categories, settings.excluded_roles) == (frozenset({"c"}), frozenset({"r"}))
    rules = load_rule_set()
    assert rules.reversal_ms == 3_600_000
    assert evaluate(a_message(channel="9"), MemberState(1), rules) == []
    with pytest.raises(InvalidRuleError):
        services.set_rules_settings(actor=SYSTEM, reversal_seconds=-1)
    with pytest.raises(InvalidRuleError):
        services.set_rules_settings(actor=SYSTEM, excluded_roles=[""])


def test_the_default_rules_are_seeded_once() -> None:
    services.seed_rules()
    services.archive_rule(actor=SYSTEM, key="joined")

    assert services.seed_rules() == []
    assert [rule.key for rule in list_rules()] == [key for key, *_ in DEFAULT_RULES if key != "joined"]
    assert load_rule_set().problems == ()


def test_ways_to_earn_come_from_the_live_rules_in_one_query(django_assert_num_queries: object) -> None:
    services.seed_rules()
    services.set_rule_enabled(actor=SYSTEM, key="voice", enabled=False)
    services.revise_rule(
        key="reply", definition={"triggers": ["reply"], "amount": 8}, actor=Actor("user", 1, "ada")
    )

    with django_assert_num_queries(1):  # type: ignore[operator]
        ways = list_ways_to_earn()

    assert [way.title for way in ways] == [
        "Messages",
        "Helping others",
        "Starting a thread",
        "Reacting",
        "Being reacted to",
        "Welcome",
        "First of the day",
    ]
    assert (ways[0].amount_text, ways[0].limits, ways[0].activity_type) == (
        "15–25",
        ["once every minute"],
        "message",
    )
    assert (ways[1].amount_text, ways[1].limits) == ("8", [])


def test_the_compiled_set_takes_two_queries(django_assert_num_queries: object) -> None:
    services.seed_rules()

    with django_assert_num_queries(2):  # type: ignore[operator]
        load_rule_set()


def test_the_other_community_sees_nothing_of_it(globex: TenantContext) -> None:
    make("only_here")

    with enter_tenant(globex):
        assert "only_here" not in [rule.key for rule in list_rules(include_archived=True)]
