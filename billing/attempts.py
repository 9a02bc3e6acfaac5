"""Something that is asked of Stripe: written down and committed first, sent with the row's own key, settled when it is known.

Invariant: the key of one row goes with one request. Whoever asks for the same again while the outcome is open gets the same row.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

from engagement.audit.actor import SYSTEM, Actor
from saas.core import clock
from tenants.models import Tenant

from .audit import record
from .models import BillingAttempt, Payer, Subscription
from .wording import describe_standing

# Stripe forgets idempotency keys after a day; a request's parameters stay the same for as long.
REUSED_FOR: Final = timedelta(hours=1)
State = BillingAttempt.State
# What is an act of its own upon the plan, the last of which counts.
PLAN_ACTS: Final = ("change", "cancel", "resume", "undo", "invoice")


def write_attempt(
    *, tenant: Tenant, payer: Payer, kind: str, wanted: dict[str, Any], actor: Actor
) -> tuple[BillingAttempt, bool]:
    """The open attempt of just this, else a new one, and whether it is new. The caller holds the tenant's lock and commits before
    Stripe is told."""
    found = (
        BillingAttempt.objects.filter(
            tenant=tenant,
            payer=payer,
            kind=kind,
            wanted=wanted,
            state=State.OPEN,
            created_at__gt=clock.now() - REUSED_FOR,
        )
        .order_by("-pk")
        .first()
    )
    if found is not None:
        return found, False
    made = BillingAttempt.objects.create(
        tenant=tenant, payer=payer, kind=kind, wanted=wanted, actor=asdict(actor)
    )
    return made, True


def settle(attempt: BillingAttempt, state: str) -> bool:
    """False where it was settled before."""
    changed = BillingAttempt.objects.filter(pk=attempt.pk, state=State.OPEN).update(
        state=state, settled_at=clock.now()
    )
    return changed > 0


def actor_of(attempt: BillingAttempt) -> Actor:
    return Actor(**attempt.actor)


def finish_move(*, former: Subscription, payer: Payer) -> None:
    """The plan is paid by another from now on: the offer is done, and the log says who pays. In the transaction that wrote both
    subscriptions; the caller holds the tenant's lock."""
    for offer in BillingAttempt.objects.filter(tenant=former.tenant, kind="move", state=State.OPEN):
        settle(offer, State.DONE)
    record(
        tenant=former.tenant,
        actor=find_asker(tenant=former.tenant, payer=payer),
        action="plan.payer_changed",
        before={"payer": str(former.payer)},
        after={"payer": str(payer)},
    )


def find_to_confirm(*, tenant_id: int) -> BillingAttempt | None:
    """The change of plan that came to nothing last, within the hour: its payer may go and let their bank ask them."""
    rows = BillingAttempt.objects.filter(tenant_id=tenant_id, created_at__gt=clock.now() - REUSED_FOR)
    last = rows.filter(kind__in=PLAN_ACTS).order_by("-pk").first()
    return last if last is not None and (last.kind, last.state) == ("change", State.FAILED) else None


def finish_confirmed(*, before: Subscription, row: Subscription) -> None:
    """The plan became what a payer went to confirm with their bank: the change is done, by whoever asked for it. In the transaction that
    wrote the subscription, whoever brought the news; the caller holds the tenant's lock."""
    goal = {"plan": row.plan, "interval": row.interval, "quantity": row.quantity}
    if all(getattr(before, name) == value for name, value in goal.items()):
        return
    asked = BillingAttempt.objects.filter(
        tenant_id=row.tenant_id,
        kind="change",
        state=State.FAILED,
        wanted__contains=goal | {"stripe_id": row.stripe_id},
    )
    attempt = (
        asked.exclude(url="").filter(created_at__gt=clock.now() - timedelta(days=1)).order_by("-pk").first()
    )
    if attempt is None:
        return
    BillingAttempt.objects.filter(pk=attempt.pk).update(state=State.DONE, url="", settled_at=clock.now())
    drop_asides(tenant_id=row.tenant_id)
    record(
        tenant=row.tenant,
        actor=actor_of(attempt),
        action="plan.changed",
        before={"plan": describe_standing(before)},
        after={"plan": describe_standing(row)},
    )


def drop_asides(*, tenant_id: int) -> int:
    """Something else was decided about the plan: what was set aside for a bank is not planned again. The caller holds the tenant's lock."""
    rows = BillingAttempt.objects.filter(tenant_id=tenant_id, kind="aside", state=State.OPEN)
    return rows.update(state=State.FAILED, settled_at=clock.now())


def find_asker(*, tenant: Tenant, payer: Payer) -> Actor:
    """Who began the checkout that a subscription came from."""
    asked = BillingAttempt.objects.filter(tenant=tenant, payer=payer, kind__in=("checkout", "invoice"))
    attempt = asked.order_by("-pk").first()
    return actor_of(attempt) if attempt is not None and attempt.actor else SYSTEM
