"""A community's plan on the operator's page: what is in force and what comes, and giving it a plan or taking that back."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.timezone import get_current_timezone
from django.views.decorators.http import require_POST

from billing.entitling import get_gift, give_plan, take_plan_back
from billing.phases import Gift
from billing.plans import PLANS, get_plan
from frontend_api.dashboard.notices import go_to
from saas.core import clock
from saas.core.errors import InvalidInputError
from tenants.entitlements import Entitlements
from tenants.models import Tenant, User
from tenants.overview import get_tenant_detail

from .access import CommunityAct, operator_page


def describe_plan(tenant: Tenant) -> dict[str, Any]:
    """The dated phases, and the gift."""
    now = clock.now()
    found = Entitlements.parse(tenant.entitlements, tenant.entitlements_version)
    current = found.phase_at(now)
    return {
        "sold": settings.BILLING_ON,
        "phases": [
            (phase, _name(phase.plan), phase is current)
            for phase in found.phases
            if phase is current or phase.starts_at > now
        ],
        "gift": get_gift(tenant),
        "given_name": _name(tenant.entitlements.get("given", {}).get("plan", "")),
        "giveable": [plan for plan in PLANS.values() if not plan.is_free and plan.sold],
    }


@require_POST
@operator_page
def give(request: HttpRequest, operator: User, tenant_id: int) -> HttpResponse:
    """Until the end of a day in the operator's zone, or until it is taken back; the note is for ourselves."""
    tenant = get_tenant_detail(tenant_id=tenant_id).tenant
    plan, note = get_plan(request.POST.get("plan", "")), request.POST.get("note", "")[:1_000]
    until = _read_until(request.POST.get("until", ""))
    CommunityAct(request, operator, tenant).do(
        "plan.given",
        lambda: give_plan(tenant_id=tenant_id, plan=plan.key, until=until, note=note),
        before=_describe(get_gift(tenant)),
        after={"plan": plan.name, "until": until.isoformat() if until else "taken back"},
        note=" ".join(note.split())[:200],
    )
    return go_to(request, reverse("ops-community", args=[tenant_id]), f"{tenant.name} has {plan.name}.")


@require_POST
@operator_page
def take_back(request: HttpRequest, operator: User, tenant_id: int) -> HttpResponse:
    tenant = get_tenant_detail(tenant_id=tenant_id).tenant
    gift = get_gift(tenant)
    back = reverse("ops-community", args=[tenant_id])
    if gift is None:
        return go_to(request, back, "Nothing was given to it.")
    CommunityAct(request, operator, tenant).do(
        "plan.taken_back",
        lambda: take_plan_back(tenant_id=tenant_id),
        before=_describe(gift),
        after={"plan": "", "until": ""},
    )
    return go_to(request, back, f"{get_plan(gift.plan).name} was taken back. What is paid for stays.")


def _read_until(text: str) -> datetime | None:
    """The end of that day. Raises InvalidInputError."""
    if not text.strip():
        return None
    try:
        day = parse_date(text.strip()[:20])
    except ValueError:
        day = None
    if day is None or day.year > 9_000:
        raise InvalidInputError("Write the day as 2027-01-31, or leave it empty.", field="until")
    return datetime.combine(day + timedelta(days=1), time(), get_current_timezone())


def _describe(gift: Gift | None) -> dict[str, str]:
    if gift is None:
        return {"plan": "", "until": ""}
    return {"plan": get_plan(gift.plan).name, "until": gift.until.isoformat() if gift.until else "taken back"}


def _name(key: str) -> str:
    return PLANS[key].name if key in PLANS else key
