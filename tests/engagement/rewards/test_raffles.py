"""A raffle: tickets until its hour, then winners whom everybody can check."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from engagement.members.models import Member
from engagement.rewards.drawing import draw_of, order_by_lot
from engagement.rewards.errors import RewardRefusedError
from engagement.rewards.models import Approval, Redemption, Reward
from engagement.rewards.raffles import GRACE, draw_raffle, pick_winners
from engagement.rewards.states import DELIVERED, EXPIRED
from saas.core import clock
from saas.core.crypto import is_digest_of
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant

from .spending import assert_books_balance, balance_of, make_member, make_reward, redeem

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _in_acme(db: None, acme: TenantContext) -> Iterator[None]:
    with enter_tenant(acme):
        yield


def make_raffle(winners: int = 1, **facts: object) -> Reward:
    settings = {"draws_at": NOON.isoformat(), "winners": winners, "prize": "A bicycle"}
    return make_reward(**{"kind": "raffle", "price": 10, "settings": settings} | facts)


def buy(acme: TenantContext, raffle: Reward, member: Member, number: int = 1) -> list[Redemption]:
    with clock.frozen_at(NOON - timedelta(hours=1)):
        return [redeem(acme, member, raffle) for _ in range(number)]


def draw(raffle: Reward, at: datetime = NOON + GRACE) -> bool:
    with clock.frozen_at(at):
        return draw_raffle(reward_id=raffle.pk)


def test_the_winners_are_those_of_the_published_seed(acme: TenantContext) -> None:
    raffle = make_raffle(winners=2)
    tickets = [one for _ in range(6) for one in buy(acme, raffle, make_member(acme, 100))]
    raffle.refresh_from_db()
    digest = draw_of(raffle).digest
    assert len(digest) == 64

    assert draw(raffle)

    raffle.refresh_from_db()
    done = draw_of(raffle)
    assert (done.digest, done.entries) == (digest, 6)
    assert is_digest_of(done.seed, digest)
    assert list(done.winners) == order_by_lot(done.seed, [one.pk for one in tickets])[:2]
    results = Redemption.objects.filter(reward=raffle)
    assert {one.state for one in results} == {DELIVERED}
    assert {one.pk for one in results if one.outcome["won"]} == set(done.winners)
    assert {one.outcome["place"] for one in results} == {0, 1, 2}


def test_nobody_wins_twice(acme: TenantContext) -> None:
    raffle = make_raffle(winners=3)
    greedy, other = make_member(acme, 1000), make_member(acme, 100)
    buy(acme, raffle, greedy, 30)
    buy(acme, raffle, other)

    draw(raffle)

    won = Redemption.objects.filter(reward=raffle, outcome__won=True)
    assert sorted(won.values_list("member_id", flat=True)) == [greedy.pk, other.pk]


def test_it_is_drawn_once(acme: TenantContext) -> None:
    raffle = make_raffle()
    buy(acme, raffle, make_member(acme, 100))

    draw(raffle)
    before = Reward.objects.get(pk=raffle.pk).draw
    draw(raffle, NOON + 9 * GRACE)

    assert Reward.objects.get(pk=raffle.pk).draw == before
    assert TenantEvent.objects.filter(type="RaffleDrawn").count() == 1


def test_a_run_that_was_cut_off_is_taken_up(acme: TenantContext, monkeypatch: pytest.MonkeyPatch) -> None:
    from engagement.rewards import raffles

    raffle = make_raffle()
    for _ in range(3):
        buy(acme, raffle, make_member(acme, 100))
    with monkeypatch.context() as patch:
        patch.setattr(raffles, "mark_delivered", lambda **_given: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            draw(raffle)

    assert draw(raffle)

    assert Redemption.objects.filter(reward=raffle, state=DELIVERED, outcome__won=True).count() == 1
    assert Redemption.objects.filter(reward=raffle, state=DELIVERED).count() == 3


def test_before_its_hour_nothing_happens_and_after_it_no_ticket_is_sold(acme: TenantContext) -> None:
    raffle = make_raffle()
    assert not draw(raffle, NOON)

    with clock.frozen_at(NOON), pytest.raises(RewardRefusedError):
        redeem(acme, make_member(acme, 100), raffle)


def test_a_ticket_that_nobody_approved_comes_back(acme: TenantContext) -> None:
    raffle = make_raffle(approval=Approval.MODERATOR)
    member = make_member(acme, 100)
    (ticket,) = buy(acme, raffle, member)

    draw(raffle)

    ticket.refresh_from_db()
    assert ticket.state == EXPIRED
    assert balance_of(member) == (100, 0)
    assert_books_balance(acme)


def test_without_tickets_nobody_wins(acme: TenantContext) -> None:
    raffle = make_raffle()

    assert draw(raffle)

    raffle.refresh_from_db()
    assert draw_of(raffle).winners == ()


def test_picking_is_pure() -> None:
    tickets = {number: number % 4 for number in range(100)}

    winners = pick_winners("seed", tickets, 3)

    assert winners == pick_winners("seed", dict(reversed(tickets.items())), 3)
    assert len({tickets[one] for one in winners}) == 3
    assert pick_winners("seed", tickets, 50) != pick_winners("another", tickets, 50)
    assert len(pick_winners("seed", tickets, 50)) == 4
