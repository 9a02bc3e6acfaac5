"""What the owner allows above the plan: nothing until they say so."""

from __future__ import annotations

import pytest
from django.core import mail

from billing.boosts import month_of as month_of_boosts
from billing.metering.caps import MOST, allowed_units, get_cap, set_cap
from billing.metering.errors import BadCapError, CapNotPossibleError, UnknownMeterError
from billing.metering.months import month_of
from billing.models import Payer, Subscription, UsageSubscription
from engagement.audit.models import AuditEntry
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.billing.metering.world import World
from tests.billing.shop import ACTOR, Shop


def test_nothing_is_allowed_until_somebody_says_so(world: World) -> None:
    assert get_cap(tenant_id=world.tenant_id) is None
    assert allowed_units(tenant_id=world.tenant_id, meter="boost_hours") == 60
    world.allow(250)
    cap = get_cap(tenant_id=world.tenant_id)
    assert cap is not None
    assert (cap.amount, cap.currency) == (250, "usd")
    assert allowed_units(tenant_id=world.tenant_id, meter="boost_hours") == 60 + 25
    world.allow(0)
    assert allowed_units(tenant_id=world.tenant_id, meter="boost_hours") == 60


def test_it_stands_in_the_audit_log_once(world: World) -> None:
    world.allow(250)
    world.allow(250)
    world.allow(100)
    with enter_tenant(TenantContext.of(world.shop.tenant)):
        entries = list(
            AuditEntry.objects.filter(action="spending_cap.changed")
            .order_by("pk")
            .values_list("before", "after")
        )
    assert entries == [
        (None, {"amount": 250, "currency": "usd"}),
        ({"amount": 250}, {"amount": 100}),
    ]


@pytest.mark.parametrize("amount", [-1, MOST + 1, 10**12])
def test_what_is_no_amount_is_refused(world: World, amount: int) -> None:
    with pytest.raises(BadCapError, match="10,000 USD"):
        world.allow(amount)
    assert get_cap(tenant_id=world.tenant_id) is None


def test_without_a_paid_plan_nothing_can_be_allowed(db: None, shop: Shop) -> None:
    with pytest.raises(CapNotPossibleError):
        set_cap(tenant_id=shop.tenant.pk, amount=100, actor=ACTOR)
    assert allowed_units(tenant_id=shop.tenant.pk, meter="boost_hours") is None
    shop.buy()  # a trial
    with pytest.raises(CapNotPossibleError):
        set_cap(tenant_id=shop.tenant.pk, amount=100, actor=ACTOR)
    set_cap(tenant_id=shop.tenant.pk, amount=0, actor=ACTOR)


def test_while_the_bill_for_use_is_open_nothing_more_is_allowed(world: World) -> None:
    world.allow(250)
    UsageSubscription.objects.create(
        payer=world.shop.row().payer, stripe_id="sub_use", currency="usd", status="past_due",
        period_start=clock.now(), period_end=clock.now(), began_at=clock.now(),
    )  # fmt: skip
    assert allowed_units(tenant_id=world.tenant_id, meter="boost_hours") == 60


def test_a_cap_of_another_currency_counts_for_nothing(world: World) -> None:
    world.allow(250)
    Subscription.objects.update(currency="eur")
    assert allowed_units(tenant_id=world.tenant_id, meter="boost_hours") == 60


def test_another_payer_has_agreed_to_nothing(world: World) -> None:
    world.allow(250)
    heir = Payer.objects.create(user=world.shop.owner, kind="company", name="Heirs")
    Subscription.objects.update(payer=heir)
    assert get_cap(tenant_id=world.tenant_id) is None
    assert allowed_units(tenant_id=world.tenant_id, meter="boost_hours") == 60
    world.allow(100)
    assert allowed_units(tenant_id=world.tenant_id, meter="boost_hours") == 70


def test_what_the_plan_does_not_sell_more_of_is_unlimited(world: World) -> None:
    assert allowed_units(tenant_id=world.tenant_id, meter="active_members") is None
    with pytest.raises(UnknownMeterError):
        allowed_units(tenant_id=world.tenant_id, meter="rewards")


def test_months_are_those_of_boosts() -> None:
    assert month_of(clock.now()) == month_of_boosts(clock.now())


def mails() -> list[str]:
    from saas.events.queue import list_queued
    from tenants.jobs import deliver_letter

    mail.outbox.clear()
    for job in reversed(list_queued(state="todo", name=deliver_letter.name)):
        deliver_letter(tenant="public", **job.arguments)
    return [one.subject for one in mail.outbox]


def test_the_owner_is_warned_at_80_and_at_100_percent_once(world: World) -> None:
    world.boost(47)
    world.count()
    before = mails()
    world.boost(1, start=clock.now().replace(day=2))
    for _ in range(2):
        world.count()
    assert mails()[len(before) :] == ["Acme Makers has used 80 % of its boost hours"]
    text = str(mail.outbox[-1].body)
    assert "48 of the 60 hours" in text
    assert "nothing is charged above it so far" in text
    assert "/dashboard/billing/usage/" in text
    world.boost(20, start=clock.now().replace(day=4))
    for _ in range(2):
        world.count()
    assert mails()[len(before) :][1:] == ["Acme Makers has used all of its boost hours"]


def test_when_more_is_allowed_they_are_warned_anew(world: World) -> None:
    world.boost(60)
    world.count()
    before = len(mails())
    world.allow(100)
    world.count()
    assert mails()[before:] == ["Acme Makers has used 80 % of its boost hours"]
    world.boost(10, start=clock.now().replace(day=2))
    world.count()
    assert mails()[before + 1 :] == ["Acme Makers has used all of its boost hours"]
    assert "10 hours above it are charged, as you allowed" in str(mail.outbox[-1].body)
