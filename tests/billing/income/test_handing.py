"""A community has another owner: whose account the money goes to is said, and nothing new is sold into it before they decide."""

from __future__ import annotations

import pytest

from billing.income.accounts import begin_onboarding, open_payouts
from billing.income.changing import change_support
from billing.income.checkouts import begin_support
from billing.income.errors import (
    AccountChangedError,
    AnothersAccountError,
    OwnerChangedError,
    PayoutsNotReadyError,
)
from billing.income.jobs import stop_sales, tell_whose_account
from billing.income.overview import list_income
from billing.income.replacing import call_off_replacement, confirm_account
from billing.income.telling import list_destinations, write_for_giver, write_for_taker
from saas.events.jobs import PUBLIC
from saas.wiring import HANDLERS
from tests.billing.income.handing import ask_another, event_of, hand_over, recorded, replace, states
from tests.billing.income.world import OWNER, World
from tests.billing.making import owner_of
from tests.mailbox import send_waiting


def test_nothing_new_is_sold_from_the_moment_of_transfer_on(world: World) -> None:
    tier, dearer, standing = world.tier(points=50), world.tier(amount=900), world.member()
    world.support(standing, tier)
    account = world.account()
    hand_over(world)
    assert (world.account().can_take, world.account().can_sell) == (True, False)
    with pytest.raises(PayoutsNotReadyError):
        begin_support(context=world.context, member_id=world.member().pk, tier_key=tier.key)
    with pytest.raises(PayoutsNotReadyError):
        change_support(context=world.context, member_id=standing.pk, tier_key=dearer.key, actor=OWNER)
    # What runs goes on, where it went.
    assert world.supporter(standing).state == "active"
    assert world.told(standing).transfer_data.destination == account.stripe_id


def test_the_new_owner_confirms_the_account_and_it_sells_again(world: World) -> None:
    heir = hand_over(world)
    key = world.account().key
    for changed in (True, False):
        assert confirm_account(tenant_id=world.tenant_id, user=heir, actor=OWNER, key=key) is changed
    assert world.account().can_sell
    assert recorded(world).count("confirmed") == 1
    world.support(world.member(), world.tier())
    (line,) = list_income(user=heir)
    assert line.account is not None
    assert line.account.can_sell


def test_whose_it_was_all_along_need_not_confirm_it(world: World) -> None:
    heir = hand_over(world)
    confirm_account(tenant_id=world.tenant_id, user=heir, actor=OWNER, key=world.account().key)
    hand_over(world, back=True)
    assert world.account().can_sell


def test_only_the_owner_decides_and_only_about_what_they_saw(world: World) -> None:
    former, key = owner_of(world.community), world.account().key
    heir = hand_over(world)
    for act in (
        lambda: confirm_account(tenant_id=world.tenant_id, user=former, actor=OWNER, key=key),
        lambda: ask_another(world, former),
        lambda: call_off_replacement(tenant_id=world.tenant_id, user=former, actor=OWNER),
    ):
        with pytest.raises(OwnerChangedError):
            act()
    with pytest.raises(AccountChangedError):
        confirm_account(tenant_id=world.tenant_id, user=heir, actor=OWNER, key="another")
    assert not world.account().can_sell


def test_nobody_opens_another_s_account_at_stripe(world: World) -> None:
    heir = hand_over(world)
    for _ in range(2):
        with pytest.raises(AnothersAccountError, match="bank details"):
            open_payouts(tenant_id=world.tenant_id, user_id=heir.pk)
        with pytest.raises(AnothersAccountError):
            begin_onboarding(tenant_id=world.tenant_id, user=heir, actor=OWNER, country="US")
        confirm_account(tenant_id=world.tenant_id, user=heir, actor=OWNER, key=world.account().key)


def test_pages_that_were_open_close_and_what_the_giver_began_is_called_off(world: World) -> None:
    tier, member = world.tier(), world.member()
    session = world.begin(member, tier)
    ask_another(world, owner_of(world.community))
    heir = hand_over(world)
    event = event_of(world, former_id=owner_of(world.community).pk, owner_id=heir.pk)
    for _ in range(2):
        stop_sales(tenant=PUBLIC, event_id=1, event=event)
    assert world.stripe.v1.checkout.sessions.retrieve(session).status == "expired"
    assert states(world) == ["standing", "dropped"]
    assert recorded(world).count("called_off") == 1


def test_a_page_that_was_chosen_before_the_transfer_is_not_opened_after_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from billing.income import checkouts

    tier, member, asked = world.tier(), world.member(), checkouts.obtain_price

    def hand_over_meanwhile(**given: object) -> str:
        hand_over(world)
        return asked(**given)  # type: ignore[arg-type]

    monkeypatch.setattr(checkouts, "obtain_price", hand_over_meanwhile)
    with pytest.raises(PayoutsNotReadyError):
        begin_support(context=world.context, member_id=member.pk, tier_key=tier.key)
    assert world.stripe.v1.checkout.sessions.list().data == []


def test_the_new_owner_is_told_by_mail(world: World) -> None:
    world.support(world.member(), world.tier())
    heir = hand_over(world)
    send_waiting()
    assert {"billing.income.stop_sales", "billing.income.tell_whose_account"} <= set(
        HANDLERS["OwnershipTransferred"]
    )
    tell_whose_account(tenant=PUBLIC, event_id=1, event=event_of(world, owner_id=heir.pk))
    (mail,) = send_waiting()
    assert mail.to == [heir.email]
    body = " ".join(str(mail.body).split())
    assert f"Payouts go to {owner_of(world.community)}’s account. Connect your own." in body
    assert "1 supporter pays this community" in body
    # Somebody else owns it by now, or it is theirs.
    tell_whose_account(tenant=PUBLIC, event_id=2, event=event_of(world, owner_id=1))
    replace(world, heir)
    tell_whose_account(tenant=PUBLIC, event_id=3, event=event_of(world, owner_id=heir.pk))
    assert send_waiting() == []


def test_giver_and_taker_read_how_many_and_whose(world: World) -> None:
    world.support(world.member(), world.tier())
    owner = owner_of(world.community)
    found = list_destinations(tenant_ids=[world.tenant_id])[world.tenant_id]
    giver, taker = write_for_giver(found, owner.pk), write_for_taker(found, owner.pk + 1)
    assert giver.startswith("1 supporter pays this community, and the money goes to your account")
    assert taker.startswith(f"1 supporter pays this community, and the money goes to {owner}’s account")
    assert list_destinations(tenant_ids=[]) == {}
