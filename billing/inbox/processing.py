"""One stored event is worked off: claimed, its object fetched from Stripe, what we keep of it made right.

Invariants: of an event only its type and the ids in it are read; a subscription is mirrored by billing.mirror from what Stripe
answers, under the row's lock. Working one off twice, at once or after others changes nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog
from django.db.models import F, Q

from billing.checkout import settle_checkout
from billing.errors import StripeRefusedError
from billing.income.accounts import refresh_account_of
from billing.income.checkouts import settle_support_checkout
from billing.income.mirror import refresh_support
from billing.metering.subscribing import refresh_usage_subscription
from billing.mirror import refresh_subscription
from billing.models import (
    BillingAttempt,
    PayoutAccount,
    Retainer,
    StripeEvent,
    Subscription,
    SupportCheckout,
    SupportSubscription,
    UsageSubscription,
)
from billing.retainers.mirroring import refresh_retainer
from billing.stripe_api import asking_stripe
from saas.core import clock
from saas.core.errors import EngageHubError
from saas.events.retries import RetryLaterError

from .metrics import SETTLED

if TYPE_CHECKING:
    from stripe import StripeClient

# Longer than Stripe's library waits for all its tries of the few calls that an event costs; a killed worker's claim ends by it.
CLAIM: Final = timedelta(minutes=2)
MAX_TRIES: Final = 14
log = structlog.get_logger(__name__)
State = StripeEvent.State


@dataclass(frozen=True, slots=True)
class Concerned:
    """Which subscriptions, by Stripe's ids, an object is about; or all of a customer's."""

    subscriptions: tuple[str, ...] = ()
    customer: str = ""


def work_off(*, event_id: int) -> None:
    """Work one event off, once. An event that is settled, or gone, is left alone.

    Changes: what billing.mirror changes, and the event's state. Lock: a claim by conditional update, which ends by itself
    after CLAIM. Raises RetryLaterError while another has it, and what went wrong where another try is due; after MAX_TRIES it
    is settled as failed, with its error.
    """
    event = _claim(event_id)
    if event is None:
        return
    try:
        refreshed = list(_follow(event))
    except Exception as error:
        _note_failure(event, error)
        if event.tries < MAX_TRIES:
            raise
        return
    # What is for several communities together is no community's.
    tenants = {getattr(row, "tenant_id", None) for row in refreshed}
    state = State.PROCESSED if refreshed else State.IGNORED
    _settle(event, state, tenant_id=tenants.pop() if len(tenants) == 1 else None)


def is_followed(event_type: str) -> bool:
    """Whether anything is done about events of that type."""
    return event_type in _ACCOUNTS or _handler_of(event_type) is not None


# --- the claim ---


def _claim(event_id: int) -> StripeEvent | None:
    """The event, ours until `claimed_until`. None when nothing is left to do. Raises RetryLaterError."""
    now = clock.now()
    mine = StripeEvent.objects.filter(
        Q(claimed_until=None) | Q(claimed_until__lte=now), pk=event_id, state=State.RECEIVED
    ).update(claimed_until=now + CLAIM, tries=F("tries") + 1)
    event = StripeEvent.objects.filter(pk=event_id, state=State.RECEIVED).first()
    if event is None or mine:
        return event
    raise RetryLaterError(f"Event {event_id} is in another worker's hands.", seconds=CLAIM.total_seconds())


def _keep_claim(event: StripeEvent) -> None:
    """Another CLAIM for the next subscription of a payer who has many. Raises RetryLaterError when the claim was lost."""
    until = clock.now() + CLAIM
    mine = StripeEvent.objects.filter(pk=event.pk, state=State.RECEIVED, claimed_until=event.claimed_until)
    if not mine.update(claimed_until=until):
        raise RetryLaterError(f"Event {event.pk} went to another worker.", seconds=CLAIM.total_seconds())
    event.claimed_until = until


def _settle(event: StripeEvent, state: str, *, tenant_id: int | None = None, error: str = "") -> None:
    """Only while the claim is still ours: who lost it leaves the event to the next."""
    changed = StripeEvent.objects.filter(
        pk=event.pk, state=State.RECEIVED, claimed_until=event.claimed_until
    ).update(state=state, tenant=tenant_id, error=error, settled_at=clock.now(), claimed_until=None)
    if changed:
        SETTLED.labels(str(state)).inc()


def _note_failure(event: StripeEvent, error: Exception) -> None:
    words = (error.message if isinstance(error, EngageHubError) else f"{type(error).__name__}: {error}")[:500]
    words = words.replace("\x00", "")
    if event.tries >= MAX_TRIES:
        log.error("stripe_event_failed", id=event.stripe_id, type=event.type, error=words)
        _settle(event, State.FAILED, error=words)
        return
    log.warning("stripe_event_stumbled", id=event.stripe_id, type=event.type, error=words)
    StripeEvent.objects.filter(pk=event.pk, claimed_until=event.claimed_until).update(
        error=words, claimed_until=None
    )


# --- what an event is about ---


Refreshed = Subscription | UsageSubscription | Retainer | SupportSubscription | PayoutAccount


def _follow(event: StripeEvent) -> Iterator[Refreshed]:
    """Refresh everything that the event's object concerns; what is not ours is passed over."""
    if event.type in _ACCOUNTS:
        account = refresh_account_of(stripe_id=event.payload.get("account") or event.object_id)
        if account is not None:
            yield account
        return
    handler = _handler_of(event.type)
    if handler is None or not event.object_id:
        return
    about = handler(event)
    theirs = Subscription.objects.filter(payer__stripe_id=about.customer, ended_at=None).order_by("pk")
    paid = theirs.values_list("stripe_id", flat=True) if about.customer else ()
    used = UsageSubscription.objects.filter(payer__stripe_id=about.customer, ended_at=None)
    use = used.values_list("stripe_id", flat=True) if about.customer else ()
    agreed = Retainer.objects.filter(payer__stripe_id=about.customer, ended_at=None, stripe_id__isnull=False)
    bundles = agreed.values_list("stripe_id", flat=True) if about.customer else ()
    given = SupportSubscription.objects.filter(customer__stripe_id=about.customer)
    supports = given.order_by("pk").values_list("stripe_id", flat=True) if about.customer else ()
    for stripe_id in (*about.subscriptions, *paid, *use, *bundles, *supports):
        _keep_claim(event)
        together = refresh_usage_subscription(stripe_id=stripe_id) or refresh_retainer(stripe_id=stripe_id)
        if together is not None:
            yield together
            continue
        if not Subscription.objects.filter(stripe_id=stripe_id).exists():
            support = refresh_support(stripe_id=stripe_id)
            if support is not None:
                yield support
                continue
        found = refresh_subscription(stripe_id=stripe_id)
        if found is not None:
            yield found


