"""What a tenant's plan allows, now and in its next dated phases.

billing *writes* `Tenant.entitlements`; everyone else *reads* this value. Phases are dated, so that a trial and a grace end on
time with no event at all. Where nothing is sold (no Stripe key), a tenant without phases is allowed everything; where plans are
sold, it has what tenants.gates declares as free.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

UNLIMITED = 2**31
_PAID = frozenset({"paid", "grace", "given"})


@dataclass(frozen=True, slots=True)
class Phase:
    """From `starts_at` on: the features by name, the limits by name; a limit that is not named is unlimited."""

    starts_at: datetime
    features: frozenset[str]
    limits: Mapping[str, int] = field(default_factory=dict)
    plan: str = ""
    why: str = ""  # trial, paid, grace, frozen, given; empty for the free plan

    @property
    def is_paid(self) -> bool:
        """Whether somebody pays for it, or it was given; a trial and the free plan are neither."""
        return self.why in _PAID


@dataclass(frozen=True, slots=True)
class Entitlements:
    """Phases in the order of their start."""

    version: int
    phases: tuple[Phase, ...]

    @classmethod
    def parse(cls, data: Mapping[str, Any], version: int) -> Entitlements:
        """From the stored JSON: {"phases": [{"starts_at": ISO 8601, "features": [...], "limits": {...}}]}."""
        phases = [
            Phase(
                datetime.fromisoformat(phase["starts_at"]),
                frozenset(phase.get("features", ())),
                dict(phase.get("limits", {})),
                phase.get("plan", ""),
                phase.get("why", ""),
            )
            for phase in data.get("phases", ())
        ]
        return cls(version, tuple(sorted(phases, key=lambda phase: phase.starts_at)))

    def phase_at(self, moment: datetime) -> Phase | None:
        """The phase in force; None before the first one, and for a tenant without a plan."""
        found = None
        for phase in self.phases:
            if phase.starts_at > moment:
                break
            found = phase
        return found

    def phase_after(self, moment: datetime) -> Phase | None:
        """The phase that comes next; None where nothing is to change."""
        return next((phase for phase in self.phases if phase.starts_at > moment), None)

    def has_feature(self, name: str, moment: datetime) -> bool:
        phase = self.phase_at(moment)
        return not self.phases if phase is None else name in phase.features

    def limit_of(self, name: str, moment: datetime) -> int:
        """UNLIMITED where the plan names no limit; 0 before a plan's first phase."""
        phase = self.phase_at(moment)
        if phase is None:
            return 0 if self.phases else UNLIMITED
        return phase.limits.get(name, UNLIMITED)


NO_PLAN = Entitlements(0, ())
