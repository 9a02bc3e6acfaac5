"""What somebody is told who meets a closed gate or a full limit: which plan opens it, and the way there for those who may see it.

The gate itself stands in tenants.gates and who has what in billing.plans; here is only how it is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse

from billing.plans import Plan, cheapest_with
from engagement.progression.errors import HistoryHiddenError
from engagement.rules.errors import RuleFrozenError
from saas.core import clock
from saas.core.errors import EngageHubError
from tenants.context import TenantContext
from tenants.entitlements import UNLIMITED
from tenants.errors import KeyFrozenError, ProgramsRateError
from tenants.gates import GATES, GateClosedError, LimitReachedError, limit_of
from tenants.permissions import Rights, may

_TENANT: Final = "saas.urls.tenant"


@dataclass(frozen=True, slots=True)
class Lock:
    """`href` leads to the plans, for those who may see them."""

    title: str
    text: str
    href: str = ""


def plan_that_opens(name: str, context: TenantContext, at_least: int | None = None) -> Plan | None:
    """The cheapest plan for this kind of community that has the gate, or whose limit is `at_least`. None where it can choose none, or
    has that plan already and its owner's cap is what holds it."""
    found = cheapest_with(name, at_least, kind=context.kind)
    if found is None or at_least is None:
        return found
    phase = context.entitlements.phase_at(clock.now())
    return None if phase is not None and phase.plan == found.key else found


def describe_lock(name: str, context: TenantContext, rights: Rights) -> Lock:
    """A closed gate as a page says it: whoever may see the bill gets the plan and the way to it, others a neutral line."""
    gate = GATES[name]
    if not may(rights, "view_billing"):
        return Lock(f"{gate.title}: not part of the plan", gate.what)
    plan = plan_that_opens(name, context)
    if plan is None:
        text = f"{gate.what} No plan for this kind of community has it; write to us if you need it."
        return Lock(f"{gate.title}: not part of your plan", text)
    return Lock(f"{gate.title}: part of {plan.name}", gate.what, plans_href())


def describe_history(context: TenantContext, rights: Rights) -> str:
    """Under a history that goes further back than the plan shows: which plan shows more, to those who may see the bill."""
    days = limit_of("history_days", context.entitlements, clock.now())
    plan = plan_that_opens("history_days", context, days + 1)
    if not may(rights, "view_billing") or plan is None:
        return "Older history is kept."
    return f"Older history is kept. {plan.name} shows {_span(plan.limit('history_days'))}."


def _span(days: int) -> str:
    if days >= UNLIMITED:
        return "all of it"
    years, rest = divmod(days, 365)
    if years and not rest:
        return "a year" if years == 1 else f"{years} years"
    return f"{days:,} days"


def opening_of(error: EngageHubError, context: TenantContext | None) -> dict[str, Any]:
    """For the API: what was asked of the plan, and which one opens it. Empty for every other error."""
    if context is None:
        return {}
    if isinstance(error, GateClosedError):
        plan = plan_that_opens(error.gate.feature, context)
        return {"feature": error.gate.feature, "plan": None if plan is None else plan.key}
    if isinstance(error, KeyFrozenError | RuleFrozenError | HistoryHiddenError | ProgramsRateError):
        plan = plan_that_opens(str(error.facts["limit"]), context, int(str(error.facts["allowed"])) + 1)
        return {**error.facts, "plan": None if plan is None else plan.key}
    if isinstance(error, LimitReachedError):
        plan = plan_that_opens(error.limit.name, context, error.allowed + 1)
        return {
            "limit": error.limit.name,
            "allowed": error.allowed,
            "plan": None if plan is None else plan.key,
        }
    return {}


def way_out_of(error: EngageHubError, context: TenantContext | None, rights: Rights | None) -> str:
    """The address of the plans for somebody who may see them and met a gate or a limit; else empty."""
    if context is None or rights is None or not may(rights, "view_billing"):
        return ""
    return plans_href() if opening_of(error, context) else ""


def plans_href() -> str:
    """The plans that this community can choose from, on its own host."""
    return reverse("billing-plans", urlconf=_TENANT)
