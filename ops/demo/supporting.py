"""The demo's supporters: a podcast with three tiers, an account for payouts at the local Stripe, and listeners who have paid for months.

Everything is done by the services and on the local Stripe's pages as people would do it, with both clocks held back to when it was;
so every payment exists at Stripe and can be refunded. Made once: where there is a supporter nothing is done. Only where the local
Stripe is what STRIPE_API_URL names.
"""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from billing.income.accounts import begin_onboarding, get_payout_account, refresh_account
from billing.income.changing import cancel_support, change_support
from billing.income.checkouts import apply_support_session, begin_support
from billing.income.mirror import refresh_support
from billing.income.models import SupportSubscription
from billing.income.refunds import refund_payment
from billing.stripe_api import asking_stripe
from engagement.audit.actor import SYSTEM, Actor
from engagement.members.models import Member
from engagement.progression.newcomers import NAMELESS
from engagement.supporters.forms import TierForm
from engagement.supporters.models import Supporter, SupporterTier, TierState
from engagement.supporters.selectors import list_payments
from engagement.supporters.tiers import create_tier, switch_tier
from ops.sandbox.stripe.remote import Control
from saas.core import clock
from saas.core.errors import EngageHubError
from saas.core.schemas import PUBLIC, enter_schema
from tenants.context import TenantContext, enter_tenant
from tenants.models import Membership

from .communities import DemoCommunity
from .earlier import plan_held_since
from .feeding import in_the_past
from .subscribing import CARD, is_local_stripe

SUPPORTED: Final = "night-owls"
FAILING: Final = "pm_card_chargeCustomerFail"  # can be kept, and is declined when it is charged
TIERS: Final = (
    TierForm(
        "Candle", "Keeps one light on.", ("Episodes a day early", "Your name in the notes"), 300, "eur", "month", "", 50
    ),
    TierForm(
        "Reading lamp",
        "For those who stay until the last page.",
        ("Everything of a candle", "A bonus episode each month", "A vote on the next book"),
        800, "eur", "month", "", 150,
    ),
    TierForm(
        "Lighthouse",
        "Carries the whole show.",
        ("Everything of a reading lamp", "A seat at the yearly recording", "A signed copy every spring"),
        12_000, "eur", "year", "", 2_000,
    ),
    TierForm("Bookshop", "For businesses that are named in the show.", ("Named in each episode",), 25_000, "eur", "month", "", 0),
)  # fmt: skip
SOLD: Final = 3  # of them; the last one is a draft
_SESSION: Final = re.compile(r"cs_test_\w+")
_TEAM: Final = Actor("system", 0, "The team", via="command")


@dataclass(frozen=True, slots=True)
class DemoSupport:
    """`days`: how long ago it began. `fate`: stays, cancelled, refunded, late, or cheaper: has the first tier from the next
    period on."""

    tier: int
    days: int
    fate: str = "stays"


SUPPORTS: Final = (
    DemoSupport(0, 154), DemoSupport(0, 148), DemoSupport(1, 141), DemoSupport(2, 133), DemoSupport(0, 120),
    DemoSupport(1, 112, "cancelled"), DemoSupport(0, 97), DemoSupport(0, 85), DemoSupport(1, 71, "cheaper"), DemoSupport(0, 63),
    DemoSupport(1, 52), DemoSupport(0, 44, "refunded"), DemoSupport(0, 33, "late"), DemoSupport(2, 21), DemoSupport(0, 9),
    DemoSupport(1, 4),
)  # fmt: skip


def support_demo(community: DemoCommunity, context: TenantContext, *, now: datetime) -> int:
    """How many began to support; 0 where there is nothing to do. Raises billing's errors."""
    if community.slug != SUPPORTED or not is_local_stripe() or _has_supporters(context):
        return 0
    _connect(context)
    long_ago = now - timedelta(days=200)
    with plan_held_since(context, long_ago), in_the_past(context.schema, since=now), _stripe_then() as then:
        tiers = _make_tiers(context)
        made = _live_through(context, tiers, then, now)
    _settle(context)
    return made


def _has_supporters(context: TenantContext) -> bool:
    with enter_tenant(context):
        return Supporter.objects.exists()


