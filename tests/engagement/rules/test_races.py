"""Two organisers at once: every edit becomes a version, and ingest is told of each."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection

from engagement.audit.actor import Actor
from engagement.rules import services
from engagement.rules.models import RulesState, RuleVersion
from engagement.rules.selectors import get_rules_version
from tenants.context import TenantContext, enter_tenant

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
                    barrier.wait(10)
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
    unlocked: Callable[[], RulesState] = lambda: RulesState.objects.get(pk=1)  # noqa: E731
    monkeypatch.setattr(services, "_lock", unlocked)

    for _ in range(5):
        if edit_at_once(acme):
            return
    pytest.fail("two edits never met: this test proves nothing")
