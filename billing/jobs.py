"""Work of billing that is done later: reminders, and what follows from other packages' news."""

from __future__ import annotations

from typing import Any

from engagement.audit.actor import SYSTEM
from saas.events.jobs import PUBLIC, defer, job, periodic_job
from saas.events.retries import Backoff
from tenants.models import Tenant

from .asides import list_due_asides, put_back
from .checkout import list_open_checkouts, settle_checkout
from .ending import end_for_deletion, offer_again, tell_kept_payer
from .performing import list_open_attempts, settle_attempt
from .reminding import list_to_remind, remind
from .second_trials import end_second_trial
from .trials import carry_trial

QUEUE = "billing"


@periodic_job(cron="7 * * * *", queue=QUEUE)
def remind_everybody(*, tenant: str, timestamp: int = 0) -> None:
    """Every hour: reminders of failed payments and of trials that end, one job a subscription."""
    for subscription_id in list_to_remind():
        defer(
            remind_one,
            tenant=PUBLIC,
            subscription_id=subscription_id,
            queueing_lock=f"remind {subscription_id}",
        )


@job(queue=QUEUE)
def remind_one(*, tenant: str, subscription_id: int) -> None:
    """Tell payer and owner what is due. Idempotent."""
    remind(subscription_id=subscription_id)


@periodic_job(cron="*/15 * * * *", queue=QUEUE)
def settle_attempts(*, tenant: str, timestamp: int = 0) -> None:
    """Every quarter of an hour: what was asked of Stripe and of whose outcome nobody knows, one job each."""
    for attempt_id in list_open_attempts():
        defer(settle_one_attempt, tenant=PUBLIC, attempt_id=attempt_id, queueing_lock=f"settle {attempt_id}")
    for attempt_id in list_open_checkouts():
        defer(
            settle_one_checkout, tenant=PUBLIC, attempt_id=attempt_id, queueing_lock=f"checkout {attempt_id}"
        )
    for tenant_id in list_due_asides():
        defer(plan_again, tenant=PUBLIC, tenant_id=tenant_id, queueing_lock=f"plan again {tenant_id}")


@job(queue=QUEUE, retry=Backoff(tries=8, first=10, longest=600))
def plan_again(*, tenant: str, tenant_id: int) -> None:
    """What was set aside while a bank was asked, and whose payer never came back, is planned again. Idempotent."""
    put_back(tenant_id=tenant_id)


@job(queue=QUEUE, retry=Backoff(tries=8, first=10, longest=600))
def settle_one_attempt(*, tenant: str, attempt_id: int) -> None:
    """Ask Stripe again about a change whose answer was lost. Idempotent."""
    settle_attempt(attempt_id=attempt_id)


@job(queue=QUEUE)
def settle_one_checkout(*, tenant: str, attempt_id: int) -> None:
    """Apply a checkout whose buyer never came back, or free what it held once it has expired. Idempotent."""
    settle_checkout(attempt_id=attempt_id)


@job(queue=QUEUE, retry=Backoff(tries=20, first=10, longest=3600))
def carry_guild_trial(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of GuildLinked: a server that joins a community which had its trial has had it too, and one that had it elsewhere has no
    second one. Idempotent."""
    carry_trial(tenant_id=event["tenant_id"])
    end_second_trial(tenant_id=event["tenant_id"])


@job(queue=QUEUE, retry=Backoff(tries=20, first=10, longest=3600))
def check_trial(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of SubscriptionStarted: the server may have been linked while the checkout's page was open. Idempotent."""
    end_second_trial(tenant_id=event["tenant_id"])


@job(queue=QUEUE, retry=Backoff(tries=20, first=10, longest=3600))
def end_deleted_plan(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of CommunityDeleted, for deletions that did not go through the page: nothing is charged any more. Idempotent."""
    if Tenant.objects.filter(pk=event["tenant_id"], state=Tenant.State.DELETED).exists():
        end_for_deletion(tenant_id=event["tenant_id"], actor=SYSTEM)


@job(queue=QUEUE)
def offer_plan_again(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of CommunityRestored: its plan ended; nothing is charged until somebody chooses one."""
    offer_again(tenant_id=event["tenant_id"])


@job(queue=QUEUE)
def tell_payer_stays(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of OwnershipTransferred: who pays stays the same."""
    tell_kept_payer(tenant_id=event["tenant_id"], owner_id=event["owner_id"])
