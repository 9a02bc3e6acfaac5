"""Any setting's change can be taken back, through the service that made it, and that stands in the log as well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from engagement.audit.actor import SYSTEM
from engagement.audit.errors import AuditEntryNotFoundError
from engagement.audit.models import AuditEntry
from engagement.commands.selectors import get_command_policies
from engagement.commands.services import set_command_policy
from engagement.leaderboards.selectors import get_board_rules
from engagement.levels.selectors import get_curve_choice, list_level_names
from engagement.levels.services import set_level_name
from engagement.notifications.selectors import get_notification_settings
from engagement.notifications.services import set_level_announcements
from engagement.progression.boards import offer_periods, set_board_rules
from engagement.progression.levelling import change_curve
from engagement.rules import services as rules
from engagement.rules.selectors import get_rule, get_rules_settings
from engagement.settings.errors import NotRevertibleError
from engagement.settings.selectors import list_changes
from engagement.settings.services import change_settings, revert_change
from tenants.community import get_facts
from tenants.context import TenantContext, enter_tenant

FIVE: dict[str, Any] = {"triggers": ["message"], "amount": 5}


@pytest.fixture
def in_acme(db: None, acme: TenantContext) -> Iterator[TenantContext]:
    with enter_tenant(acme):
        rules.create_rule(key="talk", name="Talking", definition=FIVE, actor=SYSTEM)
        change_curve(kind="linear", parameters={"step": 500}, actor=SYSTEM)
        yield acme


def _names(context: TenantContext) -> Any:
    return list_level_names().get(5)


def _rule(context: TenantContext) -> Any:
    rule = get_rule(key="talk")
    assert rule.latest is not None
    return rule.enabled, rule.archived_at is None, rule.latest.definition


def _announced(context: TenantContext) -> Any:
    settings = get_notification_settings()
    return settings.level_up, settings.channel_id, settings.text


CHANGES: list[tuple[Callable[[TenantContext], object], Callable[[TenantContext], Any]]] = [
    (
        lambda c: change_settings(context=c, changes={"name": "New", "board_public": False}, actor=SYSTEM),
        lambda c: get_facts(tenant_id=c.tenant_id),
    ),
    (
        lambda c: rules.set_rules_settings(actor=SYSTEM, reversal_seconds=9, excluded_roles=["5"]),
        lambda c: (get_rules_settings().reversal_seconds, get_rules_settings().excluded_roles),
    ),
    (lambda c: rules.revise_rule(key="talk", definition={**FIVE, "amount": 6}, actor=SYSTEM), _rule),
    (lambda c: rules.set_rule_enabled(key="talk", enabled=False, actor=SYSTEM), _rule),
    (
        lambda c: change_curve(kind="linear", parameters={"step": 7}, actor=SYSTEM),
        lambda c: get_curve_choice()[:2],
    ),
    (
        lambda c: change_curve(kind="table", parameters={"totals": [1, 2]}, actor=SYSTEM),
        lambda c: get_curve_choice()[:2],
    ),
    (lambda c: set_level_name(level=5, name="Sage", actor=SYSTEM), _names),
    (lambda c: set_level_announcements(level_up="off", text="Hi {member}", actor=SYSTEM), _announced),
    (lambda c: set_board_rules(excluded_roles=["5"], actor=SYSTEM, context=c), lambda c: get_board_rules()),
    (lambda c: offer_periods(periods=["week"], actor=SYSTEM), lambda c: get_board_rules()),
    (
        lambda c: set_command_policy(command="earn", uses=1, enabled=False, actor=SYSTEM),
        lambda c: get_command_policies().policy_for("earn"),
    ),
]


@pytest.mark.parametrize("number", range(len(CHANGES)))
def test_what_stood_before_stands_again(in_acme: TenantContext, number: int) -> None:
    change, read = CHANGES[number]
    before = read(in_acme)
    change(in_acme)
    assert read(in_acme) != before
    entry = AuditEntry.objects.latest("pk")

    revert_change(entry_id=entry.pk, context=in_acme, actor=SYSTEM)
    written = AuditEntry.objects.count()
    revert_change(entry_id=entry.pk, context=in_acme, actor=SYSTEM)

    assert read(in_acme) == before
    assert AuditEntry.objects.latest("pk").pk > entry.pk
    assert AuditEntry.objects.count() == written  # the second time there was nothing left to do


def test_an_archived_rule_comes_back(in_acme: TenantContext) -> None:
    rules.archive_rule(key="talk", actor=SYSTEM)
    revert_change(entry_id=AuditEntry.objects.latest("pk").pk, context=in_acme, actor=SYSTEM)
    assert get_rule(key="talk").archived_at is None


def test_only_the_fields_of_that_change_are_taken_back(in_acme: TenantContext) -> None:
    change_settings(context=in_acme, changes={"name": "New"}, actor=SYSTEM)
    entry = AuditEntry.objects.latest("pk")
    change_settings(context=in_acme, changes={"points_name": "coins"}, actor=SYSTEM)

    revert_change(entry_id=entry.pk, context=in_acme, actor=SYSTEM)

    facts = get_facts(tenant_id=in_acme.tenant_id)
    assert (facts["name"], facts["points_name"]) == ("Acme Makers", "coins")


def test_what_was_made_or_cut_or_is_not_there_is_refused(in_acme: TenantContext) -> None:
    made = AuditEntry.objects.filter(action="rule.created").latest("pk")
    with pytest.raises(NotRevertibleError):
        revert_change(entry_id=made.pk, context=in_acme, actor=SYSTEM)
    rules.set_rules_settings(actor=SYSTEM, excluded_channels=[str(10**17 + n) for n in range(300)])
    rules.set_rules_settings(actor=SYSTEM, excluded_channels=[])
    with pytest.raises(NotRevertibleError):
        revert_change(entry_id=AuditEntry.objects.latest("pk").pk, context=in_acme, actor=SYSTEM)
    with pytest.raises(AuditEntryNotFoundError):
        revert_change(entry_id=10**9, context=in_acme, actor=SYSTEM)


def test_the_history_takes_one_query_however_long(
    in_acme: TenantContext, django_assert_num_queries: Any
) -> None:
    for number in range(40):
        change_settings(context=in_acme, changes={"name": f"N{number}"}, actor=SYSTEM)
    with django_assert_num_queries(1):
        changes, more = list_changes()
    assert (len(changes), more) == (30, True)
    assert changes[0].values == [("name", "N38", "N39")]
