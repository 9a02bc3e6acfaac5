"""A server that had its trial with one community has none with another: a trial that would be its second ends at once.

Before a trial begins billing.trials asks. Here is what comes afterwards: somebody begins one in a community without a server, and links
a server that had its own elsewhere.
"""

from __future__ import annotations

import structlog

from saas.core.schemas import PUBLIC, enter_schema

from .letters import write_second_trial_over
from .locks import holding_tenant
from .mirror import end_at_stripe, look_held
from .models import Subscription
from .trials import was_had_elsewhere

log = structlog.get_logger(__name__)


def end_second_trial(*, tenant_id: int) -> bool:
    """End the trial that runs where a server of the community had one with another; False where that is not so. Nothing is charged, and
    whoever began it and the owner are told by mail.

    Holds the tenant's billing lock. Idempotent. Publishes SubscriptionEnded, EntitlementsChanged. Raises StripeAwayError,
    StripeUnsureError, BillingBusyError.
    """
    if _find_second(tenant_id) is None:
        return False
    with holding_tenant(tenant_id):
        row = _find_second(tenant_id)
        before = None if row is None else look_held(stripe_id=row.stripe_id)[0]
        if before is None or before.status != "trialing":
            return False
        end_at_stripe(before.stripe_id)
        after, _ = look_held(stripe_id=before.stripe_id)
        if after is None or after.ended_at is None:
            return False
        log.warning("second_trial_ended", tenant=tenant_id, subscription=after.stripe_id)
        write_second_trial_over(after)
    return True


def _find_second(tenant_id: int) -> Subscription | None:
    with enter_schema(PUBLIC):
        rows = Subscription.objects.select_related("tenant", "payer__user")
        row = rows.filter(tenant_id=tenant_id, ended_at=None, status="trialing").first()
        return row if row is not None and was_had_elsewhere(tenant=row.tenant) else None
