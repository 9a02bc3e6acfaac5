"""Communities on a plan, as billing would have written it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime

from tenants.context import TenantContext
from tenants.entitlements import Entitlements
from tenants.models import Tenant

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def put_on_plan(
    context: TenantContext,
    *,
    features: Collection[str] = (),
    since: datetime = LONG_AGO,
    then: dict[datetime, dict[str, int]] | None = None,
    **limits: int,
) -> TenantContext:
    """Write phases with these limits, from `since` on and at each moment of `then`; answers the context that follows."""
    phases = [{"starts_at": since.isoformat(), "features": list(features), "limits": limits, "plan": "test"}]
    for moment, other in (then or {}).items():
        phases.append(
            {"starts_at": moment.isoformat(), "features": list(features), "limits": other, "plan": "test"}
        )
    row = Tenant.objects.get(pk=context.tenant_id)
    row.entitlements, row.entitlements_version = {"phases": phases}, row.entitlements_version + 1
    row.save(update_fields=["entitlements", "entitlements_version"])
    return replace(context, entitlements=Entitlements.parse(row.entitlements, row.entitlements_version))
