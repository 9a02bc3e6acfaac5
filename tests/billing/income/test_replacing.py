"""Another account: the old one stays the destination until the new one can take payments; then every running support is moved."""

from __future__ import annotations

import pytest

from billing.errors import StripeAwayError, StripeUnsureError
from billing.income.accounts import refresh_account
from billing.income.errors import ReplacementBegunError
from billing.income.jobs import follow_replacement
from billing.income.models import PayoutAccount
from billing.income.replacing import call_off_replacement, move_supports
from billing.reconciling import reconcile_billing
from saas.events.jobs import PUBLIC
from tests.billing.income.handing import (
    answer,
    ask_another,
    event_of,
    hand_over,
    recorded,
    replace,
    states,
)
from tests.billing.income.test_news import work_off_all
from tests.billing.income.world import OWNER, World
from tests.billing.making import owner_of


def test_the_new_one_takes_over_and_supports_follow(world: World) -> None:
    tier, members = world.tier(), [world.member() for _ in range(2)]
    for member in members:
        world.support(member, tier)
    late = world.member()
    session = world.begin(late, tier)
    old, heir = world.account().stripe_id, hand_over(world)
    address = ask_another(world, heir)
    assert refresh_account(tenant_id=world.tenant_id).stripe_id == old, "not ready yet"
    answer(address)
    new = refresh_account(tenant_id=world.tenant_id)
    assert (new.country, new.can_sell, states(world)) == ("DE", True, ["former", "standing"])
    assert PayoutAccount.objects.get(state="former").stripe_id == old
    for _ in range(2):
        follow_replacement(tenant=PUBLIC, event_id=1, event=event_of(world))
    for member in members:
        told = world.told(member)
        assert (told.transfer_data.destination, told.on_behalf_of) == (new.stripe_id, new.stripe_id)
        assert world.row(member).account_id == new.stripe_id
    assert world.stripe.v1.checkout.sessions.retrieve(session).status == "expired"
    assert recorded(world)[-3:] == ["replacing", "replaced", "moved"]
    world.support(late, tier)
    assert world.row(late).account_id == new.stripe_id


def test_asking_again_leads_on_with_the_same(world: World) -> None:
    owner = owner_of(world.community)
    assert ask_another(world, owner) != ask_another(world, owner), "a link is good once"
    assert len(world.stripe.v1.accounts.list().data) == 2
    with pytest.raises(ReplacementBegunError, match="Germany"):
        ask_another(world, owner, "FR")


def test_it_is_called_off_before_the_switch_and_never_after(world: World) -> None:
    owner, old = owner_of(world.community), world.account().stripe_id
    address = ask_another(world, owner)
    assert call_off_replacement(tenant_id=world.tenant_id, user=owner, actor=OWNER)
    answer(address)
    assert refresh_account(tenant_id=world.tenant_id).stripe_id == old
    assert states(world) == ["standing", "dropped"]
    replace(world, owner, "FR")
    assert not call_off_replacement(tenant_id=world.tenant_id, user=owner, actor=OWNER)
    assert states(world) == ["former", "dropped", "standing"]


def test_what_a_former_owner_began_does_not_take_over(world: World) -> None:
    old = world.account().stripe_id
    address = ask_another(world, owner_of(world.community))
    hand_over(world)
    answer(address)
    assert refresh_account(tenant_id=world.tenant_id).stripe_id == old
    assert states(world) == ["standing", "dropped"]


def test_stripe_s_news_switch_and_late_news_of_the_old_one_change_nothing(world: World) -> None:
    old = world.account().stripe_id or ""
    answer(ask_another(world, owner_of(world.community)))
    new = PayoutAccount.objects.get(state="next").stripe_id or ""
    assert work_off_all(world, "account.updated", account=new) == {"account.updated": "processed"}
    assert world.account().stripe_id == new
    before = list(PayoutAccount.objects.order_by("pk").values())
    world.stripe.v1.accounts.update(old, {"email": "late@example.org"})
    work_off_all(world, "account.updated", account=old)
    world.stripe.v1.accounts.delete(old)
    reconcile_billing()
    assert list(PayoutAccount.objects.order_by("pk").values()) == before


def test_the_hourly_comparison_switches_and_moves(world: World) -> None:
    member = world.member()
    world.support(member, world.tier())
    answer(ask_another(world, owner_of(world.community)))
    kinds = [one.kind for one in reconcile_billing().findings]
    assert {"account", "destination"} <= set(kinds)
    assert world.told(member).transfer_data.destination == world.account().stripe_id
    assert "destination" not in [one.kind for one in reconcile_billing().findings]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("lost", [False, True])
def test_a_move_that_stripe_broke_off_is_resumed(world: World, lost: bool) -> None:
    tier, members = world.tier(), [world.member() for _ in range(2)]
    for member in members:
        world.support(member, tier)
    new = replace(world, owner_of(world.community)).stripe_id
    world.server.control.faults(cut=True, after=lost, method="POST", path="/v1/subscriptions")
    with pytest.raises(StripeUnsureError):
        move_supports(tenant_id=world.tenant_id)
    world.server.control.clear_faults()
    move_supports(tenant_id=world.tenant_id)
    assert {world.told(member).transfer_data.destination for member in members} == {new}
    assert {world.row(member).account_id for member in members} == {new}
    assert move_supports(tenant_id=world.tenant_id) == 0


@pytest.mark.usefixtures("impatient")
def test_a_stripe_that_is_away_leaves_the_old_one_standing(world: World) -> None:
    owner, old = owner_of(world.community), world.account().stripe_id
    world.server.control.faults(cut=True, after=True, method="POST", path="/v1/accounts")
    with pytest.raises(StripeAwayError):
        ask_another(world, owner)
    world.server.control.clear_faults()
    assert (world.account().stripe_id, world.account().can_sell) == (old, True)
    assert ask_another(world, owner)
    assert len(world.stripe.v1.accounts.list().data) == 2, "the lost account was found again"
