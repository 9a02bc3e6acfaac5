"""A dry run agrees with live ingest, changes nothing, and looks at no more than it says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engagement.analytics import dry_run
from engagement.analytics.dry_run import Given, dry_run_rule
from engagement.analytics.rules import get_rule_figures
from engagement.audit.actor import Actor
from engagement.ledger.models import LedgerEntry
from engagement.rules import services
from engagement.rules.errors import InvalidRuleError
from engagement.rules.selectors import get_rule, get_rules_version
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.engagement.activity.facts import MINUTE, NOON, book, message

TALK = {"triggers": ["message"], "amount": {"from": 15, "to": 25}, "cooldown_seconds": 60}
NOW = datetime.fromtimestamp(NOON / 1000, UTC) + timedelta(hours=2)
DAILY = {"triggers": ["daily_bonus"], "amount": 30}


@pytest.fixture
def community(rules: None, acme: TenantContext) -> Iterator[TenantContext]:
    """Ada writes four messages in two minutes and one elsewhere, Bob one; only the rule of messages is on."""
    with enter_tenant(acme):
        for key in ("reply", "daily_bonus"):
            services.set_rule_enabled(key=key, enabled=False, **AS)
        services.revise_rule(key="message", definition=TALK, **AS)
    book(acme, [message(1, at=NOON + number * MINUTE // 2, length=5 * number) for number in range(4)])
    book(acme, [message(1, at=NOON + 10 * MINUTE, channel="88"), message(2, at=NOON)])
    with enter_tenant(acme), clock.frozen_at(NOW):
        yield acme


AS: dict[str, Any] = {"actor": Actor("user", 1, "ada")}


def run(context: TenantContext, definition: dict[str, Any], key: str = "message", **options: Any) -> Any:
    return dry_run_rule(definition=definition, key=key, now=NOW, context=context, **options)


def test_the_rule_as_it_stands_gives_in_the_dry_run_what_it_gave_in_earnest(community: TenantContext) -> None:
    booked = LedgerEntry.objects.filter(rule_id=get_rule(key="message").pk)

    found = run(community, dict(TALK))

    assert found.given == found.standing
    assert found.given.awards == booked.count() == 4
    assert found.given.points == sum(booked.values_list("amount", flat=True))
    assert found.given.members == 2
    assert (found.looked_at, found.sampled, found.is_whole) == (6, 6, True)
    assert found.reasons == [("the cooldown of an earlier award was running", 2)]


def test_a_change_is_held_against_what_stands(community: TenantContext) -> None:
    found = run(community, {"triggers": ["message"], "amount": 10, "channels_out": ["88"]})

    assert found.given == Given(awards=5, points=50, members=2, most=40)
    assert found.standing is not None
    assert found.standing.awards == 4
    assert dict(found.reasons) == {"the channel is left out by the rule": 1}
    refused = next(example for example in found.examples if example.channel_id == "88")
    assert (refused.points, refused.reason) == (0, "the channel is left out by the rule")
    assert 15 <= refused.standing_points <= 25


def test_a_new_rule_and_one_that_is_off_are_held_against_nothing(community: TenantContext) -> None:
    condition = {"field": "length", "is": ">=", "value": 10}
    new = run(community, {"triggers": ["message"], "amount": 1, "condition": condition}, key="")
    assert (new.given.awards, new.standing) == (2, None)
    assert ("the condition needs length, which this activity does not carry", 2) in new.reasons

    services.set_rule_enabled(key="message", enabled=False, **AS)
    assert run(community, dict(TALK)).standing is None


def test_a_daily_bonus_is_given_for_what_the_others_reward(community: TenantContext) -> None:
    found = run(community, DAILY, key="daily_bonus")
    assert (found.given.awards, found.given.points) == (2, 60)


def test_what_is_left_out_for_all_rules_earns_nothing_here_either(community: TenantContext) -> None:
    services.set_rules_settings(excluded_channels=["77"], **AS)
    assert run(community, dict(TALK)).given.awards == 1


def test_nothing_is_written(community: TenantContext) -> None:
    version, entries = get_rules_version(), LedgerEntry.objects.count()
    run(community, {**TALK, "amount": 99})
    assert (get_rules_version(), LedgerEntry.objects.count()) == (version, entries)


def test_the_sample_is_bounded_and_says_so(community: TenantContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dry_run, "SAMPLE", 3)

    found = run(community, dict(TALK))

    assert (found.sampled, found.is_whole) == (3, False)


def test_older_than_the_days_asked_for_is_not_looked_at(community: TenantContext) -> None:
    later = NOW + timedelta(days=8)
    found = dry_run_rule(definition=TALK, key="message", now=later, context=community)
    assert (found.looked_at, found.given, found.a_day, found.is_whole) == (0, Given(), 0, True)


def test_the_number_of_queries_does_not_grow(
    community: TenantContext, django_assert_max_num_queries: Any
) -> None:
    book(community, [message(user, at=NOON + user) for user in range(50, 90)])
    with django_assert_max_num_queries(8):
        run(community, dict(TALK))


def test_a_wrong_definition_is_refused(community: TenantContext) -> None:
    with pytest.raises(InvalidRuleError):
        run(community, {"triggers": ["message"], "amount": 0})


def test_the_figures_of_the_week(community: TenantContext) -> None:
    figures = get_rule_figures(now=datetime.now(UTC))
    assert figures[get_rule(key="message").pk].awards == 4
    assert get_rule_figures(now=datetime.now(UTC) + timedelta(days=8)) == {}
