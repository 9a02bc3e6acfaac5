"""An organiser gives a payment back: once, whole, with fee and transfer; the support goes on unless it is ended too."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.income.errors import RefundTooLateError
from billing.income.refunds import refund_payment
from engagement.supporters.errors import PaymentNotFoundError
from engagement.supporters.models import SupporterPayment
from saas.core import clock
from tenants.context import TenantContext
from tests.billing.income.world import OWNER, World


def refund(world: World, *, end: bool = False, key: str = "") -> SupporterPayment:
    wanted = key or world.payments()[0].key
    return refund_payment(context=world.context, payment_key=wanted, end=end, actor=OWNER)


def test_all_of_it_goes_back_once(world: World) -> None:
    member = world.member()
    world.support(member, world.tier(points=50))
    for _ in range(2):
        payment = refund(world)
        assert (payment.refunded, payment.fee, payment.is_refunded) == (500, 0, True)
    (charge,) = world.charges(member)
    assert (charge.amount_refunded, charge.transfer.amount_reversed) == (500, 500)
    assert charge.application_fee.amount_refunded == 40
    assert (world.points(member), world.supporter(member).state) == (0, "active")
    assert world.recorded() == ["joined", "refunded"]
    row = world.row(member)
    assert (row.gross, row.fees, row.refunded) == (500, 0, 500)


def test_the_second_button_ends_it_too(world: World) -> None:
    member = world.member()
    world.support(member, world.tier())
    for _ in range(2):
        refund(world, end=True)
    assert (world.supporter(member).state, world.told(member).status) == ("ended", "canceled")
    assert world.recorded().count("refunded") == 1


def test_the_second_button_ends_it_after_the_first(world: World) -> None:
    member = world.member()
    world.support(member, world.tier())
    refund(world)
    refund(world, end=True)
    assert world.supporter(member).state == "ended"


def test_what_was_given_back_in_part_before_is_given_back_whole(world: World) -> None:
    member = world.member()
    world.support(member, world.tier())
    world.stripe.v1.refunds.create({"charge": world.charges(member)[0].id, "amount": 100})
    assert refund(world).refunded == 500


def test_a_payment_of_long_ago_stays(world: World) -> None:
    world.support(world.member(), world.tier())
    with clock.frozen_at(clock.now() + timedelta(days=91)), pytest.raises(RefundTooLateError):
        refund(world)
    assert world.payments()[0].refunded == 0


def test_another_community_s_payment_is_not_there(world: World, globex: TenantContext) -> None:
    world.support(world.member(), world.tier())
    key = world.payments()[0].key
    for context, wanted in ((globex, key), (world.context, "nothing"), (world.context, "\x00")):
        with pytest.raises(PaymentNotFoundError):
            refund_payment(context=context, payment_key=wanted, end=True, actor=OWNER)
    assert world.payments()[0].refunded == 0
