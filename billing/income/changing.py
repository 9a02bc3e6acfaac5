"""What a member does with a running support: cancel, resume, take a dearer tier at once or a cheaper one from the next period on.

Each looks at Stripe first, under the lock, and does nothing that stands already: so asking again after a lost answer is safe. A cheaper
tier is one update at Stripe's: the next price without any proration, and a mark of what holds until the period is over (reading.py). So it
comes by itself, whoever hears of it, and everything else about the subscription can be changed meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from billing.mirror import fetch_subscription
from billing.stripe_api import asking_stripe, telling_stripe
from engagement.audit.actor import Actor
from engagement.supporters.errors import SupportNotFoundError
from engagement.supporters.models import Supporter, SupporterTier, SupportState
from engagement.supporters.offering import require_alike
from engagement.supporters.selectors import find_running
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tenants.gatekeeping import require_gate

from .accounts import get_payout_account
from .errors import (
    ChangePlannedError,
    PayoutsNotReadyError,
    PeriodTurnsError,
    SupportEndsError,
    SupportLateError,
)
from .mirror import end_at_stripe, refresh_held
from .prices import obtain_price
from .reading import NOTHING_KEPT, mark_kept, read_support
from .running import Running, get_row, holding_running

if TYPE_CHECKING:
    from stripe.params import InvoiceCreatePreviewParams, SubscriptionUpdateParams


TURN: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class SupportChangePreview:
    """Stripe's own figures, in minor units of `currency`. `proration_date` comes back with the confirmation, so that what was shown is
    what is charged. `credit`: what is left of the period that was paid, as a positive number. `later`: it begins with the next period,
    and nothing is charged now."""

    tier: SupporterTier
    currency: str
    due_now: int
    credit: int
    next_amount: int
    next_at: datetime | None
    proration_date: int
    later: bool = False


def cancel_support(*, context: TenantContext, member_id: int, actor: Actor, why: str = "asked") -> Supporter:
    """It ends with the period that was paid; benefits go on until then. One whose payment is late has nothing that was paid: it ends
    now, and what is open is written off, so that nobody is charged after cancelling. Idempotent. Holds the lock of the support.
    Recorded.

    Publishes SupporterEnding or SupporterLeft. Raises SupportNotFoundError, StripeAwayError, StripeUnsureError, BillingBusyError.
    """
    with holding_running(context=context, member_id=member_id) as running:
        if running.supporter.state == SupportState.LATE:
            end_at_stripe(running.row.stripe_id)
            return _look(context, running, actor)
        if running.row.cancel_at is not None:
            return running.supporter
        wanted: SubscriptionUpdateParams = {"cancel_at_period_end": True}
        if running.row.next_tier:
            wanted |= _keep(_fetch(running))  # what ends has no next period
        return _tell(context, running, wanted, actor, why=why)


def resume_support(*, context: TenantContext, member_id: int, actor: Actor) -> Supporter:
    """Take the cancellation back, also where the plan has no supporters any more: it was promised. Idempotent, lock and record as
    cancel_support. Raises SupportNotFoundError, StripeAwayError, StripeUnsureError, BillingBusyError."""
    with holding_running(context=context, member_id=member_id) as running:
        if running.row.cancel_at is None:
            return running.supporter
        return _tell(context, running, {"cancel_at_period_end": False}, actor)


def preview_support_change(*, context: TenantContext, member_id: int, tier_key: str) -> SupportChangePreview:
    """What another tier costs now and from then on. Changes nothing.

    Raises as change_support.
    """
    row = get_row(context=context, member_id=member_id)
    tier, is_dearer = _check(context, member_id, tier_key)
    if not is_dearer:
        return SupportChangePreview(tier, tier.currency, 0, 0, tier.amount, row.period_end, 0, later=True)
    price = obtain_price(context=context, tier=tier)
    data = fetch_subscription(row.stripe_id)
    if data is None:
        raise SupportNotFoundError
    items = [{"id": read_support(data).item_id, "price": price, "quantity": 1}]
    moment = int(clock.now().timestamp())
    begins = data["items"]["data"][0].get("current_period_start") or moment
    ends = data["items"]["data"][0].get("current_period_end") or moment
    at = min(max(moment, begins), ends)
    due = _ask(row.stripe_id, items, at)
    credit = -sum(line["amount"] for line in due["lines"]["data"] if line["amount"] < 0)
    return SupportChangePreview(
        tier, tier.currency, max(due["amount_due"], 0), credit, tier.amount, row.period_end, at
    )


def change_support(
    *, context: TenantContext, member_id: int, actor: Actor, tier_key: str, proration_date: int = 0
) -> Supporter:
    """Take a dearer tier at once: the rest of the period is charged now, or nothing is changed. One that is not dearer comes with the next
    period, for the price that it has now; the tier that one has takes that back.

    Idempotent: who has the tier already is charged nothing. Holds the lock of the support. Publishes SupporterMoved or SupporterPlanned,
    recorded. Raises GateClosedError, PayoutsNotReadyError where the new owner has not confirmed the account, SupportNotFoundError,
    TierNotFoundError, TierNotOnSaleError, TierNotAlikeError, SupportLateError, SupportEndsError, ChangePlannedError, PeriodTurnsError,
    CardDeclinedError, ConfirmationNeededError, StripeAwayError, StripeUnsureError, StripeRefusedError, BillingBusyError.
    """
    with holding_running(context=context, member_id=member_id) as running:
        if running.supporter.tier.key == tier_key:
            if not running.row.next_tier:
                return running.supporter
            _refuse_at_the_turn(running)
            return _tell(context, running, _keep(_fetch(running)), actor)
        if running.row.next_tier == tier_key:
            return running.supporter
        tier, is_dearer = _check(context, member_id, tier_key)
        price = obtain_price(context=context, tier=tier)
        data = _fetch(running)
        if not is_dearer:
            _refuse_at_the_turn(running)
            return _tell(context, running, _plan(data, tier, price), actor)
        wanted: SubscriptionUpdateParams = {
            "items": [{"id": read_support(data).item_id, "price": price, "quantity": 1}],
            "metadata": {"tier": tier.key},
            "proration_behavior": "always_invoice",
            "payment_behavior": "error_if_incomplete",
        }
        if proration_date:
            wanted["proration_date"] = proration_date
        return _tell(context, running, wanted, actor)


def _plan(data: dict[str, Any], tier: SupporterTier, price: str) -> SubscriptionUpdateParams:
    """The next price, and what holds until then; which stays as it was where another tier was planned before."""
    told, item = read_support(data), data["items"]["data"][0]
    return {
        "items": [{"id": item["id"], "price": price, "quantity": 1}],
        "metadata": {"tier": tier.key, **mark_kept(told, item["current_period_end"])},
        "proration_behavior": "none",
    }


def _keep(data: dict[str, Any]) -> SubscriptionUpdateParams:
    """The price of the period that runs stays."""
    told = read_support(data)
    return {
        "items": [{"id": told.item_id, "price": told.price_id, "quantity": 1}],
        "metadata": {"tier": told.tier, **NOTHING_KEPT},
        "proration_behavior": "none",
    }


def _refuse_at_the_turn(running: Running) -> None:
    """Stripe writes the next invoice when the period is over: with a change in that moment nobody could say which price it has."""
    end = running.row.period_end
    if end is not None and clock.now() > end - TURN:
        raise PeriodTurnsError


def _fetch(running: Running) -> dict[str, Any]:
    data = fetch_subscription(running.row.stripe_id)
    if data is None:
        raise SupportNotFoundError
    return data


def _check(context: TenantContext, member_id: int, tier_key: str) -> tuple[SupporterTier, bool]:
    """The tier, and whether it is dearer than what is paid now."""
    account = get_payout_account(tenant_id=context.tenant_id)
    if account is None or not account.is_confirmed:
        raise PayoutsNotReadyError  # What was agreed goes on; nothing dearer is sold into a former owner's account.
    with enter_tenant(context):
        require_gate("supporters", context)
        supporter = find_running(member_id=member_id)
        if supporter is None:
            raise SupportNotFoundError
        if supporter.state == SupportState.LATE:
            raise SupportLateError
        if supporter.cancel_at is not None:
            raise SupportEndsError
        tier = require_alike(running=supporter, tier_key=tier_key)
        is_dearer = tier.amount > supporter.amount
        if is_dearer and supporter.next_tier is not None:
            raise ChangePlannedError(supporter.next_tier.name)
        return tier, is_dearer


def _ask(stripe_id: str, items: list[dict[str, Any]], at: int) -> dict[str, Any]:
    how = {"items": items, "proration_behavior": "always_invoice", "proration_date": at}
    wanted = cast("InvoiceCreatePreviewParams", {"subscription": stripe_id, "subscription_details": how})
    with asking_stripe() as stripe:
        data: dict[str, Any] = stripe.v1.invoices.create_preview(wanted).to_dict()
    return data


def _tell(
    context: TenantContext,
    running: Running,
    wanted: SubscriptionUpdateParams,
    actor: Actor,
    *,
    why: str = "asked",
) -> Supporter:
    """Tell Stripe and write what it says then, which records itself."""
    with telling_stripe() as stripe:
        stripe.v1.subscriptions.update(running.row.stripe_id, wanted)
    return _look(context, running, actor, why=why)


def _look(context: TenantContext, running: Running, actor: Actor, *, why: str = "asked") -> Supporter:
    refresh_held(stripe_id=running.row.stripe_id, actor=actor, why=why)
    with enter_tenant(context):
        return Supporter.objects.select_related("tier", "member").get(pk=running.supporter.pk)
