"""The line in a community's audit log for what was done about its plan, in the transaction that does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from saas.core.schemas import enter_schema
from tenants.models import Tenant


def record(
    *,
    tenant: Tenant,
    actor: Actor,
    action: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    note: str = "",
) -> None:
    """Nothing for a community that has no schema yet."""
    if tenant.state == Tenant.State.PROVISIONING:
        return
    with enter_schema(tenant.schema_name):
        record_audit(
            actor=actor,
            action=action,
            target_kind="tenant",
            target_id=tenant.pk,
            target_name=tenant.name,
            before=before,
            after=after,
            note=note,
        )
