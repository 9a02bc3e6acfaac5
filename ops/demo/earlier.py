"""A demo community did things before its plan was bought a moment ago: while its past is filled in, the plan holds since then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import datetime

from saas.core.schemas import PUBLIC, enter_schema
from tenants.context import TenantContext
from tenants.models import Tenant


@contextmanager
def plan_held_since(context: TenantContext, since: datetime) -> Iterator[None]:
    """As if the first phase of the plan had begun at `since`; afterwards it is as it was."""
    with enter_schema(PUBLIC):
        kept = Tenant.objects.values_list("entitlements", flat=True).get(pk=context.tenant_id)
        earlier = deepcopy(kept)
        for phase in (earlier or {}).get("phases", [])[:1]:
            phase["starts_at"] = since.isoformat()
        Tenant.objects.filter(pk=context.tenant_id).update(entitlements=earlier)
    try:
        yield
    finally:
        with enter_schema(PUBLIC):
            Tenant.objects.filter(pk=context.tenant_id, entitlements=earlier).update(entitlements=kept)