def _of_subscription(event: StripeEvent) -> Concerned:
    return Concerned((event.object_id,))


def _of_schedule(event: StripeEvent) -> Concerned:
    schedule = _fetch(lambda stripe: stripe.v1.subscription_schedules.retrieve(event.object_id))
    return Concerned(_ids(schedule, "subscription", "released_subscription"))


def _of_session(event: StripeEvent) -> Concerned:
    """The checkout that it ends is settled too, for a buyer who never came back to our page."""
    asked = BillingAttempt.objects.filter(stripe_id=event.object_id, kind=BillingAttempt.Kind.CHECKOUT)
    for attempt_id in asked.values_list("pk", flat=True):
        settle_checkout(attempt_id=attempt_id)
    for checkout_id in SupportCheckout.objects.filter(stripe_id=event.object_id).values_list("pk", flat=True):
        settle_support_checkout(checkout_id=checkout_id)
    session = _fetch(lambda stripe: stripe.v1.checkout.sessions.retrieve(event.object_id))
    return Concerned(_ids(session, "subscription"))


def _of_invoice(event: StripeEvent) -> Concerned:
    return _of_invoice_id(event.object_id)


def _of_invoice_payment(event: StripeEvent) -> Concerned:
    payment = _fetch(lambda stripe: stripe.v1.invoice_payments.retrieve(event.object_id))
    ids = _ids(payment, "invoice")
    return _of_invoice_id(ids[0]) if ids else Concerned()


def _of_invoice_id(invoice_id: str) -> Concerned:
    invoice = _fetch(lambda stripe: stripe.v1.invoices.retrieve(invoice_id))
    parent = getattr(invoice, "parent", None)
    return Concerned(_ids(getattr(parent, "subscription_details", None), "subscription"))


def _of_customer(event: StripeEvent) -> Concerned:
    """`customer.updated`, and what hangs on a customer (a discount, a tax id): all that they pay for."""
    return Concerned(customer=event.customer_id)


def _of_money(event: StripeEvent) -> Concerned:
    """A charge, its refund or its dispute: all that its customer pays for, since a charge names no subscription."""
    named = event.object_id
    if named.startswith(("re_", "pyr_")):
        refund = _fetch(lambda stripe: stripe.v1.refunds.retrieve(named))
        named = next(iter(_ids(refund, "charge")), "")
    elif named.startswith(("dp_", "du_")):
        dispute = _fetch(lambda stripe: stripe.v1.disputes.retrieve(named))
        named = next(iter(_ids(dispute, "charge")), "")
    if not named:
        return Concerned()
    charge = _fetch(lambda stripe: stripe.v1.charges.retrieve(named))
    return Concerned(customer=next(iter(_ids(charge, "customer")), ""))


# Of a community's payout account.
_ACCOUNTS: Final = frozenset({"account.updated", "account.application.deauthorized", "capability.updated"})
Handler = Callable[[StripeEvent], Concerned]
# The first prefix that fits.
_HANDLERS: Final[tuple[tuple[str, Handler], ...]] = (
    ("customer.subscription.", _of_subscription),
    ("subscription_schedule.", _of_schedule),
    ("checkout.session.", _of_session),
    ("invoice.", _of_invoice),
    ("invoice_payment.", _of_invoice_payment),
    ("customer.", _of_customer),
    ("charge.", _of_money),
    ("refund.", _of_money),
)


def _handler_of(event_type: str) -> Handler | None:
    return next((handler for prefix, handler in _HANDLERS if event_type.startswith(prefix)), None)


def _fetch(ask: Callable[[StripeClient], Any]) -> Any:
    """What Stripe answers now; None for what is gone there. Raises as asking_stripe."""
    try:
        with asking_stripe() as stripe:
            return ask(stripe)
    except StripeRefusedError as error:
        if getattr(error.__cause__, "code", "") == "resource_missing":
            return None
        raise


def _ids(thing: Any, *names: str) -> tuple[str, ...]:
    """The ids under those names: each a text, an expanded object or nothing."""
    found = [getattr(thing, name, None) for name in names]
    return tuple(str(getattr(one, "id", one)) for one in found if one)
