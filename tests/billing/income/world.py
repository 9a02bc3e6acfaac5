"""A community that is paid by its members at the local Stripe: what the product does, and what people do on Stripe's pages."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import stripe

from billing.entitling import give_plan
from billing.income.accounts import begin_onboarding, get_payout_account, refresh_account
from billing.income.checkouts import AppliedSupport, apply_support_session, begin_support
from billing.income.ending import end_overdue_support, list_overdue_supports
from billing.income.mirror import refresh_support
from billing.income.models import PayoutAccount, SupportCheckout, SupportCustomer, SupportSubscription
from engagement.audit.actor import Actor
from engagement.audit.models import AuditEntry
from engagement.members.models import Member
from engagement.supporters.models import Supporter, SupporterPayment, SupporterTier
from saas.core import clock
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant
from tests.billing.making import owner_of, tenant_of
from tests.billing.objects import seconds
from tests.cast import ACME, Community
from tests.engagement.rewards.spending import balance_of, make_member
from tests.engagement.supporters.supporting import make_tier
from tests.stripe import StripeServer

CARD, DECLINED = "4242424242424242", "4000000000000002"
OWNER = Actor("user", 1, "Ada", role="owner", via="web")


@dataclass
class World:
    server: StripeServer
    context: TenantContext
    community: Community = ACME

    @property
    def stripe(self) -> stripe.StripeClient:
        return self.server.client

    @property
    def tenant_id(self) -> int:
        return self.context.tenant_id

    def on_plan(self, key: str = "growth") -> World:
        give_plan(tenant_id=self.tenant_id, plan=key)
        self.context = TenantContext.of(tenant_of(self.community))
        return self

    def onboard(self, answer: str = "complete", country: str = "US") -> PayoutAccount:
        """The owner goes through Stripe's page and comes back."""
        address = begin_onboarding(
            tenant_id=self.tenant_id, user=owner_of(self.community), actor=OWNER, country=country
        )
        opener = urllib.request.build_opener(_Stay)
        opener.open(address, data=f"answer={answer}".encode()).read()
        return refresh_account(tenant_id=self.tenant_id)

    def account(self) -> PayoutAccount:
        found = get_payout_account(tenant_id=self.tenant_id)
        assert found is not None
        return found

    def tier(self, **values: Any) -> SupporterTier:
        with enter_tenant(self.context):
            return make_tier(self.context, on_sale=True, **values)

    def member(self) -> Member:
        with enter_tenant(self.context):
            return make_member(self.context)

    def begin(self, member: Member, tier: SupporterTier) -> str:
        """The session's id."""
        begin_support(context=self.context, member_id=member.pk, tier_key=tier.key)
        return self.session(member)

    def session(self, member: Member) -> str:
        rows = SupportCheckout.objects.filter(
            customer__tenant_id=self.tenant_id, customer__member_id=member.pk, stripe_id__isnull=False
        )
        return str(rows.order_by("-pk")[0].stripe_id)

    def pay(self, session: str, card: str = CARD, **more: Any) -> None:
        self.server.control.complete_checkout(session, card=card, email="robin@example.org", **more)

    def apply(self, member: Member, session: str) -> AppliedSupport:
        return apply_support_session(context=self.context, member_id=member.pk, session_id=session)

    def support(self, member: Member, tier: SupporterTier) -> Supporter:
        """Begin, pay, come back."""
        session = self.begin(member, tier)
        self.pay(session)
        assert self.apply(member, session).state == "done"
        return self.supporter(member)

    def supporter(self, member: Member) -> Supporter:
        """The newest."""
        with enter_tenant(self.context):
            rows = Supporter.objects.select_related("tier", "member").filter(member_id=member.pk)
            return rows.order_by("-pk")[0]

    def row(self, member: Member) -> SupportSubscription:
        return SupportSubscription.objects.get(stripe_id=self.supporter(member).reference)

    def payments(self) -> list[SupporterPayment]:
        """The oldest first."""
        with enter_tenant(self.context):
            return list(SupporterPayment.objects.select_related("tier").order_by("paid_at", "pk"))

    def points(self, member: Member) -> int:
        with enter_tenant(self.context):
            return balance_of(member)[0]

    def news(self) -> list[str]:
        with enter_tenant(self.context):
            rows = TenantEvent.objects.filter(type__startswith="Supporter").order_by("id")
            return [row.type.removeprefix("Supporter") for row in rows]

    def recorded(self) -> list[str]:
        with enter_tenant(self.context):
            rows = AuditEntry.objects.filter(action__startswith="supporter.").order_by("id")
            return [row.action.removeprefix("supporter.") for row in rows]

    def told(self, member: Member) -> Any:
        """The support as Stripe has it."""
        return self.stripe.v1.subscriptions.retrieve(self.supporter(member).reference)

    def charges(self, member: Member) -> list[Any]:
        """The newest first, with fee and transfer."""
        customer = self.row(member).customer.stripe_id or ""
        expand = ["data.application_fee", "data.transfer"]
        return list(self.stripe.v1.charges.list({"customer": customer, "expand": expand}).data)

    def picture(self) -> dict[str, Any]:
        """All that the product holds of supports here, but for when we looked and for numbers of rows."""
        with enter_tenant(self.context):
            supporters = list(
                Supporter.objects.order_by("reference").values(
                    "reference", "member_id", "tier_id", "state", "amount", "period_end", "cancel_at", "late_since",
                    "ended_at",
                )
            )  # fmt: skip
            payments = list(
                SupporterPayment.objects.order_by("reference").values(
                    "reference", "tier_id", "amount", "fee", "points", "points_given", "refunded"
                )
            )
        rows = list(
            SupportSubscription.objects.filter(tenant_id=self.tenant_id)
            .order_by("stripe_id")
            .values("stripe_id", "status", "fee", "gross", "fees", "refunded", "ended_at", "refused")
        )
        return {"supporters": supporters, "payments": payments, "rows": rows}


