"""Lag, what was set aside, and jobs."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from redis import RedisError

from engagement.activity.lag import read_lag
from engagement.activity.poison import get_poison, list_poison, replay_poison
from frontend_api.dashboard.notices import go_to
from saas.core.errors import UnavailableError
from saas.core.redis_clients import stream_redis
from saas.events.queue import (
    STATES,
    QueuedJob,
    cancel_waiting_job,
    list_queued,
    list_queues,
    retry_failed_job,
)
from tenants.models import Tenant, User

from .access import CommunityAct, note_in_journal, operator_page
from .nav import show

RAW_SHOWN = 4_000


@require_safe
@operator_page
def show_lag(request: HttpRequest, operator: User) -> HttpResponse:
    """Every partition, and every queue. Raises UnavailableError."""
    try:
        partitions = read_lag(stream_redis(), partitions=settings.ACTIVITY_PARTITIONS)
    except RedisError as error:
        raise UnavailableError(
            "The stream's Redis does not answer, so nothing is known of the lag. `manage.py doctor` says more."
        ) from error
    return show(request, "lag.html", {"partitions": partitions, "queues": list_queues()})


@require_safe
@operator_page
def show_poison(request: HttpRequest, operator: User) -> HttpResponse:
    tenant_id = request.GET.get("tenant", "")
    chosen = int(tenant_id) if tenant_id.isdecimal() and len(tenant_id) < 19 else None
    rows = list_poison(tenant_id=chosen, limit=100)
    names = dict(
        Tenant.objects.filter(pk__in={row.tenant_id for row in rows if row.tenant_id}).values_list(
            "pk", "name"
        )
    )
    facts = {"rows": [(row, names.get(row.tenant_id or 0, "")) for row in rows], "chosen": chosen}
    return show(request, "poison.html", facts)


@require_safe
@operator_page
def show_poison_one(request: HttpRequest, operator: User, poison_id: int) -> HttpResponse:
    row = get_poison(poison_id=poison_id)
    tenant = Tenant.objects.filter(pk=row.tenant_id).first() if row.tenant_id else None
    raw = bytes(row.raw)[:RAW_SHOWN].decode("utf-8", "backslashreplace")
    facts = {"row": row, "tenant": tenant, "raw": raw, "cut": row.size > RAW_SHOWN}
    return show(request, "poison_one.html", facts)


@require_POST
@operator_page
def replay(request: HttpRequest, operator: User, poison_id: int) -> HttpResponse:
    """Put it on the stream again, once. Raises PoisonNotFoundError, NotReplayableError."""
    row = get_poison(poison_id=poison_id)
    tenant = Tenant.objects.filter(pk=row.tenant_id).first() if row.tenant_id else None

    def work() -> None:
        replay_poison(stream_redis(), poison_id=poison_id, partitions=settings.ACTIVITY_PARTITIONS)

    if tenant is not None and tenant.state != Tenant.State.PROVISIONING:
        CommunityAct(request, operator, tenant).do("poison.replayed", work, note=row.key)
    else:
        work()
        note_in_journal(operator, what="poison.replayed", name=row.key)
    return go_to(
        request,
        reverse("ops-poison"),
        "It is on the stream again. If it fails once more, it comes back here.",
    )


@require_safe
@operator_page
def show_jobs(request: HttpRequest, operator: User) -> HttpResponse:
    """The newest jobs in one state; failed ones where none is named."""
    state, tenant, name = (request.GET.get(key, "") for key in ("state", "tenant", "name"))
    state = state if state in STATES else "failed"
    facts = {
        "jobs": list_queued(state=state, tenant=tenant, name=name),
        "state": state,
        "states": STATES,
        "tenant": tenant,
        "name": name,
        "queues": list_queues(),
    }
    return show(request, "jobs.html", facts)


@require_POST
@operator_page
def retry(request: HttpRequest, operator: User, job_id: int) -> HttpResponse:
    """Raises JobNotFoundError, JobNotFailedError."""
    found = retry_failed_job(job_id=job_id)
    _note(request, operator, "job.retried", found)
    return go_to(request, reverse("ops-jobs"), f"{found.name} waits again.")


@require_POST
@operator_page
def cancel(request: HttpRequest, operator: User, job_id: int) -> HttpResponse:
    """Raises JobNotFoundError, JobNotFailedError."""
    found = cancel_waiting_job(job_id=job_id)
    _note(request, operator, "job.cancelled", found)
    return go_to(request, f"{reverse('ops-jobs')}?state=todo", f"{found.name} was cancelled.")


def _note(request: HttpRequest, operator: User, action: str, job: QueuedJob) -> None:
    tenant = Tenant.objects.filter(schema_name=job.tenant).first()
    what = f"{job.name} (job {job.job_id})"
    if tenant is not None and tenant.state != Tenant.State.PROVISIONING:
        CommunityAct(request, operator, tenant).do(action, lambda: None, note=what)
    else:
        note_in_journal(operator, what=action, name=what)
