"""The one writer of what a community may do: `Tenant.entitlements`.

Invariants: what is written follows from the tenant's subscription and from what EngageHub's staff gave, both read under the lock
of the tenant's row; the version rises exactly when something differs. Readers: tenants.entitlements.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db import transaction

from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from saas.core.text import clean_line
from saas.events import publish
from tenants.entitlements import Entitlements
from tenants.errors import TenantNotFoundError
from tenants.models import Tenant
from tenants.routing import invalidate_routing
from tenants.setup import lock_tenant

from .errors import NothingGivenError, UntilNotAheadError
from .events import EntitlementsChanged
from .metering.holding import hold_newcomers
from .metering.promising import keep_planned_hours
from .models import Subscription
from .phases import Gift, build_phases
from .plans import FREE, get_plan
from .retainers.selectors import list_covers

MAX_NOTE: Final = 200


def write_entitlements(*, tenant_id: int) -> Entitlements:
    """Bring what the community may do to what its subscription says; answers it. Idempotent: what is right already stays, with
    its version.

    Locks the tenant's row. Publishes EntitlementsChanged in the community's own log, and every process reads the tenant again.
    Raises TenantNotFoundError, PlanNotFoundError.
    """
    with enter_schema(PUBLIC), transaction.atomic():
        row = _lock(tenant_id)
        return _write(row, Gift.parse(row.entitlements.get("given")))


def give_plan(*, tenant_id: int, plan: str, until: datetime | None = None, note: str = "") -> Entitlements:
    """EngageHub's staff give a plan, until a moment or until it is taken back; a gift given before is replaced. What is paid for
    counts beside it: at each moment whichever gives more. Locks, events and idempotency as write_entitlements.

    Raises PlanNotFoundError, UntilNotAheadError, TenantNotFoundError.
    """
    now = clock.now()
    if until is not None and until <= now:
        raise UntilNotAheadError
    if get_plan(plan).key == FREE:
        raise NothingGivenError
    with enter_schema(PUBLIC), transaction.atomic():
        row = _lock(tenant_id)
        former = Gift.parse(row.entitlements.get("given"))
        gift = Gift(plan, now, until, clean_line(note, limit=MAX_NOTE))
        if former is not None and (former.plan, former.until, former.note) == (plan, until, gift.note):
            gift = former
        return _write(row, gift)


def take_plan_back(*, tenant_id: int) -> Entitlements:
    """What was given ends now; what is paid for stays. Idempotent. Raises TenantNotFoundError."""
    with enter_schema(PUBLIC), transaction.atomic():
        return _write(_lock(tenant_id), None)


def get_gift(tenant: Tenant) -> Gift | None:
    """What EngageHub's staff gave the community."""
    return Gift.parse(tenant.entitlements.get("given"))


def rewrite_all() -> int:
    """Bring every community with a plan to what the plans say now; answers how many differed. After a release whose plans differ."""
    changed = 0
    with enter_schema(PUBLIC):
        known = Tenant.objects.exclude(entitlements={}).values_list("pk", "entitlements_version")
        versions = dict(known.order_by("pk"))
    for tenant_id, version in versions.items():
        try:
            changed += write_entitlements(tenant_id=tenant_id).version != version
        except TenantNotFoundError:
            continue  # It went meanwhile.
    return changed


def _lock(tenant_id: int) -> Tenant:
    try:
        return lock_tenant(tenant_id)
    except Tenant.DoesNotExist as error:
        raise TenantNotFoundError(tenant_id) from error


def _write(row: Tenant, gift: Gift | None) -> Entitlements:
    """The row is locked."""
    now = clock.now()
    subscription = Subscription.objects.filter(tenant_id=row.pk, ended_at=None).first()
    wanted: dict[str, Any] = {}
    if phases := hold_newcomers(
        build_phases(subscription, now, gift, list_covers(row.pk)), tenant_id=row.pk, now=now
    ):
        wanted["phases"] = phases
    if gift is not None:
        wanted["given"] = gift.to_data()
    former = Entitlements.parse(row.entitlements, row.entitlements_version)
    if wanted == row.entitlements:
        return former
    row.entitlements, row.entitlements_version = wanted, row.entitlements_version + 1
    row.save(update_fields=["entitlements", "entitlements_version"])
    written = Entitlements.parse(wanted, row.entitlements_version)
    if row.state != Tenant.State.PROVISIONING:
        keep_planned_hours(row, former=former, written=written, now=now)
    _announce(row, former, written, now)
    invalidate_routing(tenant_id=row.pk)
    return written


def _announce(row: Tenant, former: Entitlements, written: Entitlements, now: datetime) -> None:
    if row.state == Tenant.State.PROVISIONING:
        return  # It has no log yet, and nobody who could have read it.
    before, after = former.phase_at(now), written.phase_at(now)
    with enter_schema(row.schema_name):
        publish(
            EntitlementsChanged(
                tenant_id=row.pk,
                version=written.version,
                plan=after.plan if after else FREE,
                why=after.why if after else "",
                former_plan=before.plan if before else FREE,
                former_why=before.why if before else "",
            )
        )