def _connect(context: TenantContext) -> None:
    """The owner's way through Stripe's page, where one button does it all."""
    account = get_payout_account(tenant_id=context.tenant_id)
    if account is not None and account.can_sell:
        return
    with enter_schema(PUBLIC):
        rows = Membership.objects.select_related("user").filter(tenant_id=context.tenant_id)
        owner = rows.get(role=Membership.Role.OWNER).user
    address = begin_onboarding(tenant_id=context.tenant_id, user=owner, actor=SYSTEM, country="DE")
    with suppress(urllib.error.HTTPError):  # it leads back to a page of ours, which may not be up yet
        sent = urllib.parse.urlencode({"answer": "complete"}).encode()
        _opener().open(urllib.request.Request(address, data=sent, method="POST"), timeout=10)
    refresh_account(tenant_id=context.tenant_id)


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows nowhere."""

    def redirect_request(self, *given: object) -> None:
        return None


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_Stay)


@contextmanager
def _stripe_then() -> Iterator[Control]:
    """The local Stripe, whose time may be set in here; afterwards it is as far ahead of the real one as it was, never behind."""
    stripe = Control(settings.STRIPE_API_URL)
    ahead = max(float(stripe.describe()["now"]) - time.time(), 0.0)
    try:
        yield stripe
    finally:
        stripe.set_time(time.time() + ahead)


def _make_tiers(context: TenantContext) -> list[SupporterTier]:
    with enter_tenant(context):
        found = list(SupporterTier.objects.order_by("position", "pk"))
        made = found or [create_tier(context=context, form=form, actor=_TEAM) for form in TIERS]
        for tier in made[:SOLD]:
            if tier.state == TierState.DRAFT:
                switch_tier(context=context, key=tier.key, state=TierState.ON_SALE, actor=_TEAM)
    return made


def _live_through(context: TenantContext, tiers: list[SupporterTier], stripe: Control, now: datetime) -> int:
    """From the first to the last beginning: each time what fell due meanwhile is written, then somebody begins."""
    with enter_tenant(context):
        people = Member.objects.filter(is_bot=False, deleted_at=None, departed_at=None, waiting_since=None)
        members = list(people.exclude(display_name=NAMELESS).order_by("pk")[: len(SUPPORTS)])
    made, written = 0, None
    for member, support in zip(members, SUPPORTS, strict=False):
        moment = now - timedelta(days=support.days)
        stripe.set_time(moment.timestamp())
        with clock.frozen_at(moment):
            # Each look at all of them is some ten requests a supporter, so not more often than something falls due.
            if written is None or moment - written >= timedelta(days=20):
                _write_all(context)
                written = moment
            _begin(context, member, tiers[support.tier].key, stripe)
            if support.fate == "late":
                _use_failing_card(context, member)
        made += 1
    return made


def _begin(context: TenantContext, member: Member, tier_key: str, stripe: Control) -> None:
    address = begin_support(context=context, member_id=member.pk, tier_key=tier_key)
    found = _SESSION.search(address)
    if found is None:
        raise ValueError(f"The local Stripe's address names no session: {address}")
    mail = f"member{member.pk}@example.com"
    stripe.complete_checkout(found.group(), email=mail, name=member.display_name, card=CARD)
    apply_support_session(context=context, member_id=member.pk, session_id=found.group())


def _use_failing_card(context: TenantContext, member: Member) -> None:
    """In the place of the one that paid."""
    with enter_schema(PUBLIC):
        rows = SupportSubscription.objects.select_related("customer").filter(tenant_id=context.tenant_id)
        row = rows.get(customer__member_id=member.pk)
    with asking_stripe() as stripe:
        kept = stripe.v1.payment_methods.attach(FAILING, {"customer": row.customer.stripe_id or ""})
        stripe.v1.subscriptions.update(row.stripe_id, {"default_payment_method": kept.id})


def _write_all(context: TenantContext) -> None:
    with enter_schema(PUBLIC):
        rows = SupportSubscription.objects.filter(tenant_id=context.tenant_id, ended_at=None)
        running = list(rows.order_by("pk").values_list("stripe_id", flat=True))
    for stripe_id in running:
        refresh_support(stripe_id=stripe_id)


def _settle(context: TenantContext) -> None:
    """What has fallen due by now, and what becomes of some."""
    _write_all(context)
    with enter_tenant(context):
        rows = list(Supporter.objects.order_by("begun_at", "pk"))
    for row, support in zip(rows, SUPPORTS, strict=False):
        with suppress(EngageHubError):
            if support.fate == "cancelled":
                cancel_support(context=context, member_id=row.member_id, actor=_TEAM)
            elif support.fate == "cheaper":
                with enter_tenant(context):
                    first_tier = SupporterTier.objects.order_by("position", "pk")[0]
                change_support(context=context, member_id=row.member_id, tier_key=first_tier.key, actor=_TEAM)
            elif support.fate == "refunded":
                with enter_tenant(context):
                    first = list_payments(member_id=row.member_id).last()
                if first is not None:
                    refund_payment(context=context, payment_key=first.key, end=False, actor=_TEAM)
