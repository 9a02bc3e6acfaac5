"""Active rules: counted under a lock, frozen over the limit by the plan in force, thawed by a better one."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from engagement.activity.memory import TenantMemory
from engagement.audit.actor import SYSTEM
from engagement.ledger.models import LedgerEntry
from engagement.rules import freezing, services
from engagement.rules.errors import RuleFrozenError
from engagement.rules.models import Rule
from engagement.rules.selectors import list_live_rows, list_ways_to_earn
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tenants.gates import LimitReachedError
from tests.engagement.activity.facts import MINUTE, NOON, book, message
from tests.plans import put_on_plan

from .racing import ROUNDS, at_once, meet, row_locks_off

FIVE = {"triggers": ["message"], "amount": 5}


def make(key: str, *, enabled: bool = True) -> Rule:
    return services.create_rule(key=key, name=key, definition=FIVE, actor=SYSTEM, enabled=enabled)


@pytest.fixture
def bare(acme: TenantContext) -> TenantContext:
    """Acme without a rule that is on. Beside `db` or `committed_db`."""
    with enter_tenant(acme):
        Rule.objects.update(enabled=False)
    return acme


def running(context: TenantContext) -> set[str]:
    with enter_tenant(context):
        return {row.key for row in list_live_rows()}


def test_an_active_rule_more_than_the_plan_includes_is_refused(db: None, bare: TenantContext) -> None:
    context = put_on_plan(bare, rules=1)
    with enter_tenant(context):
        make("one")
        with pytest.raises(LimitReachedError) as refused:
            make("two")
        assert refused.value.facts == {"limit": "rules", "allowed": 1}
        make("two", enabled=False)
        with pytest.raises(LimitReachedError):
            services.set_rule_enabled(key="two", enabled=True, actor=SYSTEM)
        services.set_rule_enabled(key="one", enabled=False, actor=SYSTEM)
        services.set_rule_enabled(key="two", enabled=True, actor=SYSTEM)
    assert running(context) == {"two"}


def test_the_newest_rest_unchanged_and_come_back_by_themselves(db: None, bare: TenantContext) -> None:
    with enter_tenant(bare):
        for key in ("one", "two", "three"):
            make(key)
    lower = put_on_plan(bare, rules=2)
    with enter_tenant(lower):
        assert len(list_ways_to_earn()) == 2
        with pytest.raises(RuleFrozenError, match="older"):
            services.revise_rule(key="three", name="other", actor=SYSTEM)
        services.revise_rule(key="two", name="other", actor=SYSTEM)
    assert running(lower) == {"one", "two"}
    with enter_tenant(lower):
        services.set_rule_enabled(key="one", enabled=False, actor=SYSTEM)
    assert running(lower) == {"two", "three"}
    with enter_tenant(lower):
        services.set_rule_enabled(key="one", enabled=False, actor=SYSTEM)
    assert running(put_on_plan(bare, rules=9)) == {"two", "three"}


def test_the_end_of_a_trial_freezes_with_no_event(db: None, bare: TenantContext) -> None:
    with enter_tenant(bare):
        make("one")
        make("two")
    end = clock.now() + timedelta(days=14)
    context = put_on_plan(bare, rules=10, then={end: {"rules": 1}})
    assert running(context) == {"one", "two"}
    with clock.frozen_at(end):
        assert running(context) == {"one"}


def test_ingest_judges_by_the_plan_in_force(committed_db: None, bare: TenantContext) -> None:
    with enter_tenant(bare):
        make("one")
        make("two")
    memory = TenantMemory()
    book(bare, [message(1)], memory)
    book(put_on_plan(bare, rules=1), [message(1, at=NOON + MINUTE)], memory)
    book(put_on_plan(bare, rules=2), [message(1, at=NOON + 2 * MINUTE)], memory)
    with enter_tenant(bare):
        assert list(LedgerEntry.objects.order_by("pk").values_list("amount", flat=True)) == [5] * 5


def race(context: TenantContext, number: int) -> int:
    """Two make the last rule that fits; answers how many are active."""
    with enter_tenant(context):
        Rule.objects.update(enabled=False)

    def act(key: str) -> None:
        with enter_tenant(context):
            make(f"{key}_{number}")

    at_once(lambda: act("one"), lambda: act("two"))
    with enter_tenant(context):
        made = Rule.objects.filter(enabled=True).count()
        # There may be a hundred rules, and there are more rounds than that leaves room for.
        Rule.objects.filter(enabled=True).update(enabled=False, archived_at=clock.now())
        return made


@pytest.mark.race
@pytest.mark.parametrize("rounds", ROUNDS)
def test_of_two_who_make_the_last_rule_one_is_refused(
    committed_db: None, acme: TenantContext, rounds: int
) -> None:
    context = put_on_plan(acme, rules=1)
    assert [race(context, number) for number in range(rounds)] == [1] * rounds
    connection.close()


@pytest.mark.race
def test_without_the_lock_both_would_be_made(
    committed_db: None, acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = put_on_plan(acme, rules=1)
    counted = freezing.require_room_for_rule
    together = meet(threading.Barrier(2))

    def count_and_wait() -> None:
        counted()
        together()

    monkeypatch.setattr(services, "require_room_for_rule", count_and_wait)
    monkeypatch.setattr(services, "_bump", lambda _state: None)
    with enter_tenant(context), transaction.atomic():
        services._lock()
    with row_locks_off(monkeypatch):
        assert any(race(context, number) > 1 for number in range(5))
