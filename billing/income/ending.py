"""Supports end when the community goes, when a payment stays late, and when the member goes.

Who leaves the server keeps what they paid for: it ends with its period, and they may resume it. Who is deleted or erased ends at once;
nothing is prorated. Each is safe to repeat, and asks Stripe under the lock of that member's support.
"""

from __future__ import annotations

from billing.locks import holding_support
from engagement.audit.actor import SYSTEM, Actor
from engagement.supporters.errors import SupportNotFoundError
from engagement.supporters.models import GRACE
from engagement.supporters.selectors import find_running
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from tenants.context import TenantContext, enter_tenant

from .changing import cancel_support
from .checkouts import close_support_checkouts
from .mirror import end_at_stripe, refresh_held
from .models import SupportSubscription


def end_supports_of_tenant(*, tenant_id: int, actor: Actor = SYSTEM) -> int:
    """The community is deleted: open pages close, and every support ends now. Answers how many ended.

    Raises StripeAwayError, StripeUnsureError, BillingBusyError; then asking again goes on where this stopped.
    """
    close_support_checkouts(tenant_id=tenant_id)
    return sum(_end(row, actor) for row in _running(tenant_id))


def end_supports_of_member(*, context: TenantContext, member_id: int, actor: Actor = SYSTEM) -> int:
    """The member was deleted or erased: what they pay ends now. Answers how many ended. Raises as end_supports_of_tenant."""
    close_support_checkouts(tenant_id=context.tenant_id, member_id=member_id)
    with enter_tenant(context):
        running = find_running(member_id=member_id)
    if running is None:
        return 0
    return sum(_end(row, actor) for row in _running(context.tenant_id) if row.stripe_id == running.reference)


def end_with_period(*, context: TenantContext, member_id: int) -> bool:
    """The member left the server: their support ends with its period, unless they resume it; a late one now. False where they have none.

    Publishes SupporterEnding or SupporterLeft. Raises StripeAwayError, StripeUnsureError, BillingBusyError.
    """
    close_support_checkouts(tenant_id=context.tenant_id, member_id=member_id)
    try:
        cancel_support(context=context, member_id=member_id, actor=SYSTEM, why="left")
    except SupportNotFoundError:
        return False
    return True


def end_second_after_merge(*, context: TenantContext, member_id: int, merged_id: int) -> bool:
    """Of two members who were merged both supported: the gone one's ends with its period. False where one support is left.

    Raises StripeAwayError, StripeUnsureError, BillingBusyError.
    """
    with enter_tenant(context):
        both = [find_running(member_id=one) for one in (member_id, merged_id)]
    return None not in both and end_with_period(context=context, member_id=merged_id)


def list_overdue_supports() -> list[str]:
    """Stripe's ids of supports whose payment has been late for longer than GRACE."""
    with enter_schema(PUBLIC):
        rows = SupportSubscription.objects.filter(ended_at=None, late_since__lt=clock.now() - GRACE)
        return list(rows.order_by("pk").values_list("stripe_id", flat=True))


def end_overdue_support(*, stripe_id: str) -> bool:
    """End one whose grace is over; Stripe is asked first whether it was paid meanwhile. Raises as end_supports_of_tenant."""
    with enter_schema(PUBLIC):
        row = SupportSubscription.objects.select_related("customer").filter(stripe_id=stripe_id).first()
    if row is None:
        return False
    with holding_support(row.tenant_id, row.customer.member_id):
        seen = refresh_held(stripe_id=stripe_id, payments=False)
        if seen is None or seen.ended_at is not None or seen.late_since is None:
            return False
        if seen.late_since >= clock.now() - GRACE:
            return False
        end_at_stripe(stripe_id)
        refresh_held(stripe_id=stripe_id)
    return True


def _running(tenant_id: int) -> list[SupportSubscription]:
    with enter_schema(PUBLIC):
        rows = SupportSubscription.objects.select_related("customer").filter(
            tenant_id=tenant_id, ended_at=None
        )
        return list(rows.order_by("pk"))


def _end(row: SupportSubscription, actor: Actor) -> int:
    with holding_support(row.tenant_id, row.customer.member_id):
        seen = refresh_held(stripe_id=row.stripe_id, payments=False)
        if seen is None or seen.ended_at is not None:
            return 0
        end_at_stripe(row.stripe_id)
        refresh_held(stripe_id=row.stripe_id, actor=actor)
    return 1
