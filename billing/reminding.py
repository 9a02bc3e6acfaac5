"""Who is reminded of what, each time once: of a failed payment, of a trial that ends, and that all is well again.

Invariant: what was told stands in the row's `reminded`, written in the transaction that sends it and under the row's lock; so a
job may run twice, late or beside a webhook.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q

from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from saas.events import DomainEvent, publish
from tenants.models import Tenant

from .events import PaymentOverdue, PaymentRecovered
from .grace import grace_steps, list_due, trial_steps
from .letters import write_overdue, write_recovered, write_trial_ending, write_trial_over
from .models import Subscription
from .phases import grace_until

_NEWS: Final = timedelta(days=7)  # of an end that is older than this nobody is told any more


def remind(*, subscription_id: int) -> list[str]:
    """Tell payer and owner what is due by now, by mail; answers what was told, such as grace:half. Idempotent.

    Locks the subscription's row. Publishes PaymentOverdue and PaymentRecovered, by which the owner hears of it in Discord.
    """
    with enter_schema(PUBLIC), transaction.atomic():
        rows = Subscription.objects.select_for_update(of=("self",)).select_related("tenant", "payer__user")
        row = rows.get(pk=subscription_id)
        before = dict(row.reminded)
        told = [] if row.tenant.state == Tenant.State.DELETED else [*_about_payment(row), *_about_trial(row)]
        if row.reminded != before:
            row.save(update_fields=["reminded"])
    return told


def list_to_remind() -> list[int]:
    """Ids of the subscriptions of which something may be due."""
    now = clock.now()
    with enter_schema(PUBLIC):
        due = Subscription.objects.filter(
            Q(ended_at=None, unpaid_since__isnull=False)
            | Q(ended_at=None, trial_end__gt=now)
            | Q(reminded__has_key="grace")
            | Q(ended_at__gt=now - _NEWS, trial_end__isnull=False)
        )
        return list(due.order_by("pk").values_list("pk", flat=True))


def _about_payment(row: Subscription) -> list[str]:
    told, ends_at = row.reminded.get("grace"), grace_until(row)
    if row.unpaid_since is None or ends_at is None:
        if told is None:
            return []
        row.reminded = {key: value for key, value in row.reminded.items() if key != "grace"}
        if row.ended_at is not None:
            return []
        write_recovered(row)
        _tell(row, PaymentRecovered(tenant_id=row.tenant_id, plan=row.plan))
        return ["grace:recovered"]
    since = row.unpaid_since.isoformat()
    sent = told["sent"] if told and told["since"] == since else {}
    step, settled = list_due(grace_steps(row.unpaid_since, ends_at), sent, clock.now())
    if settled:
        row.reminded = {**row.reminded, "grace": {"since": since, "sent": _with(sent, settled)}}
    if step is None:
        return []
    write_overdue(row, step.name, ends_at)
    stage, until = step.name, ends_at.isoformat()
    _tell(row, PaymentOverdue(tenant_id=row.tenant_id, plan=row.plan, stage=stage, ends_at=until))
    return [f"grace:{step.name}"]


def _tell(row: Subscription, event: DomainEvent) -> None:
    """In the community's own log, whose jobs tell its owner in Discord."""
    if row.tenant.state != Tenant.State.PROVISIONING:
        with enter_schema(row.tenant.schema_name):
            publish(event)


def _about_trial(row: Subscription) -> list[str]:
    if row.trial_end is None:
        return []
    sent: dict[str, str] = row.reminded.get("trial", {})
    now = clock.now()
    if _ended_by_trial(row, row.trial_end, now) and "over" not in sent:
        row.reminded = {**row.reminded, "trial": _with(sent, ("over",))}
        write_trial_over(row)
        return ["trial:over"]
    # Who cancelled has decided: there is nothing to remind them of.
    if row.status != "trialing" or row.cancel_at is not None or now >= row.trial_end:
        return []
    step, settled = list_due(trial_steps(row.trial_end), sent, now)
    if settled:
        row.reminded = {**row.reminded, "trial": _with(sent, settled)}
    if step is None:
        return []
    write_trial_ending(row, step.name)
    return [f"trial:{step.name}"]


def _ended_by_trial(row: Subscription, trial_end: datetime, now: datetime) -> bool:
    ended = row.ended_at
    return ended is not None and trial_end <= ended <= trial_end + timedelta(days=1) and now - ended < _NEWS


def _with(sent: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    now = clock.now().isoformat()
    return {**sent, **dict.fromkeys(names, now)}
