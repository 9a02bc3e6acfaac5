"""Another payer for the same plan: offered, accepted on Stripe's page, and from that moment paid by them and by nobody else.

Invariants: the former payer is charged until the new one has paid, and not longer: the new subscription names the one that it
replaces, which ends when the new one is seen to live, with credit for what is left of it; the community has its plan throughout.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from engagement.audit.actor import Actor
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from tenants.models import Membership, User

from .attempts import State
from .audit import record
from .checkout import close_checkouts, get_open_tenant, open_checkout
from .choosing import check_choice, check_currency
from .errors import NotThePayerError, OfferOverError, PlanEndsError
from .letters import write_payment_offered
from .locks import holding_tenant
from .models import BillingAttempt, Subscription
from .payers import obtain_customer, obtain_payer
from .previews import get_live

OFFERED_FOR: Final = timedelta(days=7)
# Stripe's pages take the end of a trial that is at least two days ahead.
_LEAST_TRIAL: Final = timedelta(hours=49)


def offer_payment(*, tenant_id: int, user: User, heir_id: int, actor: Actor) -> BillingAttempt:
    """The payer, or the owner, asks somebody on the team to pay for the plan from now on; an earlier offer falls. Idempotent.

    The heir is told by mail; nothing changes until they have paid. Holds the tenant's billing lock.
    Raises NoSubscriptionError, NotThePayerError, OfferOverError for somebody who is not on the team, PlanEndsError.
    """
    tenant = get_open_tenant(tenant_id)
    with holding_tenant(tenant_id):
        row = get_live(tenant_id)
        team = Membership.objects.select_related("user").filter(tenant=tenant)
        owner = team.filter(role=Membership.Role.OWNER, user=user).exists()
        if row.payer.user_id != user.pk and not owner:
            raise NotThePayerError(str(row.payer))
        if row.cancel_at is not None:
            raise PlanEndsError
        heir = team.filter(user_id=heir_id, role__in=("owner", "admin")).first()
        if heir is None or heir_id == row.payer.user_id:
            raise OfferOverError(
                "Offer it to an owner or an admin of this community who does not pay for it yet."
            )
        standing = _find_offer(tenant_id)
        if standing is not None and standing.wanted["heir"] == heir_id:
            return standing
        _withdraw(tenant_id)
        offer = BillingAttempt.objects.create(
            tenant=tenant,
            payer=row.payer,
            kind="move",
            wanted={"heir": heir_id, "stripe_id": row.stripe_id},
            actor=asdict(actor),
            expires_at=clock.now() + OFFERED_FOR,
        )
        write_payment_offered(row, heir.user, OFFERED_FOR)
        record(tenant=tenant, actor=actor, action="plan.payer_offered", after={"payer": str(heir.user)})
    return offer


def withdraw_payment_offer(*, tenant_id: int, user: User) -> bool:
    """Payer, owner or heir end the offer; False where there is none, or none of theirs. A page on which it was being accepted is
    closed first; what was paid there counts. Raises StripeAwayError: then the offer stands."""
    with enter_schema(PUBLIC):
        if not _may_end(tenant_id, user):
            return False
    close_checkouts(tenant_id=tenant_id)
    with holding_tenant(tenant_id):
        return _withdraw(tenant_id) > 0


def get_payment_offer(*, tenant_id: int) -> BillingAttempt | None:
    """The offer that stands; `wanted["heir"]` is the id of whom it was made to, `payer` whoever pays now."""
    with enter_schema(PUBLIC):
        return _find_offer(tenant_id)


def accept_payment(*, tenant_id: int, user: User, payer_key: str = "", actor: Actor) -> str:
    """The address of Stripe's page where the heir takes the plan over as it stands; the payer themselves need no offer to go on as
    another of their payers, such as their company. What was planned for the end of the period falls.

    A trial goes on where two days of it are left. Raises as begin_checkout, and OfferOverError, PlanEndsError.
    """
    tenant = get_open_tenant(tenant_id)
    row = get_live(tenant_id)
    offer = get_payment_offer(tenant_id=tenant_id)
    offered = offer is not None and offer.wanted["heir"] == user.pk
    if not offered and row.payer.user_id != user.pk:
        raise OfferOverError(
            "This offer was taken back or has run out. Ask whoever pays now to offer it again."
        )
    if row.cancel_at is not None:
        raise PlanEndsError
    if row.by_invoice:
        raise OfferOverError(
            "This plan is paid by invoice. Write to us and we change whom the invoices go to."
        )
    payer = obtain_payer(user=user, key=payer_key)
    if payer.pk == row.payer_id:
        raise OfferOverError(
            "You pay for this plan already. Choose another of your payers, or add a company."
        )
    currency = payer.currency or row.currency
    choice = check_choice(
        tenant=tenant, plan=row.plan, interval=row.interval, currency=currency, quantity=row.quantity
    )
    check_currency(payer, currency)
    obtain_customer(payer=payer)
    wanted: dict[str, Any] = {
        **choice.to_data(),
        "replaces": row.stripe_id,
        "promotion_code": "",
        "code_id": "",
    }
    if _goes_on(row, clock.now()):
        assert row.trial_end is not None
        wanted["trial_end"] = int(row.trial_end.timestamp())
    return open_checkout(tenant=tenant, payer=payer, wanted=wanted, actor=actor)


def _find_offer(tenant_id: int) -> BillingAttempt | None:
    rows = BillingAttempt.objects.select_related("payer__user", "tenant").filter(
        tenant_id=tenant_id, kind="move", state=State.OPEN, expires_at__gt=clock.now()
    )
    return rows.order_by("-pk").first()


def _may_end(tenant_id: int, user: User) -> bool:
    offer = _find_offer(tenant_id)
    owner = Membership.objects.filter(tenant_id=tenant_id, user=user, role=Membership.Role.OWNER)
    return offer is not None and (user.pk in {offer.payer.user_id, offer.wanted["heir"]} or owner.exists())


def _withdraw(tenant_id: int) -> int:
    rows = BillingAttempt.objects.filter(tenant_id=tenant_id, kind="move", state=State.OPEN)
    return rows.update(state=State.FAILED, settled_at=clock.now())


def _goes_on(row: Subscription, now: datetime) -> bool:
    trial = row.trial_end
    return row.status == "trialing" and trial is not None and trial - now >= _LEAST_TRIAL
