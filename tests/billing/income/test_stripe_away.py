"""Stripe away, slow, or losing its answers, at each call: a message that says how things are, and nothing half done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from billing.errors import StripeAwayError, StripeUnsureError
from billing.income.accounts import begin_onboarding, open_payouts, refresh_account
from billing.income.changing import cancel_support, change_support, preview_support_change, resume_support
from billing.income.checkouts import begin_support
from billing.income.ending import end_supports_of_tenant
from billing.income.fees import lower_fees
from billing.income.models import PayoutAccount
from billing.income.portals import open_support_portal
from billing.income.refunds import refund_payment
from tests.billing.income.world import OWNER, World
from tests.billing.making import owner_of

pytestmark = pytest.mark.usefixtures("impatient")
OUTAGES: list[dict[str, Any]] = [{"status": 503}, {"status": 429}, {"cut": True}]
ACTS = (
    "begin", "apply", "portal", "preview", "change", "cancel", "resume", "refund", "onboard", "account", "payouts", "fees", "end",
)  # fmt: skip


@pytest.mark.parametrize("act", ACTS)
def test_an_outage_changes_nothing_and_says_so(world: World, act: str) -> None:
    tier, better, member, other = (
        world.tier(points=50),
        world.tier(amount=900),
        world.member(),
        world.member(),
    )
    world.support(member, tier)
    session = world.session(member)
    if act == "fees":
        world.on_plan("pro")
    if act == "resume":
        cancel_support(context=world.context, member_id=member.pk, actor=OWNER)
    here: dict[str, Any] = {"context": world.context, "member_id": member.pk}
    tenant, user, key = {"tenant_id": world.tenant_id}, owner_of(world.community), world.payments()[0].key
    acts: dict[str, Callable[[], object]] = {
        "begin": lambda: begin_support(context=world.context, member_id=other.pk, tier_key=tier.key),
        "apply": lambda: world.apply(member, session),
        "portal": lambda: open_support_portal(**here),
        "preview": lambda: preview_support_change(**here, tier_key=better.key),
        "change": lambda: change_support(**here, tier_key=better.key, actor=OWNER),
        "cancel": lambda: cancel_support(**here, actor=OWNER),
        "resume": lambda: resume_support(**here, actor=OWNER),
        "refund": lambda: refund_payment(context=world.context, payment_key=key, end=True, actor=OWNER),
        "onboard": lambda: begin_onboarding(**tenant, user=user, actor=OWNER, country="US"),
        "account": lambda: refresh_account(**tenant),
        "payouts": lambda: open_payouts(**tenant, user_id=owner_of(world.community).pk),
        "fees": lambda: lower_fees(**tenant),
        "end": lambda: end_supports_of_tenant(**tenant),
    }
    before, account = world.picture(), PayoutAccount.objects.values().get()
    for outage in OUTAGES:
        world.server.control.faults(**outage)
        with pytest.raises(StripeAwayError) as told:
            acts[act]()
        world.server.control.clear_faults()
        assert "nothing was charged" in told.value.message or "charged twice" in told.value.message
        assert (world.picture(), PayoutAccount.objects.values().get()) == (before, account)
    acts[act]()


@pytest.mark.parametrize(
    ("act", "path"),
    [("refund", "/v1/refunds"), ("cancel", "/v1/subscriptions"), ("change", "/v1/subscriptions")],
)
def test_a_lost_answer_is_asked_again_and_done_once(world: World, act: str, path: str) -> None:
    better, member = world.tier(amount=900), world.member()
    world.support(member, world.tier(points=50))
    key = world.payments()[0].key
    here: dict[str, Any] = {"context": world.context, "member_id": member.pk, "actor": OWNER}
    acts: dict[str, Callable[[], object]] = {
        "refund": lambda: refund_payment(context=world.context, payment_key=key, end=False, actor=OWNER),
        "cancel": lambda: cancel_support(**here),
        "change": lambda: change_support(**here, tier_key=better.key),
    }
    world.server.control.faults(cut=True, after=True, method="POST", path=path)
    with pytest.raises(StripeUnsureError):
        acts[act]()
    world.server.control.clear_faults()
    acts[act]()
    if act == "refund":
        assert (world.payments()[0].refunded, world.points(member)) == (500, 0)
        assert len(world.stripe.v1.refunds.list().data) == 1
    elif act == "cancel":
        assert world.supporter(member).cancel_at is not None
    else:
        assert world.supporter(member).amount == 900
        assert len([one for one in world.charges(member) if one.paid]) == 2


def test_a_lost_page_is_found_again(world: World) -> None:
    tier, member = world.tier(), world.member()
    world.server.control.faults(cut=True, after=True, method="POST", path="/v1/checkout")
    with pytest.raises(StripeAwayError):
        begin_support(context=world.context, member_id=member.pk, tier_key=tier.key)
    world.server.control.clear_faults()
    begin_support(context=world.context, member_id=member.pk, tier_key=tier.key)
    assert len(world.stripe.v1.checkout.sessions.list().data) == 1


def test_a_lost_account_is_found_again(fresh: World) -> None:
    user = owner_of(fresh.community)
    fresh.server.control.faults(cut=True, after=True, method="POST", path="/v1/accounts")
    with pytest.raises(StripeAwayError):
        begin_onboarding(tenant_id=fresh.tenant_id, user=user, actor=OWNER, country="DE")
    fresh.server.control.clear_faults()
    assert begin_onboarding(tenant_id=fresh.tenant_id, user=user, actor=OWNER, country="DE")
    assert len(fresh.stripe.v1.accounts.list().data) == 1
