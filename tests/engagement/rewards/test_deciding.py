"""What becomes of a redemption, step by step; what ends gives everything back, once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engagement.audit.actor import SYSTEM, Actor
from engagement.audit.models import AuditEntry
from engagement.members.models import Identity, Member
from engagement.progression.people import delete_member
from engagement.rewards.deciding import (
    approve_redemption,
    cancel_redemption,
    expire_redemption,
    mark_delivered,
    mark_fulfilled,
    reject_redemption,
    return_of_member,
)
from engagement.rewards.models import Approval, Redemption, Reward
from engagement.rewards.redemption_errors import (
    InvalidRedemptionError,
    OwnRedemptionError,
    RedemptionNotFoundError,
    RedemptionStateError,
)
from engagement.rewards.states import (
    APPROVED,
    CANCELLED,
    DELIVERED,
    EXPIRED,
    FULFILLED,
    MOVES,
    REJECTED,
    REQUESTED,
)
from tenants.context import TenantContext, enter_tenant
from tenants.models import ApiKey, User

from .spending import MODERATOR, assert_books_balance, balance_of, give, make_member, make_reward, redeem


@pytest.fixture(autouse=True)
def _in_acme(db: None, acme: TenantContext) -> Iterator[None]:
    with enter_tenant(acme):
        yield


def waiting(acme: TenantContext, **facts: Any) -> tuple[Member, Redemption]:
    member = make_member(acme, 100)
    return member, redeem(acme, member, make_reward(stock=2, approval=Approval.MODERATOR, **facts))


def approve(acme: TenantContext, redemption: Redemption, actor: Actor = MODERATOR) -> Redemption:
    return approve_redemption(context=acme, redemption_id=redemption.pk, actor=actor)


def fulfil(redemption: Redemption, actor: Actor = SYSTEM) -> Redemption:
    return mark_fulfilled(redemption_id=redemption.pk, outcome={"done": 1}, actor=actor, key="once")


def cancel(acme: TenantContext, redemption: Redemption, actor: Actor = MODERATOR) -> Redemption:
    return cancel_redemption(context=acme, redemption_id=redemption.pk, actor=actor, reason="A mistake.")


def reject(acme: TenantContext, redemption: Redemption, actor: Actor = MODERATOR) -> Redemption:
    return reject_redemption(context=acme, redemption_id=redemption.pk, actor=actor, reason="Not now.")


def stock_of(redemption: Redemption) -> tuple[int | None, int]:
    reward = Reward.objects.get(pk=redemption.reward_id)
    return reward.stock, reward.reserved


def test_the_way_to_the_member(acme: TenantContext) -> None:
    member, redemption = waiting(acme)
    assert stock_of(redemption) == (2, 1)

    approve(acme, redemption)
    fulfil(redemption)
    done = mark_delivered(redemption_id=redemption.pk, actor=MODERATOR)

    assert [line["state"] for line in done.history] == [REQUESTED, APPROVED, FULFILLED, DELIVERED]
    assert (done.decided_by, done.outcome["done"]) == ("Mo Moderator", 1)
    assert stock_of(redemption) == (1, 0)
    assert balance_of(member) == (0, 0)
    acts = AuditEntry.objects.filter(target_kind="redemption").order_by("id").values_list("action", flat=True)
    assert list(acts) == ["redemption.approved", "redemption.delivered"]
    assert_books_balance(acme)


def test_what_is_rejected_comes_back_whole(acme: TenantContext) -> None:
    member, redemption = waiting(acme)

    rejected = reject(acme, redemption)

    assert (rejected.state, rejected.reason, rejected.decided_by) == (REJECTED, "Not now.", "Mo Moderator")
    assert balance_of(member) == (100, 0)
    assert stock_of(redemption) == (2, 0)
    assert_books_balance(acme)


def test_whoever_redeemed_it_takes_it_back_while_it_waits(acme: TenantContext) -> None:
    member, redemption = waiting(acme)
    me = Actor("member", member.pk, "Me", via="web")

    assert cancel(acme, redemption, me).state == CANCELLED
    assert balance_of(member) == (100, 0)
    assert not AuditEntry.objects.filter(action="redemption.cancelled").exists()


def test_what_was_handed_out_is_not_taken_back_by_whoever_has_it(acme: TenantContext) -> None:
    member, redemption = waiting(acme)
    approve(acme, redemption)
    fulfil(redemption)

    with pytest.raises(RedemptionStateError):
        cancel(acme, redemption, Actor("member", member.pk, "Me", via="web"))

    assert cancel(acme, redemption).state == CANCELLED
    assert (balance_of(member), stock_of(redemption)) == ((100, 0), (2, 0))
    assert_books_balance(acme)


def test_a_code_that_was_seen_does_not_come_back(acme: TenantContext) -> None:
    _member, redemption = waiting(acme, kind="code")
    approve(acme, redemption)
    fulfil(redemption)

    cancel(acme, redemption)

    assert stock_of(redemption) == (1, 0)


def test_a_refund_pays_debt_first(acme: TenantContext) -> None:
    member, redemption = waiting(acme)
    give(acme, member, -60)
    assert balance_of(member) == (0, 60)

    reject(acme, redemption)

    assert balance_of(member) == (40, 0)
    assert_books_balance(acme)


@pytest.mark.parametrize("again", [reject, cancel])
def test_nothing_is_given_back_twice(acme: TenantContext, again: Any) -> None:
    member, redemption = waiting(acme)

    first, second = again(acme, redemption), again(acme, redemption)

    assert first.history == second.history
    assert (balance_of(member), stock_of(redemption)) == ((100, 0), (2, 0))


def test_fulfilling_twice_keeps_the_first(acme: TenantContext) -> None:
    _member, redemption = waiting(acme)
    approve(acme, redemption)
    fulfil(redemption)

    again = mark_fulfilled(redemption_id=redemption.pk, outcome={"done": 2}, actor=SYSTEM, key="other")

    assert again.outcome == {"done": 1, "key": "once"}
    assert stock_of(redemption) == (1, 0)


def test_approving_twice_is_one_approval(acme: TenantContext) -> None:
    _member, redemption = waiting(acme)

    approve(acme, redemption)
    approve(acme, redemption)

    assert AuditEntry.objects.filter(action="redemption.approved").count() == 1


def test_only_legal_moves(acme: TenantContext) -> None:
    acts = {
        APPROVED: approve,
        REJECTED: reject,
        CANCELLED: cancel,
        FULFILLED: lambda _acme, redemption: fulfil(redemption),
        DELIVERED: lambda _acme, redemption: mark_delivered(redemption_id=redemption.pk, actor=SYSTEM),
    }
    # Asked for what is past, an approval or fulfilment is a repeat and changes nothing.
    repeats = {(APPROVED, FULFILLED), (APPROVED, DELIVERED), (FULFILLED, DELIVERED)}
    for state, following in MOVES.items():
        for to, act in acts.items():
            _member, redemption = waiting(acme)
            Redemption.objects.filter(pk=redemption.pk).update(state=state)
            if to in following or to == state or (to, state) in repeats:
                continue
            with pytest.raises(RedemptionStateError):
                act(acme, redemption)
            assert Redemption.objects.get(pk=redemption.pk).state == state


def test_an_expired_request_comes_back(acme: TenantContext) -> None:
    member, redemption = waiting(acme)

    for _ in range(2):
        assert expire_redemption(redemption_id=redemption.pk, reason="Nobody decided.").state == EXPIRED

    assert (balance_of(member), stock_of(redemption)) == ((100, 0), (2, 0))


def test_what_was_handed_out_does_not_expire(acme: TenantContext) -> None:
    _member, redemption = waiting(acme)
    approve(acme, redemption)
    fulfil(redemption)

    assert expire_redemption(redemption_id=redemption.pk, reason="Too late.").state == FULFILLED


def test_what_a_deleted_member_has_waiting_is_cancelled(acme: TenantContext) -> None:
    member, redemption = waiting(acme)
    give(acme, member, 200)
    given = redeem(acme, member, make_reward())
    fulfil(given)
    delete_member(member_id=member.pk, actor=SYSTEM, context=acme)

    assert return_of_member(member_id=member.pk, actor=SYSTEM) == [redemption.pk]
    assert return_of_member(member_id=member.pk, actor=SYSTEM) == []

    assert Redemption.objects.get(pk=given.pk).state == FULFILLED
    assert balance_of(member) == (200, 0)
    assert_books_balance(acme)


def as_member(member: Member) -> Actor:
    return Actor("member", member.pk, "Me")


def as_linked_login(member: Member) -> Actor:
    user = User.objects.create_user("linked")
    Member.objects.filter(pk=member.pk).update(user_id=user.pk)
    return Actor("user", user.pk, "Me")


def as_login_of_discord(member: Member) -> Actor:
    external = Identity.objects.get(member=member, provider="discord").external_id
    return Actor("user", User.objects.create_user("same", discord_id=int(external)).pk, "Me")


def as_login_that_left_discord(member: Member) -> Actor:
    external = Identity.objects.get(member=member, provider="discord").external_id
    return Actor("user", User.objects.create_user("left", former_discord_id=int(external)).pk, "Me")


def as_discord(member: Member) -> Actor:
    return Actor("discord", int(Identity.objects.get(member=member).external_id), "Me", via="bot")


def as_discord_of_linked_login(member: Member) -> Actor:
    user = User.objects.create_user("elsewhere", discord_id=555)
    Member.objects.filter(pk=member.pk).update(user_id=user.pk)
    return Actor("discord", 555, "Me", via="bot")


def as_key(member: Member) -> Actor:
    login = as_linked_login(member)
    key = ApiKey.objects.create(
        tenant_id=ApiKey.tenant.field.related_model.objects.get(slug="acme").pk,  # type: ignore[attr-defined]
        name="mine",
        prefix="eh_x",
        digest="d",
        created_by_id=login.id,
    )
    return Actor("key", key.pk, "mine", via="rest")


@pytest.mark.parametrize(
    "mask",
    [
        as_member,
        as_linked_login,
        as_login_of_discord,
        as_login_that_left_discord,
        as_discord,
        as_discord_of_linked_login,
        as_key,
    ],
)
def test_nobody_decides_on_their_own(acme: TenantContext, mask: Any) -> None:
    member, redemption = waiting(acme)
    me = mask(member)

    for act in (approve, reject):
        with pytest.raises(OwnRedemptionError):
            act(acme, redemption, me)

    assert Redemption.objects.get(pk=redemption.pk).state == REQUESTED


@pytest.mark.parametrize("other", [MODERATOR, Actor("discord", 1, "Mo"), Actor("key", 10**6, "Bot")])
def test_others_do(acme: TenantContext, other: Actor) -> None:
    _member, redemption = waiting(acme)

    assert approve(acme, redemption, other).state == APPROVED


@pytest.mark.parametrize("reason", ["", "  ", "\u202e", "x" * 301])
def test_a_rejection_says_why(acme: TenantContext, reason: str) -> None:
    _member, redemption = waiting(acme)

    with pytest.raises(InvalidRedemptionError):
        reject_redemption(context=acme, redemption_id=redemption.pk, actor=MODERATOR, reason=reason)


@pytest.mark.parametrize("redemption_id", [-1, 0, 10**9, 2**63])
def test_a_redemption_that_is_none(acme: TenantContext, redemption_id: int) -> None:
    with pytest.raises(RedemptionNotFoundError):
        approve_redemption(context=acme, redemption_id=redemption_id, actor=MODERATOR)
