"""Whatever news comes in whatever order and however often: the rows say what Stripe says last.

News makes us fetch the objects as they are then, so what can differ between two orders is which moments of a life were seen before the
last one. All ways are tried, each moment twice, with the objects as Stripe gave them.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from django.db import transaction

from billing.income import mirror
from billing.income.mirror import Money, refresh_support
from billing.income.models import SupportCheckout, SupportCustomer, SupportSubscription
from engagement.supporters.models import Supporter, SupporterPayment
from tenants.context import TenantContext, enter_tenant
from tests.billing.income.world import Months, World
from tests.billing.story import FAILING, VISA
from tests.cast import GLOBEX
from tests.engagement.rewards.spending import assert_books_balance
from tests.engagement.supporters.supporting import make_tier

LIFE = ("paid", "failed", "recovered", "cancelled", "refunded", "ended")


def live(months: Months) -> tuple[str, Any, list[tuple[Any, Money]]]:
    """A life at the local Stripe, recorded at each of its moments; its support and member."""
    tier, member = months.tier(points=50), months.member()
    months.open(member)
    with months.today():
        row = months.support(member, tier)
    taken: list[tuple[Any, Money]] = []

    def record() -> None:
        data = mirror.fetch_subscription(row.reference)
        assert data is not None
        taken.append((deepcopy(data), mirror._fetch_money(mirror.read_support(data))))

    record()
    months.use_card(member, FAILING)
    months.pass_days(33, look=False)
    record()
    months.use_card(member, VISA)
    months.pay_open_invoice(member)
    record()
    months.stripe.v1.subscriptions.update(row.reference, {"cancel_at_period_end": True})
    record()
    charge = next(one for one in months.charges(member) if one.paid)
    months.stripe.v1.refunds.create(
        {"charge": charge.id, "reverse_transfer": True, "refund_application_fee": True}
    )
    record()
    months.pass_days(33, look=False)
    record()
    return row.reference, member, taken


@pytest.mark.slow
def test_every_order_ends_in_the_same_state(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    months = Months(world.server, world.context, world.community)
    reference, member, taken = live(months)
    assert [data["status"] for data, _ in taken] == [
        "active",
        "past_due",
        "active",
        "active",
        "active",
        "canceled",
    ]
    at = [0]
    monkeypatch.setattr(mirror, "fetch_subscription", lambda _: taken[at[0]][0])
    monkeypatch.setattr(mirror, "_fetch_money", lambda _: taken[at[0]][1])
    found: list[Any] = []

    def see(index: int) -> None:
        at[0] = index
        with months.today():
            for _ in range(2):
                refresh_support(stripe_id=reference)

    def go_on(before: tuple[int, ...]) -> None:
        with transaction.atomic():
            see(len(taken) - 1)
            picture = months.picture()
            for one in picture["supporters"]:
                one["late_since"] = None
            found.append((picture, months.points(member)))
            transaction.set_rollback(True)
        assert found[-1] == found[0], f"after {[LIFE[index] for index in before]}"
        for index in range(before[-1] + 1 if before else 0, len(taken) - 1):
            with transaction.atomic():
                see(index)
                go_on((*before, index))
                transaction.set_rollback(True)

    with transaction.atomic():
        forget(months)
        go_on(())
        with enter_tenant(months.context):
            see(len(taken) - 1)
            assert_books_balance(months.context)
        transaction.set_rollback(True)
    assert len(found) == 2 ** (len(taken) - 1)
    picture, points = found[0]
    assert (picture["supporters"][0]["state"], points) == ("ended", 50)
    assert [one["refunded"] for one in picture["payments"]].count(500) == 1


def forget(months: Months) -> None:
    """As if nothing of the support had ever been heard. Points that were booked stay, and would be seen as booked twice."""
    from engagement.supporters.mirroring import Cause, take_award_back

    with enter_tenant(months.context):
        for payment in SupporterPayment.objects.all():
            take_award_back(
                member_id=Supporter.objects.get().member_id,
                cause=Cause.SUPPORT,
                undo=Cause.SUPPORT_REFUND,
                cause_id=payment.pk,
                context=months.context,
            )
        SupporterPayment.objects.all().delete()
        Supporter.objects.all().delete()
    SupportSubscription.objects.all().delete()


def test_another_s_object_changes_nothing(world: World, globex: TenantContext) -> None:
    """Somebody has a subscription at the same Stripe account and names our checkout in it."""
    tier, member = world.tier(points=50), world.member()
    world.support(member, tier)
    asked = SupportCheckout.objects.get()
    stranger = world.stripe.v1.customers.create({"email": "x@example.org"}).id
    card = world.stripe.v1.payment_methods.attach("pm_card_visa", {"customer": stranger})
    price = world.stripe.v1.prices.list().data[0].id
    before = world.picture()
    for metadata in (
        {"kind": "support"},
        {"kind": "support", "checkout": asked.key},
        {"kind": "support", "checkout": "<script>", "tier": tier.key, "tenant_id": str(globex.tenant_id)},
    ):
        made = world.stripe.v1.subscriptions.create(
            {
                "customer": stranger,
                "items": [{"price": price}],
                "metadata": metadata,
                "default_payment_method": card.id,
            }
        )
        assert refresh_support(stripe_id=made.id) is None
    assert refresh_support(stripe_id="sub_unknown") is None
    assert world.picture() == before
    SupportCustomer.objects.update(stripe_id="cus_other")
    assert refresh_support(stripe_id=world.supporter(member).reference) is None
    assert world.picture() == before


def test_one_community_s_news_changes_nothing_in_another(world: World, globex: TenantContext) -> None:
    other = World(world.server, globex, GLOBEX).on_plan()
    other.onboard()
    theirs = other.member()
    with enter_tenant(globex):
        tier = make_tier(globex, on_sale=True, points=7)
    other.support(theirs, tier)
    member = world.member()
    world.support(member, world.tier(points=50))
    before = other.picture()
    world.stripe.v1.subscriptions.cancel(world.row(member).stripe_id)
    refresh_support(stripe_id=world.row(member).stripe_id)
    assert (world.supporter(member).state, other.supporter(theirs).state) == ("ended", "active")
    assert other.picture() == before
