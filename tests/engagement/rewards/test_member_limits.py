"""How many one member may have, by the community's calendar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from engagement.rewards.deciding import cancel_redemption
from engagement.rewards.eligibility import period_end, period_start
from engagement.rewards.errors import RewardRefusedError
from saas.core import clock
from tenants.context import TenantContext, enter_tenant

from .spending import MODERATOR, assert_books_balance, balance_of, make_member, make_reward, redeem


@pytest.fixture(autouse=True)
def _in_acme(db: None, acme: TenantContext) -> Iterator[None]:
    with enter_tenant(acme):
        yield


def test_the_limit_of_a_member(acme: TenantContext) -> None:
    member, reward = make_member(acme, 1000), make_reward(limit_count=2, stock=10)
    first = redeem(acme, member, reward)
    redeem(acme, member, reward)

    with pytest.raises(RewardRefusedError) as refused:
        redeem(acme, member, reward)

    assert refused.value.message == f"You can redeem “{reward.name}” 2 times."
    assert balance_of(member) == (800, 0)
    redeem(acme, make_member(acme, 100), reward)  # somebody else's is their own

    cancel_redemption(context=acme, redemption_id=first.pk, actor=MODERATOR)
    redeem(acme, member, reward)  # what came back does not count
    assert_books_balance(acme)


def test_a_week_begins_when_the_communitys_does(acme: TenantContext) -> None:
    there = replace(acme, timezone="Pacific/Auckland", first_weekday=0)
    member, reward = make_member(acme, 1000), make_reward(limit_count=1, limit_period="week")
    # Sunday 23:30 there, which is still Sunday morning in Europe
    with clock.frozen_at(datetime(2026, 11, 22, 10, 30, tzinfo=UTC)):
        redeem(there, member, reward)
        with pytest.raises(RewardRefusedError) as refused:
            redeem(there, member, reward)
    assert refused.value.message.endswith("once a week.")
    assert refused.value.until == datetime(2026, 11, 22, 11, 0, tzinfo=UTC)

    with clock.frozen_at(datetime(2026, 11, 22, 11, 0, tzinfo=UTC)):  # Monday there
        redeem(there, member, reward)


@pytest.mark.parametrize(
    ("period", "zone", "weekday", "now", "starts", "following"),
    [
        ("day", "Europe/Berlin", 0, "2026-03-29T20:00", "2026-03-28T23:00", "2026-03-29T22:00"),
        ("day", "America/Sao_Paulo", 0, "2026-11-21T02:59", "2026-11-20T03:00", "2026-11-21T03:00"),
        ("week", "UTC", 6, "2026-11-21T12:00", "2026-11-15T00:00", "2026-11-22T00:00"),
        ("month", "Asia/Tokyo", 0, "2026-12-31T15:00", "2026-12-31T15:00", "2027-01-31T15:00"),
        ("month", "UTC", 0, "2027-01-31T23:59", "2027-01-01T00:00", "2027-02-01T00:00"),
    ],
)
def test_periods(period: str, zone: str, weekday: int, now: str, starts: str, following: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)

    span = [period_start(period, moment, zone, weekday), period_end(period, moment, zone, weekday)]

    assert [one and one.astimezone(UTC).strftime("%Y-%m-%dT%H:%M") for one in span] == [starts, following]


def test_for_ever_has_no_end() -> None:
    assert period_start("ever", clock.now(), "UTC", 0) is None
