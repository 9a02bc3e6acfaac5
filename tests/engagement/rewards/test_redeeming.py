"""A member redeems: points and stock in one step, or nothing at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from engagement.audit.actor import SYSTEM
from engagement.audit.models import AuditEntry
from engagement.ledger.models import Cause, LedgerEntry
from engagement.members.errors import MemberDeletedError, MemberNotFoundError, MemberWaitsError
from engagement.members.models import Member, MemberFigure
from engagement.rewards.errors import RewardFrozenError, RewardNotFoundError, RewardRefusedError
from engagement.rewards.models import Approval, Redemption, Reward, Sponsor
from engagement.rewards.redeeming import redeem_reward
from engagement.rewards.redemption_errors import (
    InvalidRedemptionError,
    MemberCannotRedeemError,
    RedemptionKeyReusedError,
)
from engagement.rewards.states import APPROVED, REQUESTED
from saas.core import clock
from saas.core.errors import EngageHubError
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant
from tests.plans import put_on_plan

from .spending import assert_books_balance, balance_of, make_member, make_reward, redeem

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _in_acme(db: None, acme: TenantContext) -> Iterator[None]:
    with enter_tenant(acme):
        yield


def changes_of(redemption: Redemption) -> list[tuple[str, str]]:
    rows = TenantEvent.objects.filter(type="RedemptionChanged", data__redemption_id=redemption.pk)
    return [(row.data["was"], row.data["state"]) for row in rows.order_by("id")]


def test_points_and_stock_move_with_the_redemption(acme: TenantContext) -> None:
    member, reward = make_member(acme, 250), make_reward(price=100, stock=3)

    redemption = redeem(acme, member, reward)

    reward.refresh_from_db()
    assert (redemption.state, redemption.price, redemption.counted) == (APPROVED, 100, True)
    assert Redemption.objects.get(pk=redemption.pk).history == redemption.history
    assert (reward.stock, reward.reserved) == (3, 1)
    assert balance_of(member) == (150, 0)
    entry = LedgerEntry.objects.get(cause_kind=Cause.REDEMPTION, cause_id=redemption.pk)
    assert (entry.amount, entry.member_id) == (-100, member.pk)
    assert changes_of(redemption) == [("", APPROVED)]
    assert not AuditEntry.objects.filter(action__startswith="redemption.").exists()
    assert_books_balance(acme)


def test_without_a_count_there_is_always_one(acme: TenantContext) -> None:
    member, reward = make_member(acme, 250), make_reward(price=100, stock=None)

    assert [redeem(acme, member, reward).counted for _ in range(2)] == [False, False]


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({"approval": Approval.AUTOMATIC}, APPROVED),
        ({"approval": Approval.MODERATOR}, REQUESTED),
        ({"approval": Approval.ABOVE, "approval_above": 100}, APPROVED),
        ({"approval": Approval.ABOVE, "approval_above": 99}, REQUESTED),
        ({"approval": Approval.ABOVE, "approval_above": None}, REQUESTED),
    ],
)
def test_who_approves(acme: TenantContext, facts: dict[str, Any], state: str) -> None:
    redemption = redeem(acme, make_member(acme, 100), make_reward(price=100, **facts))

    assert redemption.state == state
    assert (redemption.decided_at is None) == (state == REQUESTED)


def test_a_key_redeems_once(acme: TenantContext) -> None:
    member, reward = make_member(acme, 250), make_reward(stock=1)

    first, second = (redeem(acme, member, reward, key="same") for _ in range(2))

    assert first.pk == second.pk
    assert balance_of(member) == (150, 0)
    assert len(changes_of(first)) == 1


def test_a_repeat_is_answered_even_when_the_reward_is_gone(acme: TenantContext) -> None:
    member, reward = make_member(acme, 250), make_reward()
    first = redeem(acme, member, reward, key="same")
    Reward.objects.update(state="archived")

    assert redeem(acme, member, reward, key="same").pk == first.pk


def test_a_key_is_not_for_something_else(acme: TenantContext) -> None:
    member, reward = make_member(acme, 250), make_reward()
    redeem(acme, member, reward, key="same")

    for other, what in ((make_member(acme, 100), reward), (member, make_reward())):
        with pytest.raises(RedemptionKeyReusedError):
            redeem(acme, other, what, key="same")


@pytest.mark.parametrize("key", ["", "k" * 121, "a\x00b", "a\nb"])
def test_a_key_is_short_and_printable(acme: TenantContext, key: str) -> None:
    member, reward = make_member(acme, 100), make_reward()

    with pytest.raises(InvalidRedemptionError) as refused:
        redeem_reward(
            context=acme,
            member_id=member.pk,
            reward_id=reward.pk,
            key=key,
            via="web",
            actor=None,  # type: ignore[arg-type]
        )

    assert refused.value.field == "key"


def refused(acme: TenantContext, member: Member, reward: Reward, error: type[EngageHubError]) -> str:
    """The message; and nothing changed."""
    before = (balance_of(member), LedgerEntry.objects.count(), Redemption.objects.count())
    with pytest.raises(error) as caught:
        redeem(acme, member, reward)
    assert (balance_of(member), LedgerEntry.objects.count(), Redemption.objects.count()) == before
    assert not Reward.objects.filter(pk=reward.pk).exclude(reserved=reward.reserved).exists()
    return caught.value.message


def test_who_has_too_little_keeps_it(acme: TenantContext) -> None:
    message = refused(acme, make_member(acme, 99), make_reward(price=100, stock=1), RewardRefusedError)

    assert message.endswith("costs 100 and you have 99: 1 more to go.")


def test_nothing_is_sold_twice(acme: TenantContext) -> None:
    reward = make_reward(stock=1)
    redeem(acme, make_member(acme, 100), reward)
    reward.refresh_from_db()

    refused(acme, make_member(acme, 100), reward, RewardRefusedError)


@pytest.mark.parametrize(
    ("facts", "error"),
    [
        ({"state": "draft"}, RewardNotFoundError),
        ({"state": "paused"}, RewardRefusedError),
        ({"state": "archived"}, RewardRefusedError),
        ({"starts_at": clock.now() + HOUR}, RewardRefusedError),
        ({"ends_at": clock.now() - HOUR}, RewardRefusedError),
    ],
)
def test_what_is_not_on_offer(
    acme: TenantContext, facts: dict[str, Any], error: type[EngageHubError]
) -> None:
    refused(acme, make_member(acme, 100), make_reward(**facts), error)


@pytest.mark.parametrize("reward_id", [-1, 0, 2**62, 2**63, 10**30])
def test_a_reward_that_is_none(acme: TenantContext, reward_id: int) -> None:
    member = make_member(acme, 100)

    with pytest.raises(RewardNotFoundError):
        redeem_reward(
            context=acme,
            member_id=member.pk,
            reward_id=reward_id,
            key="k",
            via="web",
            actor=None,  # type: ignore[arg-type]
        )


@pytest.mark.parametrize(
    ("facts", "error"),
    [
        ({"is_bot": True}, MemberCannotRedeemError),
        ({"departed_at": clock.now()}, MemberCannotRedeemError),
        ({"deleted_at": clock.now()}, MemberDeletedError),
        ({"waiting_since": clock.now()}, MemberWaitsError),
    ],
)
def test_who_cannot_redeem(acme: TenantContext, facts: dict[str, Any], error: type[EngageHubError]) -> None:
    member = make_member(acme, 100)
    Member.objects.filter(pk=member.pk).update(**facts)

    refused(acme, member, make_reward(stock=1), error)


@pytest.mark.parametrize("member_id", [-1, 0, 2**62, 2**63])
def test_somebody_who_is_not_here(acme: TenantContext, member_id: int) -> None:
    with pytest.raises(MemberNotFoundError):
        redeem_reward(
            context=acme,
            member_id=member_id,
            reward_id=make_reward().pk,
            key="k",
            via="web",
            actor=None,  # type: ignore[arg-type]
        )


def test_the_reward_of_another_community_is_none(acme: TenantContext, globex: TenantContext) -> None:
    member = make_member(acme, 100)
    with enter_tenant(globex):
        foreign = make_reward()

    with pytest.raises(RewardNotFoundError):
        redeem(acme, member, foreign)


@pytest.mark.parametrize(
    "facts", [{"budget": 1}, {"ends_at": clock.now() - HOUR}, {"starts_at": clock.now() + HOUR}]
)
def test_a_sponsor_gives_what_it_promised(acme: TenantContext, facts: dict[str, Any]) -> None:
    sponsor = Sponsor.objects.create(name="Initech", **facts)
    reward = make_reward(sponsor=sponsor, stock=5)
    if "budget" in facts:
        assert redeem(acme, make_member(acme, 100), reward).sponsor_id == sponsor.pk

    assert redeem(acme, make_member(acme, 100), reward).sponsor_id is None


@pytest.mark.parametrize(
    ("asks", "code"),
    [
        ({"level": 50}, "level_too_low"),
        ({"roles": ["123456789012345678"]}, "role_missing"),
        ({"days": 3}, "too_new"),
        ({"figures": [{"name": "badges", "least": 2}]}, "figure_too_low"),
        ({"types": [7]}, "type_missing"),
    ],
)
def test_who_it_is_for(acme: TenantContext, asks: dict[str, Any], code: str) -> None:
    with pytest.raises(RewardRefusedError) as caught:
        redeem(acme, make_member(acme, 100), make_reward(eligibility=asks))

    assert caught.value.code == code


def test_whoever_has_it_all_gets_it(acme: TenantContext) -> None:
    member = make_member(acme, 100)
    Member.objects.filter(pk=member.pk).update(
        role_ids=["123456789012345678"], joined_at=clock.now() - 100 * 24 * HOUR
    )
    MemberFigure.objects.create(member=member, name="badges", value=2, changed_at=clock.now())
    asks = {
        "roles": ["123456789012345678"],
        "days": 3,
        "figures": [{"name": "badges", "least": 2}],
    }

    assert redeem(acme, member, make_reward(eligibility=asks)).state == APPROVED


def test_what_the_plan_froze_is_not_redeemed(acme: TenantContext) -> None:
    old, young = make_reward(), make_reward()
    there = put_on_plan(acme, rewards=1)

    with pytest.raises(RewardFrozenError):
        redeem(there, make_member(acme, 100), young)
    assert redeem(there, make_member(acme, 100), old).state == APPROVED


def test_the_team_hears_when_little_is_left(acme: TenantContext) -> None:
    reward = make_reward(stock=3, low_stock=1)
    for _ in range(3):
        redeem(acme, make_member(acme, 100), reward)

    told = TenantEvent.objects.filter(type="RewardRanLow").order_by("id")
    assert [row.data["left"] for row in told] == [1, 0]


def test_an_address_is_sealed(acme: TenantContext) -> None:
    member, reward = make_member(acme, 100), make_reward(kind="merchandise")

    made = redeem_reward(
        context=acme,
        member_id=member.pk,
        reward_id=reward.pk,
        key="k",
        via="web",
        actor=SYSTEM,
        address={"street": "1 Main Street"},
    )

    stored = Redemption.objects.get(pk=made.pk).address
    assert stored
    assert "Main" not in stored
