"""Active rules over the plan's limit are frozen: not judged and not changed. The oldest keep running.

Which ones is derived from the plan in force at the moment, never stored. So the end of a trial freezes with no event, an upgrade
thaws exactly what was frozen, and an organiser chooses by switching others off.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Protocol, TypeVar

from django.db.models import QuerySet

from saas.core import clock
from tenants.context import TenantContext, current_tenant
from tenants.gatekeeping import entitlements_now
from tenants.gates import limit_of, require_room

from .errors import RuleFrozenError
from .models import Rule

RULES: Final = "rules"


class Ruled(Protocol):
    @property
    def rule_id(self) -> int: ...


R = TypeVar("R", bound=Ruled)


def rules_allowed(context: TenantContext | None = None) -> int:
    """How many active rules the plan in force lets run now. No query inside `enter_tenant`."""
    return limit_of(RULES, (context or current_tenant()).entitlements, clock.now())


def keep_running(rows: Sequence[R], allowed: int) -> list[R]:
    """Of active rules those that run: the oldest, in the order given."""
    if len(rows) <= allowed:
        return list(rows)
    oldest = {row.rule_id for row in sorted(rows, key=lambda row: row.rule_id)[:allowed]}
    return [row for row in rows if row.rule_id in oldest]


def list_frozen_ids(rules: Iterable[Rule], allowed: int) -> frozenset[int]:
    """Which of a community's rules are frozen: those active beyond the oldest `allowed`."""
    active = sorted(rule.pk for rule in rules if rule.enabled and rule.archived_at is None)
    return frozenset(active[allowed:])


# --- under the lock of rules_state, for services ---


def require_room_for_rule() -> None:
    """One more active rule, by the plan as the database has it now. Raises LimitReachedError."""
    require_room(RULES, entitlements_now(), clock.now(), used=_active().count())


def refuse_frozen(rule: Rule) -> None:
    """Raises RuleFrozenError."""
    if not rule.enabled or rule.archived_at is not None:
        return
    allowed = limit_of(RULES, entitlements_now(), clock.now())
    if _active().filter(pk__lt=rule.pk).count() >= allowed:
        raise RuleFrozenError(rule.name, allowed)


def room_for_rules() -> int:
    """How many more rules could be active, by the plan as the database has it now; never below 0."""
    return max(0, limit_of(RULES, entitlements_now(), clock.now()) - _active().count())


def _active() -> QuerySet[Rule]:
    return Rule.objects.filter(enabled=True, archived_at=None)
