"""What the checklist of a community remembers: skipped and seen steps, the template in use. Facts are asked, not kept here."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from saas.core.schemas import PUBLIC, enter_schema

from .models import Tenant

STEPS = ("bot", "template", "import", "test", "preview", "live")


def lock_tenant(tenant_id: int) -> Tenant:
    """The tenant's row, locked to the end of the caller's transaction."""
    row: Tenant = Tenant.objects.select_for_update(of=("self",)).get(pk=tenant_id)
    return row


def mark_step(*, tenant_id: int, step: str, skipped: bool | None = None, seen: bool | None = None) -> None:
    """Remember that a step was skipped (False: no longer) or seen. Idempotent. Locks the tenant's row."""
    if step not in STEPS:
        raise ValueError(f"The checklist has no step {step!r}.")
    with enter_schema(PUBLIC), transaction.atomic():
        row = lock_tenant(tenant_id)
        setup: dict[str, Any] = dict(row.setup)
        for name, wanted in (("skipped", skipped), ("seen", seen)):
            if wanted is not None:
                others = [other for other in setup.get(name, []) if other != step]
                setup[name] = [*others, step] if wanted else others
        if setup != row.setup:
            row.setup = setup
            row.save(update_fields=["setup"])
