"""Two organisers at once: every edit becomes a version, and ingest is told of each."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, connection

from engagement.audit.actor import SYSTEM, Actor
from engagement.rules import services
from engagement.rules.errors import RuleChangedError
from engagement.rules.models import Rule, RulesState, RuleVersion
from engagement.rules.selectors import get_rule, get_rules_version
from tenants.context import TenantContext, enter_tenant
from tests.limits.racing import meet

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("rules")]
EDITS = 12


def edit_at_once(context: TenantContext) -> list[Exception]:
    """Two threads revise the same rule, in step, EDITS times each; answers what went wrong."""
    barrier = threading.Barrier(2)
    errors: list[Exception] = []

    def edit(author: int) -> None:
        try:
            with enter_tenant(context):
                for number in range(EDITS):
                    barrier.wait(30)
                    try:
                        services.revise_rule(
                            key="message",
                            definition={"triggers": ["message"], "amount": 1 + author * 1000 + number},
                            actor=Actor("user", author, str(author)),
                        )
                    except IntegrityError as error:
                        errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=edit, args=(author,)) for author in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_no_edit_is_lost(acme: TenantContext) -> None:
    with enter_tenant(acme):
        before = get_rules_version()

    assert edit_at_once(acme) == []

    with enter_tenant(acme):
        numbers = list(
            RuleVersion.objects.filter(rule__key="message")
            .order_by("number")
            .values_list("number", flat=True)
        )
        assert numbers == list(range(1, 2 * EDITS + 2))
        assert get_rules_version() == before + 2 * EDITS


def test_without_the_lock_the_race_is_seen(acme: TenantContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have read which version is the latest before either writes the next."""
    together, refuse = meet(threading.Barrier(2)), services.refuse_frozen

    def refuse_and_wait(rule: Rule) -> None:
        refuse(rule)
        together()

    monkeypatch.setattr(services, "_lock", lambda: RulesState.objects.get(pk=1))
    monkeypatch.setattr(services, "refuse_frozen", refuse_and_wait)

    assert len(edit_at_once(acme)) == EDITS


def edit_what_both_opened(context: TenantContext) -> int:
    """Two threads open one version and save theirs, in step, EDITS times; answers how often both were let through."""
    barrier = threading.Barrier(2)
    passed: list[int] = []

    def edit(author: int) -> None:
        try:
            with enter_tenant(context):
                for number in range(EDITS):
                    barrier.wait(30)
                    standing = get_rule(key="message").latest
                    assert standing is not None
                    barrier.wait(30)
                    try:
                        services.revise_rule(
                            key="message",
                            definition={"triggers": ["message"], "amount": 1 + author * 1000 + number},
                            actor=replace(SYSTEM, name=str(author)),
                            expected_version=standing.number,
                        )
                        passed.append(number)
                    except (RuleChangedError, IntegrityError):
                        pass
        finally:
            connection.close()

    threads = [threading.Thread(target=edit, args=(author,)) for author in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(passed) - EDITS


def test_of_two_who_opened_one_version_exactly_one_saves(acme: TenantContext) -> None:
    for _ in range(3):
        assert edit_what_both_opened(acme) == 0


def test_without_the_version_both_would_save(acme: TenantContext, monkeypatch: pytest.MonkeyPatch) -> None:
    real = services.revise_rule

    def careless(**given: Any) -> Any:
        return real(**{**given, "expected_version": None})

    monkeypatch.setattr(services, "revise_rule", careless)
    assert edit_what_both_opened(acme) > 0
