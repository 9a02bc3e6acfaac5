"""What may be bought: checked here, whatever a browser sent. Prices are found at Stripe's by our own lookup keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import structlog

from saas.core.text import clean_line
from tenants.models import Tenant

from .errors import PlanNotForSaleError, PromotionCodeError, StripeRefusedError
from .models import BillingAttempt, Payer
from .plans import CURRENCIES, INTERVALS, Plan, get_plan, plans_for
from .stripe_api import asking_stripe

MAX_COHORTS: Final = 500
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Choice:
    """A plan that somebody chose, checked."""

    plan: Plan
    interval: str
    currency: str
    quantity: int = 1

    def to_data(self) -> dict[str, Any]:
        return {
            "plan": self.plan.key,
            "interval": self.interval,
            "currency": self.currency,
            "quantity": self.quantity,
        }

    @property
    def amount(self) -> int:
        """Minor units a period, without discounts and taxes."""
        return self.plan.price(self.interval, self.currency, self.quantity)

    @property
    def yearly(self) -> int:
        """What twelve months of it cost, to compare by."""
        return self.amount * (12 if self.interval == "month" else 1)


def check_choice(
    *, tenant: Tenant, plan: str, interval: str, currency: str, quantity: int, by_invoice: bool = False
) -> Choice:
    """Raises PlanNotFoundError, PlanNotForSaleError whose `field` names what was wrong."""
    found = get_plan(plan)
    if interval not in INTERVALS:
        raise PlanNotForSaleError("A plan is paid by the month or by the year.", field="interval")
    if currency not in CURRENCIES:
        names = ", ".join(one.upper() for one in CURRENCIES)
        raise PlanNotForSaleError(f"Plans are sold in {names}.", field="currency")
    if found.is_free or found not in plans_for(tenant.kind):
        offered = ", ".join(one.name for one in plans_for(tenant.kind) if not one.is_free)
        raise PlanNotForSaleError(
            f"The plan {found.name} is not for this community. It can choose from: {offered}.", field="plan"
        )
    if found.by_invoice and not by_invoice:
        raise PlanNotForSaleError(
            f"The plan {found.name} is paid by invoice. Write to us and we set it up.", field="plan"
        )
    most = MAX_COHORTS if found.per else 1
    if not 1 <= quantity <= most:
        raise PlanNotForSaleError(
            f"Choose 1 to {most} cohorts." if found.per else f"The plan {found.name} is bought once.",
            field="quantity",
        )
    return Choice(found, interval, currency, quantity)


def check_currency(payer: Payer, currency: str) -> None:
    """Stripe keeps a customer to the currency of its first subscription. Raises PlanNotForSaleError."""
    if payer.currency and payer.currency != currency:
        raise PlanNotForSaleError(
            f"You pay in {payer.currency.upper()} already, and one payer has one currency. Choose it, or pay as another "
            "company.",
            field="currency",
        )


def find_price(choice: Choice) -> str:
    """Stripe's id of the plan's price, by its lookup key. What is sold by use has a subscription of its own, of the payer's
    (billing.metering): Stripe counts use by customer. Raises StripeAwayError, StripeRefusedError."""
    key = choice.plan.lookup_key(choice.interval)
    with asking_stripe() as stripe:
        listed = stripe.v1.prices.list({"lookup_keys": [key], "active": True, "limit": 1})
        if not listed.data:
            log.error("prices_missing_at_stripe", lookup_keys=[key], remedy="manage.py sync_plans")
            raise StripeRefusedError
        return listed.data[0].id


def find_promotion_code(*, tenant: Tenant, payer: Payer, code: str) -> str:
    """Stripe's id of a code that is in force and that this community did not have before. Empty for none. The same words may be a code
    for everybody and one for each of some customers: the payer's own comes first.

    Raises PromotionCodeError, StripeAwayError. What else a code asks for (a first payment, an amount, a customer) Stripe checks.
    """
    code = clean_line(code, limit=51)
    if not code:
        return ""
    if len(code) > 50 or not code.isascii():
        raise PromotionCodeError("there is no such code. Look at how it is written.")
    before = BillingAttempt.objects.filter(
        tenant=tenant, state=BillingAttempt.State.DONE, wanted__promotion_code__iexact=code
    )
    if before.exists():
        raise PromotionCodeError("this community has used it already, and a code counts once.")
    with asking_stripe() as stripe:
        found = stripe.v1.promotion_codes.list({"code": code, "active": True, "limit": 100}).data
    if not found:
        raise PromotionCodeError("there is no such code, or it has run out. Look at how it is written.")
    own = [one.id for one in found if one.customer is not None and one.customer == payer.stripe_id]
    ids = [*own, *(one.id for one in found if one.customer is None)]
    if not ids:
        raise PromotionCodeError("it is not for this purchase.")
    return str(ids[0])
