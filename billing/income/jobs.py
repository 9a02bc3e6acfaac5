"""What follows for supports from time and from other packages' news. Each looks at Stripe anew and is safe to repeat."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings

from saas.events.jobs import PUBLIC, defer, job, periodic_job
from saas.events.retries import Backoff
from tenants.context import current_tenant

from .checkouts import list_open_support_checkouts, settle_support_checkout
from .ending import (
    end_overdue_support,
    end_second_after_merge,
    end_supports_of_member,
    end_with_period,
    list_overdue_supports,
)
from .fees import list_tenants_with_supports, lower_fees
from .replacing import follow_transfer, move_supports
from .telling import tell_new_owner

QUEUE: Final = "billing"
PATIENT: Final = Backoff(tries=20, first=10, longest=3600)


@periodic_job(cron="*/15 * * * *", queue=QUEUE)
def look_after(*, tenant: str, timestamp: int = 0) -> None:
    """Every quarter of an hour: pages whose member never came back, and supports whose grace is over, one job each."""
    if not settings.STRIPE_SECRET_KEY:
        return
    for checkout_id in list_open_support_checkouts():
        defer(
            settle_checkout,
            tenant=PUBLIC,
            checkout_id=checkout_id,
            queueing_lock=f"support checkout {checkout_id}",
        )
    for stripe_id in list_overdue_supports():
        defer(end_overdue, tenant=PUBLIC, stripe_id=stripe_id, queueing_lock=f"overdue {stripe_id}")


@periodic_job(cron="27 * * * *", queue=QUEUE)
def look_after_fees(*, tenant: str, timestamp: int = 0) -> None:
    """Every hour, for plans that changed on their day without any news: one job a community in which somebody supports."""
    if not settings.STRIPE_SECRET_KEY:
        return
    for tenant_id in list_tenants_with_supports():
        defer(lower_fees_of, tenant=PUBLIC, tenant_id=tenant_id, queueing_lock=f"support fees {tenant_id}")


@job(queue=QUEUE)
def settle_checkout(*, tenant: str, checkout_id: int) -> None:
    """Idempotent."""
    settle_support_checkout(checkout_id=checkout_id)


@job(queue=QUEUE, retry=PATIENT)
def end_overdue(*, tenant: str, stripe_id: str) -> None:
    """Idempotent."""
    end_overdue_support(stripe_id=stripe_id)


@job(queue=QUEUE, retry=PATIENT)
def lower_fees_of(*, tenant: str, tenant_id: int) -> None:
    """Idempotent."""
    lower_fees(tenant_id=tenant_id)


@job(queue=QUEUE, retry=PATIENT)
def follow_plan(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of EntitlementsChanged: a larger plan keeps less of what supporters pay."""
    if settings.STRIPE_SECRET_KEY:
        lower_fees(tenant_id=int(event["tenant_id"]))


@job(queue=QUEUE, retry=PATIENT)
def follow_leaving(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of MemberLeft."""
    if settings.STRIPE_SECRET_KEY:
        end_with_period(context=current_tenant(), member_id=int(event["member_id"]))


@job(queue=QUEUE, retry=PATIENT)
def follow_deletion(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of MemberDeleted."""
    if settings.STRIPE_SECRET_KEY:
        end_supports_of_member(context=current_tenant(), member_id=int(event["member_id"]))


@job(queue=QUEUE, retry=PATIENT)
def follow_merge(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of MembersMerged."""
    if settings.STRIPE_SECRET_KEY:
        end_second_after_merge(
            context=current_tenant(), member_id=int(event["member_id"]), merged_id=int(event["merged_id"])
        )


@job(queue=QUEUE, retry=PATIENT)
def stop_sales(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of OwnershipTransferred: nothing more is paid into an account that the new owner has not confirmed."""
    if settings.STRIPE_SECRET_KEY:
        follow_transfer(tenant_id=int(event["tenant_id"]))


@job(queue=QUEUE, retry=PATIENT)
def tell_whose_account(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of OwnershipTransferred: the new owner is told to whose account the money goes."""
    tell_new_owner(tenant_id=int(event["tenant_id"]), owner_id=int(event["owner_id"]))


@job(queue=QUEUE, retry=PATIENT)
def follow_replacement(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of PayoutAccountReplaced: running supports pay into the account that stands."""
    if settings.STRIPE_SECRET_KEY:
        move_supports(tenant_id=int(event["tenant_id"]))
