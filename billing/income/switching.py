"""The moment in which another account stands: the former one until the next can take payments, then the next, in one transaction."""

from __future__ import annotations

from billing.audit import record
from billing.events import PayoutAccountReplaced
from engagement.audit.actor import SYSTEM, Actor
from saas.core import clock
from saas.events import publish

from .models import PayoutAccount

State = PayoutAccount.State


def switch_if_ready(*, standing: PayoutAccount, coming: PayoutAccount) -> PayoutAccount:
    """The payout lock is held and both were written from what Stripe says. Answers the one that stands then.

    One that somebody began who no longer owns the community is called off instead. Recorded. Publishes PayoutAccountReplaced.
    """
    if coming.owner_id is None or coming.owner_id != coming.user_id:
        drop(coming, SYSTEM, note="The community has another owner.")
        return standing
    if not coming.can_take:
        return standing
    # In this order: the table allows one that stands at every moment.
    standing.state, standing.settled_at = State.FORMER, clock.now()
    standing.save(update_fields=["state", "settled_at"])
    coming.state = State.STANDING
    coming.save(update_fields=["state"])
    record(
        tenant=coming.tenant,
        actor=SYSTEM,
        action="payouts.replaced",
        before={"account": standing.stripe_id, "country": standing.country},
        after={"account": coming.stripe_id, "country": coming.country},
    )
    publish(
        PayoutAccountReplaced(
            tenant_id=coming.tenant_id, former=str(standing.stripe_id or ""), account=str(coming.stripe_id)
        )
    )
    return coming


def drop(coming: PayoutAccount, actor: Actor, *, note: str = "") -> None:
    """The one that was to be next is not to be. The lock is held. Recorded."""
    coming.state, coming.settled_at = State.DROPPED, clock.now()
    coming.save(update_fields=["state", "settled_at"])
    record(
        tenant=coming.tenant,
        actor=actor,
        action="payouts.called_off",
        before={"account": coming.stripe_id or "", "country": coming.country},
        note=note,
    )
