"""What a plan allows and what is in use, line by line; what it lacks, with the plan that has it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from billing import freezing
from billing.plans import Plan, cheapest_with
from billing.using import count_used, count_waiting
from frontend_api.figures import write_unit, write_whole
from tenants.context import TenantContext
from tenants.entitlements import UNLIMITED, Entitlements
from tenants.gates import GATES, LIMITS, is_open, limit_of

NEAR: Final = 0.8  # of a limit: from here on the bar says so


@dataclass(frozen=True, slots=True)
class UsageLine:
    """`used` is None for what is a setting and not a count. `state` is empty, near, full or over; `more` is the plan with more."""

    name: str
    title: str
    what: str
    used: int | None
    allowed: int
    text: str
    state: str = ""
    note: str = ""
    more: Plan | None = None

    @property
    def is_unlimited(self) -> bool:
        return self.allowed >= UNLIMITED

    @property
    def bar(self) -> int:
        """The bar's value, of `allowed`: a bar does not run over its end."""
        return min(self.used or 0, self.allowed)


@dataclass(frozen=True, slots=True)
class Lock:
    """A part of the product that the plan does not have. `plan` is the cheapest that does; None where none of those on offer does."""

    title: str
    what: str
    plan: Plan | None


def list_usage(
    *, context: TenantContext, entitlements: Entitlements, kind: str, now: datetime
) -> list[UsageLine]:
    """Every limit that exists, in the order of the declaration."""
    used = count_used(context=context)
    phase = entitlements.phase_at(now)
    lines = [
        _line(
            limit.name, used.get(limit.name), limit_of(limit.name, entitlements, now), kind,
            present=phase.plan if phase else "",
        )
        for limit in LIMITS.values()
        if limit.built
    ]  # fmt: skip
    waiting = count_waiting(context=context)
    if waiting:
        note = f"{write_unit(waiting, 'members')} more wait for room. What they do is kept."
        lines = [replace(line, state="full", note=note) if line.name == "members" else line for line in lines]
    return lines


def list_locks(*, entitlements: Entitlements, kind: str, now: datetime) -> list[Lock]:
    """What the plan in force does not open."""
    return [
        Lock(gate.title, gate.what, cheapest_with(gate.feature, kind=kind))
        for gate in GATES.values()
        if gate.built and not is_open(gate.feature, entitlements, now)
    ]


def _line(name: str, used: int | None, allowed: int, kind: str, present: str) -> UsageLine:
    limit = LIMITS[name]
    state = _state(used, allowed)
    more = cheapest_with(name, (used or allowed) + 1, kind=kind) if state in {"full", "over"} else None
    if more is not None and more.key == present:
        more = None  # the owner's cap holds newcomers back, and no plan
    return UsageLine(
        name,
        limit.title,
        limit.what,
        used,
        allowed,
        _text(name, used, allowed),
        state,
        _note(state, used, allowed),
        more,
    )


def _text(name: str, used: int | None, allowed: int) -> str:
    unit = LIMITS[name].unit
    if allowed >= UNLIMITED:
        return f"{write_unit(used, unit)}, as many as you like" if used is not None else "Unlimited"
    if used is None:
        return write_unit(allowed, unit) if allowed else "None"
    return f"{write_whole(used)} of {write_unit(allowed, unit)}"


def _state(used: int | None, allowed: int) -> str:
    if used is None or allowed >= UNLIMITED:
        return ""
    if used > allowed:
        return "over"
    if used == allowed:
        return "full"
    return "near" if used >= allowed * NEAR else ""


def _note(state: str, used: int | None, allowed: int) -> str:
    return {
        "over": f"{write_whole((used or 0) - allowed)} more than the plan includes: they are kept, and wait.",
        "full": "All of them are in use.",
        "near": f"{write_whole(allowed - (used or 0))} left.",
    }.get(state, "")


def list_freezes(context: TenantContext, plan: Plan, quantity: int) -> list[str]:
    """What will wait under another plan, in sentences."""
    return [one.sentence for one in freezing.list_freezes(context, plan.key, quantity)]
