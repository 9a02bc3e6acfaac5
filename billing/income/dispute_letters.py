"""What the community's owner is told of a dispute: where the money is, and what they can do. Nobody else gets it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from email.utils import parseaddr
from typing import Any

from django.conf import settings

from billing.reading import moment
from billing.wording import write_amount, write_day
from engagement.supporters.mirroring import PaymentFacts
from saas.core.schemas import PUBLIC, enter_schema
from tenants.letters import Letter, send_letter
from tenants.models import Membership, Tenant

from .addresses import payments_page
from .reading import INQUIRY, LOST, OPEN, dispute_state


def write_dispute_letter(
    tenant: Tenant, payment: PaymentFacts, disputes: Iterable[Mapping[str, Any]]
) -> None:
    """To the owner, once the caller's transaction commits. Nothing of the member's card or name stands in it."""
    due = [
        moment(one["evidence_details"]["due_by"]) for one in disputes if dispute_state(one) == payment.dispute
    ]
    by = next((f" until {write_day(tenant, day)}" for day in due if day), "")
    subject, lines = _words(tenant, payment, by)
    with enter_schema(PUBLIC):
        owners = Membership.objects.select_related("user").filter(tenant=tenant, role=Membership.Role.OWNER)
        owner = owners.first()
        if owner is None or not owner.user.email:
            return
        send_letter(
            Letter(
                to=owner.user.email,
                subject=subject,
                lines=lines,
                action="See the payments",
                address=payments_page(tenant.slug),
                reason=f"You get this mail because you own {tenant.name}.",
            )
        )


def _words(tenant: Tenant, payment: PaymentFacts, by: str) -> tuple[str, tuple[str, ...]]:
    name, money = tenant.name, write_amount(payment.amount, payment.currency)
    which = f"A supporter’s payment of {money} from {write_day(tenant, payment.paid_at)}"
    us = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    if payment.dispute == OPEN:
        return f"{name}: a payment of {money} is disputed", (
            f"{which} is disputed: who paid asked their bank to take it back. Until the bank decides, your share is taken from your account "
            "at Stripe, our fee goes back to it, and the points and the role of that period are gone.",
            f"EngageHub answers the bank. If you have something that shows what was given for it, write to {us}{by}, and we send it along. "
            "If the bank decides for you, everything comes back.",
        )
    if payment.dispute == LOST:
        return f"{name}: a disputed payment of {money} is lost", (
            f"{which} was disputed, and the bank decided for who paid. Your share stays taken back; we keep no fee of it.",
            f"The support has ended, so nothing more is charged. If you think that this is wrong, write to {us}.",
        )
    if payment.dispute == INQUIRY:
        return f"{name}: a bank asks about a payment of {money}", (
            f"The bank of who paid asks about it. {which} stays where it is for now.",
            f"If you know what it is about, write to {us}{by}, and we answer the bank. You can also refund the payment under Supporters, "
            "which settles it.",
        )
    return f"{name}: a payment of {money} stands", (
        f"{which} is no longer disputed. What had been taken back of it is in your account at Stripe again, less our fee, and the points "
        "of that period came back.",
    )
