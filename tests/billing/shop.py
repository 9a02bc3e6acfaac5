"""A community that buys at the local Stripe: what the product does, and what a person does on Stripe's pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import stripe

from billing.checkout import apply_session, begin_checkout
from billing.models import BillingAttempt, Subscription
from billing.previews import ChangePreview, preview_change
from billing.reading import moment
from engagement.audit.actor import Actor
from tenants.models import Tenant, User
from tests.billing.making import owner_of, tenant_of
from tests.cast import ACME, Community
from tests.stripe import StripeServer

CARD = "4242424242424242"
DECLINED = "4000000000000002"
SECURE = "4000002760003184"
ACTOR = Actor("user", 1, "Ada", role="owner", via="web")


@dataclass
class Shop:
    server: StripeServer
    community: Community = ACME

    @property
    def stripe(self) -> stripe.StripeClient:
        return self.server.client

    @property
    def tenant(self) -> Tenant:
        return tenant_of(self.community)

    @property
    def owner(self) -> User:
        return owner_of(self.community)

    def begin(self, plan: str = "growth", interval: str = "month", currency: str = "usd", **more: Any) -> str:
        """The session's id."""
        begin_checkout(
            tenant_id=self.tenant.pk, user=self.owner, plan=plan, interval=interval, currency=currency, **more
        )
        return self.session()

    def session(self) -> str:
        last = BillingAttempt.objects.filter(tenant=self.tenant, kind="checkout").order_by("-pk").first()
        assert last is not None
        assert last.stripe_id is not None
        return last.stripe_id

    def pay(self, session: str, card: str | None = CARD, **more: Any) -> None:
        """What a person does on the checkout page."""
        self.server.control.complete_checkout(session, card=card, **more)

    def buy(self, plan: str = "growth", interval: str = "month", **more: Any) -> Subscription:
        """Begin, pay, come back."""
        session = self.begin(plan, interval, **more)
        self.pay(session)
        row = apply_session(tenant_id=self.tenant.pk, session_id=session).subscription
        assert row is not None
        return row

    def skip_trial(self) -> None:
        """This community and its server had their trial long ago."""
        from billing.trials import use_trial

        use_trial(tenant=self.tenant)

    def row(self) -> Subscription:
        """The newest."""
        found = Subscription.objects.filter(tenant=self.tenant).order_by("-pk").first()
        assert found is not None
        return found

    def told(self) -> Any:
        """The newest subscription as Stripe has it."""
        return self.stripe.v1.subscriptions.retrieve(self.row().stripe_id)

    def preview(self, plan: str, interval: str = "month", quantity: int = 1) -> ChangePreview:
        return preview_change(tenant_id=self.tenant.pk, plan=plan, interval=interval, quantity=quantity)

    def plan_in_force(self, moment_: datetime) -> tuple[str, str]:
        """(plan, why) that the entitlements give at that moment."""
        from tenants.entitlements import Entitlements

        row = self.tenant
        phase = Entitlements.parse(row.entitlements, row.entitlements_version).phase_at(moment_)
        return (phase.plan, phase.why) if phase else ("free", "")

    def now(self) -> datetime:
        """The local Stripe's own time."""
        found = moment(int(self.server.control.describe()["now"]))
        assert found is not None
        return found
