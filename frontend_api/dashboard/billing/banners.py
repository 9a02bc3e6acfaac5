"""What the team is told about the plan on every page of the dashboard, and nobody on members' pages.

A community that pays for nothing costs no query: what it has stands in its context.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from billing.models import Subscription
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.people import get_person
from frontend_api.site.redirects import safe_next
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from tenants.context import TenantContext

from .words import describe_standing, on

TRIAL_SOON: Final = timedelta(days=3)
_SEEN: Final = "billing_banner"  # in the session: which banner was put away


@dataclass(frozen=True, slots=True)
class Banner:
    """`key` tells it from others, also from itself about another date. `href` is empty for who may not look at Billing."""

    key: str
    text: str
    tone: str
    href: str = ""
    action: str = ""
    dismissable: bool = False


def find_banner(request: HttpRequest, context: TenantContext) -> Banner | None:
    """At most one query."""
    if not settings.BILLING_ON or not context.entitlements.phases:
        return None
    if request.path.startswith(reverse("billing")):
        return None  # it stands there in full
    banner = _write(context)
    if banner is None or (banner.dismissable and request.session.get(_SEEN) == banner.key):
        return None
    person = get_person(request)
    if person is None or not person.rights.may("view_billing"):
        return Banner(banner.key, banner.text, banner.tone, dismissable=banner.dismissable)
    return banner


@require_POST
@dashboard_page("view_dashboard")
def dismiss(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Not shown again in this session, unless it says something else."""
    request.session[_SEEN] = request.POST.get("key", "")[:80]
    return go_to(request, safe_next(request, request.POST.get("next", ""), reverse("dashboard")))


def _write(context: TenantContext) -> Banner | None:
    now = clock.now()
    with enter_schema(PUBLIC):
        row = Subscription.objects.filter(tenant_id=context.tenant_id, ended_at=None).first()
    if row is None:
        return None
    standing = describe_standing(row, context.entitlements, now)
    end, name, page = standing.ends_at, standing.plan.name, reverse("billing")
    if standing.kind == "overdue" and end is not None:
        text = f"The payment for {name} failed. Everything stays on until {on(end)}; from then on the limits of Free hold. Members are not told."
        return Banner(f"overdue {end:%F}", text, "bad", page, "See what to do")
    if standing.kind == "frozen":
        text = "The plan is not paid, so the limits of Free hold. Nothing is lost: once it is paid, everything is back."
        return Banner("frozen", text, "bad", page, "See what to do")
    if standing.kind == "trial" and end is not None and end - now <= TRIAL_SOON:
        text = f"The trial of {name} ends on {on(end)}."
        if row.has_method:
            return Banner(
                f"trial {end:%F}", f"{text} It goes on from then.", "info", page, "Look at it", True
            )
        return Banner(
            f"trial {end:%F}", f"{text} After that the limits of Free hold.", "warn", page, "Decide", True
        )
    if standing.kind == "ending" and end is not None:
        text = f"{name} is cancelled and ends on {on(end)}. After that the limits of Free hold."
        return Banner(f"ending {end:%F}", text, "warn", page, "Keep it", True)
    return None
