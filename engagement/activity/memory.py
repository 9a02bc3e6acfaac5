"""What ingest remembers of a tenant between batches. Each part is trusted while the version read in the batch's own
transaction is the one that it was loaded at."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from engagement.levels.curves import LevelCurve
from engagement.levels.selectors import load_curve
from engagement.rules.ruleset import RuleSet
from engagement.rules.selectors import load_rule_set
from engagement.standings.histogram import Bounds
from tenants.context import TenantContext, enter_tenant

MAX_TENANTS = 500


@dataclass(slots=True)
class TenantMemory:
    rules: RuleSet | None = None
    rules_version: int = -1
    curve: LevelCurve | None = None
    curve_version: int = -1
    bounds: Bounds = field(default_factory=lambda: Bounds(-1))

    def refresh(
        self, context: TenantContext, *, rules: int, curve: int, standings: int
    ) -> tuple[RuleSet, LevelCurve]:
        """The tenant's rules and curve as of these versions; what is stale is read again, on Django's connection."""
        if (
            self.rules is None
            or self.rules_version != rules
            or self.curve is None
            or self.curve_version != curve
        ):
            with enter_tenant(context):
                self.rules, self.rules_version = load_rule_set(), rules
                self.curve, self.curve_version = load_curve(), curve
        if self.bounds.version != standings:
            self.bounds = Bounds(standings)
        return self.rules, self.curve


class Memories:
    """TenantMemory by schema; the least recently used is forgotten beyond MAX_TENANTS."""

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
