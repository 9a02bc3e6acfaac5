"""Beginning to support: the page, coming back from it, and everything that somebody could try there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.income.checkouts import (
    apply_support_session,
    begin_support,
    close_support_checkouts,
    list_open_support_checkouts,
    settle_support_checkout,
)
from billing.income.errors import SupportCheckoutNotFoundError
from billing.income.mirror import refresh_support
from billing.income.models import SupportCheckout, SupportCustomer, SupportSubscription
from engagement.progression.people import delete_member
from engagement.supporters.errors import AlreadySupportingError, TierNotFoundError, TierNotOnSaleError
from engagement.supporters.tiers import change_tier, switch_tier
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tenants.gates import GateClosedError
from tests.billing.income.world import DECLINED, World
from tests.cast import GLOBEX
from tests.engagement.supporters.supporting import ADA, FORM, begin, make_tier
from tests.plans import put_on_plan


def test_who_comes_back_supports_at_once(world: World) -> None:
    tier, member = world.tier(points=50, name="Friends"), world.member()
    session = world.begin(member, tier)
    assert world.apply(member, session).state == "open"
    world.pay(session)
    for _ in range(2):
        applied = world.apply(member, session)
        assert (applied.state, applied.tier_name) == ("done", "Friends")
    row = world.supporter(member)
    assert (row.key, row.state, row.amount, row.currency) == (applied.supporter_key, "active", 500, "usd")
    assert world.points(member) == 50
    assert (world.news(), world.recorded()) == (["Joined"], ["joined"])
    (charge,) = world.charges(member)
    account = world.account().stripe_id
    assert (charge.amount, charge.application_fee.amount, charge.transfer.destination) == (500, 40, account)
    assert charge.on_behalf_of == account
    (payment,) = world.payments()
    assert (payment.amount, payment.fee, payment.points_given) == (500, 40, True)


def test_the_same_choice_is_the_same_page_and_another_closes_it(world: World) -> None:
    first, second, member = world.tier(), world.tier(amount=900, name="Patrons"), world.member()
    page = begin_support(context=world.context, member_id=member.pk, tier_key=first.key)
    assert begin_support(context=world.context, member_id=member.pk, tier_key=first.key) == page
    former = world.session(member)
    session = world.begin(member, second)
    assert world.stripe.v1.checkout.sessions.retrieve(former).status == "expired"
    assert world.apply(member, former).state == "expired"
    world.pay(session)
    world.apply(member, session)
    assert world.supporter(member).amount == 900


def test_another_price_of_the_tier_is_another_page(world: World) -> None:
    tier, member = world.tier(), world.member()
    session = world.begin(member, tier)
    with enter_tenant(world.context):
        change_tier(
            context=world.context,
            key=tier.key,
            form=FORM.__class__(**{**_fields(), "amount": 700}),
            actor=ADA,
        )
    assert world.begin(member, tier) != session
    world.pay(world.session(member))
    world.apply(member, world.session(member))
    assert world.supporter(member).amount == 700


def _fields() -> dict[str, object]:
    return {name: getattr(FORM, name) for name in FORM.__slots__}


def test_who_paid_on_the_first_page_is_sold_nothing_more(world: World) -> None:
    first, second, member = world.tier(), world.tier(amount=900), world.member()
    world.pay(world.begin(member, first))
    with pytest.raises(AlreadySupportingError):
        begin_support(context=world.context, member_id=member.pk, tier_key=second.key)
    assert world.supporter(member).amount == 500


def test_a_declined_card_changes_nothing(world: World) -> None:
    tier, member = world.tier(points=50), world.member()
    session = world.begin(member, tier)
    with pytest.raises(ValueError, match="declined"):
        world.pay(session, card=DECLINED)
    assert world.apply(member, session).state == "open"
    assert world.points(member) == 0
    assert not SupportSubscription.objects.exists()


@pytest.mark.parametrize(
    "whose", ["another member's", "another community's", "nobody's", "nothing", "a plan's"]
)
def test_another_s_session_is_not_there(world: World, globex: TenantContext, whose: str) -> None:
    tier, member, other = world.tier(), world.member(), world.member()
    session = world.begin(member, tier)
    world.pay(session)
    context, member_id = world.context, other.pk
    if whose == "another community's":
        context = globex
        with enter_tenant(globex):
            member_id = member.pk  # the same number there
    wanted = {"nobody's": "cs_test_nobody", "nothing": "", "a plan's": "cs_\x00test"}.get(whose, session)
    with pytest.raises(SupportCheckoutNotFoundError):
        apply_support_session(context=context, member_id=member_id, session_id=wanted)
    assert not SupportSubscription.objects.exists()


def test_only_what_is_sold_to_whom_it_is_sold(world: World, globex: TenantContext) -> None:
    tier, member = world.tier(), world.member()

    def ask(key: str, context: TenantContext | None = None) -> None:
        begin_support(context=context or world.context, member_id=member.pk, tier_key=key)

    with enter_tenant(world.context):
        draft = make_tier(world.context)
        switch_tier(context=world.context, key=tier.key, state="retired", actor=ADA)
    for key in (draft.key, tier.key):
        with pytest.raises(TierNotOnSaleError):
            ask(key)
    with pytest.raises(TierNotFoundError):
        ask("nothing")
    with pytest.raises(TierNotFoundError):
        ask(tier.key, put_on_plan(globex, features={"supporters"}))
    with pytest.raises(GateClosedError):
        ask(tier.key, put_on_plan(world.context))
    assert not SupportCheckout.objects.exists()


def test_a_page_that_was_open_when_the_tier_was_retired_holds(world: World) -> None:
    tier, member = world.tier(), world.member()
    session = world.begin(member, tier)
    with enter_tenant(world.context):
        switch_tier(context=world.context, key=tier.key, state="retired", actor=ADA)
    world.pay(session)
    assert world.apply(member, session).state == "done"


def test_a_second_support_that_nobody_meant_is_given_back(world: World) -> None:
    """Two pages were paid at once, which the lock keeps from happening."""
    tier, member = world.tier(points=50), world.member()
    session = world.begin(member, tier)
    with enter_tenant(world.context):
        begin(world.context, member, tier, reference="sub_first")
    world.pay(session)
    assert world.apply(member, session).state == "refused"
    row = SupportSubscription.objects.get()
    assert (row.refused, row.status) == (True, "canceled")
    (charge,) = world.stripe.v1.charges.list({"expand": ["data.transfer", "data.application_fee"]}).data
    assert (charge.refunded, charge.transfer.reversed, charge.application_fee.refunded) == (True, True, True)  # type: ignore[attr-defined, union-attr]
    for _ in range(2):
        refresh_support(stripe_id=row.stripe_id)
    assert (world.supporter(member).reference, world.points(member)) == ("sub_first", 0)
    assert world.news() == ["Joined"]


def test_a_member_who_was_deleted_meanwhile_gets_the_money_back(world: World) -> None:
    tier, member = world.tier(), world.member()
    session = world.begin(member, tier)
    with enter_tenant(world.context):
        delete_member(member_id=member.pk, actor=ADA, context=world.context)
    world.pay(session)
    assert world.apply(member, session).state == "refused"
    assert world.stripe.v1.charges.list().data[0].refunded


def test_who_never_came_back_supports_all_the_same(world: World) -> None:
    tier, member = world.tier(), world.member()
    world.pay(world.begin(member, tier))
    assert list_open_support_checkouts() == []
    with clock.frozen_at(clock.now() + timedelta(minutes=11)):
        (checkout,) = list_open_support_checkouts()
        for _ in range(2):
            assert settle_support_checkout(checkout_id=checkout)
        assert list_open_support_checkouts() == []
    assert world.supporter(member).state == "active"


def test_pages_are_closed_for_a_community_that_goes(world: World) -> None:
    tier, one, two = world.tier(), world.member(), world.member()
    world.begin(one, tier)
    world.pay(world.begin(two, tier))
    assert close_support_checkouts(tenant_id=world.tenant_id) == 2
    assert {row.state for row in SupportCheckout.objects.all()} == {"closed", "done"}
    assert world.supporter(two).state == "active"
    assert close_support_checkouts(tenant_id=world.tenant_id) == 0


def test_nobody_shares_a_customer(world: World, globex: TenantContext) -> None:
    """One person in two communities, and one who pays in two currencies."""
    other = World(world.server, globex, GLOBEX).on_plan()
    other.onboard()
    for here in (world, other):
        here.support(here.member(), here.tier())
    member = world.member()
    world.begin(member, world.tier())
    world.begin(member, world.tier(currency="eur"))
    ids = list(SupportCustomer.objects.values_list("stripe_id", flat=True))
    assert len(set(ids)) == len(ids) == 4
    told = [one["metadata"] for one in world.server.control.objects("customer")]
    assert all(set(one) == {"kind", "support_customer", "tenant_id"} for one in told)
