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

from billing.notices import Notice, list_notices
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.people import get_person
from frontend_api.site.redirects import safe_next
from saas.core import clock
from tenants.context import TenantContext
from tenants.models import Tenant

from .words import on

TRIAL_SOON: Final = timedelta(days=3)
# Kind of notice → (what its link says, whether it can be put away). The rest stands on the Billing page.
_SAID: Final = {
    "grace": ("See what to do", False),
    "frozen": ("See what to do", False),
    "cancelled": ("Look at it", True),
    "trial": ("Decide", True),
    "failed": ("Look at it", True),
    "cover_left": ("See what to do", False),
    "cover_over": ("See what to do", True),
    "cover_unpaid": ("See what to do", False),
    "cover_ends": ("Look at it", True),
}
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
    """At most three queries."""
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


def write_notice(notice: Notice) -> str:
    """With its day in the reader's zone."""
    text = notice.text.replace("{at}", on(notice.at) if notice.at else "then")
    return f"{notice.title}. {text.replace('{then}', on(notice.then) if notice.then else 'then')}"


def _write(context: TenantContext) -> Banner | None:
    """The most urgent of what concerns everybody on the team."""
    now = clock.now()
    for notice in list_notices(tenant=Tenant(pk=context.tenant_id)):
        if notice.kind == "trial" and notice.at is not None and notice.at - now > TRIAL_SOON:
            continue
        if notice.kind in _SAID:
            action, dismissable = _SAID[notice.kind]
            key = f"{notice.kind} {notice.at:%F}" if notice.at else notice.kind
            return Banner(key, write_notice(notice), notice.level, reverse("billing"), action, dismissable)
    return None
