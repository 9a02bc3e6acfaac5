"""Feature flags: what is rolled out little by little, or can be switched off in a hurry. Declared here, changed under /ops/flags/.

A flag is no gate: what a plan gives stands in tenants.gates. Asking costs no query: routing holds the settings in memory, reads them
with its map and hears of changes as it does of tenants. Invariants: a community's place in a rollout depends on the flag and on
the community alone, so that a larger percentage only adds communities; without a setting the declaration holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final

from django.conf import settings

from saas.core import clock

from .context import TenantContext
from .flag_settings import FlagSetting

FREE: Final = "free"  # what the plan of a community without one is called
_STEPS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Flag:
    """`owner` is who decides about it, `default` what holds while nobody chose otherwise."""

    name: str
    owner: str
    purpose: str
    default: bool = False


FLAGS: Final = MappingProxyType(
    {
        flag.name: flag
        for flag in (
            Flag(
                "drawn_cards",
                "bot",
                "Pictures under /profile and /stats. They cost the bot's time: switched off, the same facts stand in words.",
                default=True,
            ),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Rollout:
    """Who has it. Ids in `always` and `never` are tenants' and count before all else, `never` first."""

    enabled: bool
    percentage: int = 100
    kinds: frozenset[str] = frozenset()
    plans: frozenset[str] = frozenset()
    always: frozenset[int] = frozenset()
    never: frozenset[int] = frozenset()

    @classmethod
    def of(cls, row: FlagSetting) -> Rollout:
        return cls(
            row.enabled,
            row.percentage,
            frozenset(row.kinds),
            frozenset(row.plans),
            frozenset(row.always),
            frozenset(row.never),
        )

    @property
    def words(self) -> str:
        """Such as “on for 20 % of the communities of the kind course, and for 3 by name”."""
        parts = ["off"]
        if self.enabled:
            many = "all" if self.percentage == 100 else f"{self.percentage} % of the"
            parts = [f"on for {many} communities"]
            parts[0] += f" of the kind {' or '.join(sorted(self.kinds))}" if self.kinds else ""
            parts[0] += f" on the plan {' or '.join(sorted(self.plans))}" if self.plans else ""
        if self.always:
            parts.append(f"on for {len(self.always)} by name")
        if self.never:
            parts.append(f"off for {len(self.never)} by name")
        return ", ".join(parts)

    def to_data(self) -> dict[str, Any]:
        """As it is stored and compared."""
        return {
            name: sorted(value) if isinstance(value, frozenset) else value
            for name, value in asdict(self).items()
        }


@dataclass(slots=True)
class _Held:
    """This process's settings; replaced as a whole."""

    rollouts: Mapping[str, Rollout] = field(default_factory=dict)


_held = _Held()


def is_on(name: str, context: TenantContext) -> bool:
    """Whether the community has the feature now. No query. Raises KeyError for a flag that was never declared."""
    flag = FLAGS[name]
    rollout = _held.rollouts.get(name)
    return flag.default if rollout is None else has_it(name, rollout, context)


def has_it(name: str, rollout: Rollout, context: TenantContext) -> bool:
    """The same for any setting: also for who wants to know before it is saved."""
    if context.tenant_id in rollout.never:
        return False
    if context.tenant_id in rollout.always:
        return True
    if not rollout.enabled or (rollout.kinds and context.kind not in rollout.kinds):
        return False
    if rollout.plans and settings.BILLING_ON and plan_of(context) not in rollout.plans:
        return False
    return place_of(name, context.tenant_id) < rollout.percentage * _STEPS // 100


def plan_of(context: TenantContext) -> str:
    phase = context.entitlements.phase_at(clock.now())
    return phase.plan if phase is not None and phase.plan else FREE


@lru_cache(maxsize=65_536)
def place_of(name: str, tenant_id: int) -> int:
    """The community's place among 10,000, another one for each flag, the same for ever."""
    return int.from_bytes(sha256(f"{name}:{tenant_id}".encode()).digest()[:8], "big") % _STEPS


def read_rollouts() -> dict[str, Rollout]:
    """From the database: one query, in the public schema. Settings of flags of other releases are left out."""
    chosen = FlagSetting.objects.filter(version__gt=0)
    return {row.name: Rollout.of(row) for row in chosen if row.name in FLAGS}


def hold_rollouts(rollouts: Mapping[str, Rollout]) -> None:
    """From now on this process answers by these."""
    _held.rollouts = dict(rollouts)
