"""An organiser gives a payment back whole: the transfer to the community and our fee go back with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from billing.errors import StripeRefusedError
from billing.locks import holding_support
from billing.reading import id_of
from billing.stripe_api import asking_stripe
from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from engagement.supporters.errors import PaymentNotFoundError
from engagement.supporters.models import SupporterPayment
from engagement.supporters.selectors import get_payment
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from tenants.context import TenantContext, enter_tenant

from .disputes import fetch_disputes
from .errors import PaymentDisputedError, RefundTooLateError
from .mirror import end_at_stripe, give_back, refresh_held
from .models import SupportSubscription
from .reading import LOST, OPEN, dispute_state, intents_of

DAYS: Final = 90


def refund_payment(*, context: TenantContext, payment_key: str, end: bool, actor: Actor) -> SupporterPayment:
    """Give back what is left of a payment of the last DAYS days, and with `end` end its support now.

    Stripe is looked at first, under the lock of the member's support, so that asking again gives nothing back twice. The points of the
    period are taken back. Recorded. Raises PaymentNotFoundError, RefundTooLateError, PaymentDisputedError, StripeAwayError, StripeUnsureError,
    StripeRefusedError, BillingBusyError.
    """
    with enter_tenant(context):
        payment = get_payment(key=payment_key)
    if not payment.is_refunded and payment.paid_at < clock.now() - timedelta(days=DAYS):
        raise RefundTooLateError(DAYS)
    with enter_schema(PUBLIC):
        rows = SupportSubscription.objects.select_related("customer").filter(tenant_id=context.tenant_id)
        row = rows.filter(stripe_id=payment.supporter.reference).first()
    if row is None:
        raise PaymentNotFoundError
    with holding_support(context.tenant_id, row.customer.member_id):
        with enter_tenant(context):
            before = get_payment(key=payment_key)
        charge = _find_charge(payment.reference)
        _refuse_disputed(charge)
        if not charge.get("refunded"):
            # A part may have been given back at Stripe's before: what is left then is another request.
            give_back(charge["id"], key=f"refund-{payment.key}-{charge.get('amount_refunded') or 0}")
        if end:
            end_at_stripe(row.stripe_id)
        refresh_held(stripe_id=row.stripe_id, actor=actor)
        with enter_tenant(context):
            after = get_payment(key=payment_key)
            if after.refunded != before.refunded:
                _record(actor, after, before, end)
    return after


def _find_charge(invoice_id: str) -> dict[str, Any]:
    """The charge that paid the invoice. Raises StripeRefusedError where Stripe knows none, which nobody can mend here."""
    with asking_stripe() as stripe:
        invoice = stripe.v1.invoices.retrieve(invoice_id, {"expand": ["payments"]}).to_dict()
        for intent in intents_of(invoice):
            found = stripe.v1.payment_intents.retrieve(intent, {"expand": ["latest_charge"]}).to_dict()
            charge = found.get("latest_charge")
            if isinstance(charge, dict) and charge.get("paid") and id_of(charge):
                return charge
    raise StripeRefusedError


def _refuse_disputed(charge: dict[str, Any]) -> None:
    """Of a dispute that was won the share came again by a transfer of its own, which no refund takes back. Raises PaymentDisputedError."""
    for dispute in fetch_disputes([charge]):
        if dispute_state(dispute) in (OPEN, LOST) or dispute["status"] == "won":
            raise PaymentDisputedError(won=dispute["status"] == "won")


def _record(actor: Actor, after: SupporterPayment, before: SupporterPayment, end: bool) -> None:
    """A tolerated gap: where we are killed between Stripe's answer and our commit, the webhook writes the refund without this line."""
    member = after.supporter.member
    record_audit(
        actor=actor,
        action="supporter.refunded",
        target_kind="member",
        target_id=member.pk,
        target_name=member.display_name,
        before={"refunded": before.refunded},
        after={"refunded": after.refunded, "amount": after.amount, "currency": after.currency, "ended": end},
    )