class _Stay(urllib.request.HTTPRedirectHandler):
    """Where Stripe sends somebody back to is a page of ours, which nobody serves here."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        return None

    def http_error_303(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
        return fp


@dataclass
class Months(World):
    """A support's life on one of Stripe's test clocks: the days pass there and here."""

    moment: datetime = field(default_factory=clock.now)
    clock_id: str = ""

    def open(self, member: Member, currency: str = "usd") -> Months:
        """Make the test clock and the member's customer, who lives by it."""
        self.moment = (clock.now() + timedelta(seconds=1)).replace(microsecond=0)  # the plan began before
        made = self.stripe.v1.test_helpers.test_clocks.create({"frozen_time": seconds(self.moment)})
        self.clock_id = made.id
        row = SupportCustomer.objects.create(tenant_id=self.tenant_id, member_id=member.pk, currency=currency)
        customer = self.stripe.v1.customers.create(
            {"test_clock": made.id, "metadata": {"support_customer": row.key}, "email": "robin@example.org"}
        )
        SupportCustomer.objects.filter(pk=row.pk).update(stripe_id=customer.id)
        return self

    @contextmanager
    def today(self) -> Iterator[None]:
        with clock.frozen_at(self.moment):
            yield

    def pass_days(self, days: float, *, look: bool = True) -> None:
        target = self.moment + timedelta(days=days)
        while self.moment < target:
            self.moment = min(self.moment + timedelta(days=3), target)
            clocks = self.stripe.v1.test_helpers.test_clocks
            found = clocks.advance(self.clock_id, {"frozen_time": seconds(self.moment)})
            for _ in range(1_000):
                if found.status == "ready":
                    break
                found = clocks.retrieve(self.clock_id)
            if look:
                self.look()

    def look(self) -> None:
        """What a webhook and the job of every quarter of an hour do."""
        with self.today():
            for row in SupportSubscription.objects.filter(tenant_id=self.tenant_id):
                refresh_support(stripe_id=row.stripe_id)
            for stripe_id in list_overdue_supports():
                end_overdue_support(stripe_id=stripe_id)

    def use_card(self, member: Member, token: str) -> None:
        row = self.row(member)
        method = self.stripe.v1.payment_methods.attach(token, {"customer": row.customer.stripe_id or ""})
        self.stripe.v1.subscriptions.update(row.stripe_id, {"default_payment_method": method.id})

    def pay_open_invoice(self, member: Member) -> None:
        listed = self.stripe.v1.invoices.list({"subscription": self.row(member).stripe_id, "status": "open"})
        for invoice in listed.data:
            self.stripe.v1.invoices.pay(str(invoice.id))
