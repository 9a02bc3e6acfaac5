"""Communities: the overview, the list, one of them, and closing or opening it."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from redis import RedisError

from engagement.activity.lag import read_lag
from engagement.activity.poison import count_poison
from frontend_api.dashboard.notices import go_to
from saas.core.errors import InvalidInputError
from saas.core.redis_clients import stream_redis
from saas.events.queue import list_queues
from tenants.lifecycle import resume_community, suspend_community
from tenants.models import Tenant, User
from tenants.overview import count_states, find_tenants, get_tenant_detail
from tenants.tickets import get_tenant_address

from .access import CommunityAct, operator_page
from .nav import show
from .payments import describe_payment
from .plan_gifts import describe_plan


@require_safe
@operator_page
def show_overview(request: HttpRequest, operator: User) -> HttpResponse:
    """What an engineer on call looks at first."""
    queues = list_queues()
    try:
        lag = read_lag(stream_redis(), partitions=settings.ACTIVITY_PARTITIONS)
    except RedisError:
        lag = None
    facts = {
        "states": [(Tenant.State(state).label, count) for state, count in count_states().items()],
        "lag": lag,
        "waiting": sum(one.waiting for one in lag or []),
        "slowest": max((one.seconds for one in lag or []), default=0.0),
        "poison": count_poison(),
        "failed": sum(queue.failed for queue in queues),
        "due": max((queue.oldest_seconds for queue in queues), default=0),
    }
    return show(request, "overview.html", facts)


@require_safe
@operator_page
def show_communities(request: HttpRequest, operator: User) -> HttpResponse:
    text, state, before = (request.GET.get(name, "") for name in ("q", "state", "before"))
    page = find_tenants(
        text=text, state=state, before=int(before) if before.isdecimal() and len(before) < 19 else None
    )
    facts = {
        "page": page,
        "rows": [(tenant, page.guilds.get(tenant.pk)) for tenant in page.tenants],
        "text": text,
        "state": state,
        "states": Tenant.State.choices,
    }
    return show(request, "communities.html", facts)


@require_safe
@operator_page
def show_community(request: HttpRequest, operator: User, tenant_id: int) -> HttpResponse:
    detail = get_tenant_detail(tenant_id=tenant_id)
    facts = {
        "detail": detail,
        "tenant": detail.tenant,
        "address": get_tenant_address(detail.tenant.slug),
        "poison": count_poison(tenant_id=tenant_id),
        "jobs_href": f"{reverse('ops-jobs')}?tenant={detail.tenant.schema_name}",
        "may_suspend": detail.tenant.state == Tenant.State.ACTIVE,
        "may_resume": detail.tenant.state == Tenant.State.SUSPENDED,
    }
    facts |= describe_plan(detail.tenant) | describe_payment(detail.tenant)
    return show(request, "community.html", facts)


@require_POST
@operator_page
def suspend(request: HttpRequest, operator: User, tenant_id: int) -> HttpResponse:
    """Close it until further notice; the reason is shown to its team. Repeating it changes the reason alone."""
    tenant = get_tenant_detail(tenant_id=tenant_id).tenant
    reason = " ".join(request.POST.get("reason", "").split())
    if len(reason) < 5:
        raise InvalidInputError("Write why, in five letters or more: its team will read it.", field="reason")
    CommunityAct(request, operator, tenant).do(
        "tenant.suspended",
        lambda: suspend_community(tenant_id=tenant_id, reason=reason),
        before={"state": tenant.state},
        after={"state": Tenant.State.SUSPENDED.value},
        note=reason,
    )
    return go_to(request, reverse("ops-community", args=[tenant_id]), f"{tenant.name} is closed.")


@require_POST
@operator_page
def resume(request: HttpRequest, operator: User, tenant_id: int) -> HttpResponse:
    """Open it again."""
    tenant = get_tenant_detail(tenant_id=tenant_id).tenant
    if tenant.state != Tenant.State.SUSPENDED:
        return go_to(request, reverse("ops-community", args=[tenant_id]), f"{tenant.name} is not suspended.")
    CommunityAct(request, operator, tenant).do(
        "tenant.resumed",
        lambda: resume_community(tenant_id=tenant_id),
        before={"state": tenant.state},
        after={"state": Tenant.State.ACTIVE.value},
    )
    return go_to(request, reverse("ops-community", args=[tenant_id]), f"{tenant.name} is open again.")
