"""What ingest remembers of a tenant between batches.

Rules with boosts, curve and bounds are trusted while the version read in the batch's own transaction is the one that they were loaded at;
members while nobody but this process has held the tenant's ledger lock since (`standings_state.writes`). So nothing here is
ever stale, however many processes ingest and whoever adjusts points meanwhile.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Final

from django.db import connection

from engagement.boosts.selectors import load_timeline
from engagement.levels.curves import LevelCurve
from engagement.levels.selectors import load_curve
from engagement.progression.rows import MemberRow
from engagement.rules.freezing import rules_allowed
from engagement.rules.ruleset import RuleSet
from engagement.rules.selectors import load_rule_set
from engagement.standings.histogram import Bounds
from tenants.context import TenantContext, enter_tenant

MAX_TENANTS: Final = 500
MAX_MEMBERS: Final = 25_000  # over all tenants; about 2 kB each


def load_rules() -> RuleSet:
    """What activities are judged by: of the tenant in hand, by the plan in force. Boosts run as they were planned, whatever became of
    the plan: members were told of them."""
    return replace(load_rule_set(), boosts=load_timeline())


@dataclass(slots=True)
class TenantMemory:
    rules: RuleSet | None = None
    rules_version: int = -1
    rules_allowed: int = -1  # by the plan that was in force
    curve: LevelCurve | None = None
    curve_version: int = -1
    bounds: Bounds = field(default_factory=lambda: Bounds(-1))
    members: dict[str, MemberRow] = field(default_factory=dict)  # by subject
    writes: int = -1
    zone: str = ""  # the tenant's, which stands in for a member's own

    def refresh(
        self, context: TenantContext, *, rules: int, curve: int, standings: int
    ) -> tuple[RuleSet, LevelCurve]:
        """The tenant's rules and curve as of these versions and of the plan in force now; what is stale is read again, on Django's
        connection."""
        allowed = rules_allowed(context)
        if (
            self.rules is None
            or self.rules_version != rules
            or self.rules_allowed != allowed
            or self.curve is None
            or self.curve_version != curve
        ):
            try:
                with enter_tenant(context):
                    # Their version counts the changes of boosts too.
                    self.rules = load_rules()
                    self.rules_version, self.rules_allowed = rules, allowed
                    self.curve, self.curve_version = load_curve(), curve
            finally:
                connection.close()  # this thread's; it is needed rarely, and would hold a pool's place meanwhile
        if self.bounds.version != standings:
            self.bounds = Bounds(standings)
        return self.rules, self.curve


class Memories:
    """TenantMemory by schema; the least recently used is forgotten beyond MAX_TENANTS or MAX_MEMBERS."""

    def __init__(self) -> None:
        self._by_schema: OrderedDict[str, TenantMemory] = OrderedDict()

    def of(self, schema: str) -> TenantMemory:
        memory = self._by_schema.get(schema)
        if memory is None:
            memory = self._by_schema[schema] = TenantMemory()
            if len(self._by_schema) > MAX_TENANTS:
                self._by_schema.popitem(last=False)
        else:
            self._by_schema.move_to_end(schema)
        return memory

    def forget(self, schema: str) -> None:
        """After a failed transaction nothing that was learned in it is trusted."""
        self._by_schema.pop(schema, None)

    def trim(self) -> None:
        """Keep within MAX_MEMBERS: the tenants that were quiet longest lose their members."""
        total = sum(len(memory.members) for memory in self._by_schema.values())
        for memory in self._by_schema.values():
            if total <= MAX_MEMBERS:
                break
            total -= len(memory.members)
            memory.members.clear()
