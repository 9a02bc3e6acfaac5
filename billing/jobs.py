"""Work of billing that is done later: reminders, and what follows from other packages' news."""

from __future__ import annotations

from typing import Any

from saas.events.jobs import PUBLIC, defer, job, periodic_job

from .reminding import list_to_remind, remind
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


@job(queue=QUEUE)
def carry_guild_trial(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of GuildLinked: a server that joins a community which had its trial has had it too. Idempotent."""
    carry_trial(tenant_id=event["tenant_id"])
