"""Whatever happens in whatever order, everything kept beside the ledger equals it."""

from __future__ import annotations

from random import Random

import pytest

from engagement.activity.memory import TenantMemory
from engagement.activity.messages import Activity
from engagement.members.selectors import find_member
from engagement.models import (
    LedgerBalance,
    LedgerEntry,
    Standing,
    StandingBucket,
    StandingGroup,
    StandingPast,
)
from engagement.progression.services import Actor, adjust_points, set_visibility, undo_adjustment
from engagement.progression.verification import verify_ledger
from tenants.context import TenantContext, enter_tenant

from .facts import DAY, MINUTE, NOON, book, deletion, message

pytestmark = pytest.mark.usefixtures("rules")
MODERATOR = Actor("discord", 9, "Mod")


def agrees(context: TenantContext) -> None:
    with enter_tenant(context):
        assert verify_ledger(context) == []


def leaving(user: int, *, at: int) -> Activity:
    return Activity(f"discord:left:1:{user}:{at}", "discord:1", f"discord:{user}", "left", at, {})


def test_late_points_count_in_the_period_in_which_they_were_earned(acme: TenantContext) -> None:
    book(acme, [message(1, at=NOON)])
    book(acme, [message(1, at=NOON - 8 * DAY)])
    book(acme, [message(1, at=NOON - 9 * DAY)])

    with enter_tenant(acme):
        last_week = StandingPast.objects.get(kind="week")
        assert last_week.score == sum(
            LedgerEntry.objects.filter(occurred_at__lt="2026-11-12T00:00Z").values_list("amount", flat=True)
        )
    agrees(acme)


def test_a_new_week_moves_the_old_one_to_the_past(acme: TenantContext) -> None:
    book(acme, [message(1, at=NOON)])
    book(acme, [message(1, at=NOON + 7 * DAY), message(1, at=NOON + 8 * DAY)])

    with enter_tenant(acme):
        assert StandingPast.objects.filter(kind="week").count() == 1
        assert Standing.objects.get().week_start.isoformat() == "2026-11-23"
    agrees(acme)


def test_leaving_takes_the_rank_and_coming_back_returns_it(acme: TenantContext) -> None:
    book(acme, [message(1), message(2), leaving(1, at=NOON + MINUTE)])
    with enter_tenant(acme):
        assert Standing.objects.filter(ranked=True).count() == 1
    agrees(acme)

    book(acme, [message(1, at=NOON + 2 * MINUTE)])

    with enter_tenant(acme):
        assert Standing.objects.filter(ranked=True).count() == 2
    agrees(acme)


def test_a_reversal_beyond_the_balance_becomes_debt_that_later_points_pay(acme: TenantContext) -> None:
    first = message(1)
    book(acme, [first])
    with enter_tenant(acme):
        member = find_member(provider="discord", external_id="1")
        assert member is not None
        LedgerBalance.objects.filter(member_id=member.pk).update(current=0)  # as if it had been spent
        LedgerEntry.objects.create(
            member_id=member.pk, amount=-LedgerEntry_sum(), counter=9, cause_kind=3, cause_id=1, base_amount=1,
            occurred_at="2026-11-18T12:00Z",
        )  # fmt: skip

    book(acme, [deletion(first)])

    with enter_tenant(acme):
        owed = LedgerBalance.objects.get()
        assert (owed.current, owed.debt > 0) == (0, True)
    agrees(acme)
    book(acme, [message(1, at=NOON + DAY)])
    with enter_tenant(acme):
        paid = LedgerBalance.objects.get()
        assert (paid.debt, paid.current > 0) == (0, True)
    agrees(acme)


def LedgerEntry_sum() -> int:
    return sum(LedgerEntry.objects.values_list("amount", flat=True))


def test_buckets_are_cut_and_stay_exact(acme: TenantContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engagement.standings.splitting.MAX_BUCKET", 10)
    monkeypatch.setattr("engagement.standings.splitting.MAX_GROUP", 4)
    monkeypatch.setattr(
        "engagement.progression.writes._WRITE",
        __import__("engagement.progression.writes", fromlist=["_WRITE"])._WRITE.replace(
            "count > 1000", "count > 10"
        ),
    )
    memory = TenantMemory()
    for round_ in range(6):
        book(
            acme,
            [
                message(user, at=NOON + (round_ * 60 + user) * MINUTE)
                for user in range(1, 40)
                if (user + round_) % 3
            ],
            memory,
        )
    with enter_tenant(acme):
        assert StandingBucket.objects.filter(kind="all").count() > 3
        assert StandingGroup.objects.filter(kind="all").count() > 1
    agrees(acme)


@pytest.mark.parametrize("seed", range(4))
def test_a_random_story_ends_in_agreement(acme: TenantContext, seed: int) -> None:
    """Messages on time and late, deletions before and after, people leaving and hiding, adjustments given and undone."""
    dice = Random(seed)
    memory = TenantMemory()
    said: list[Activity] = []
    for step in range(25):
        batch: list[Activity] = []
        for _ in range(dice.randint(1, 12)):
            roll = dice.random()
            at = NOON + step * 6 * 60 * MINUTE - (dice.randint(0, 20) * DAY if roll < 0.2 else 0)
            if roll > 0.9 and said:
                batch.append(deletion(dice.choice(said), at=at))
            elif roll > 0.87:
                batch.append(leaving(dice.randint(1, 8), at=at + dice.randint(1, 999)))
            else:
                batch.append(message(dice.randint(1, 8), at=at + dice.randint(0, 90) * MINUTE))
                said.append(batch[-1])
        dice.shuffle(batch)
        book(acme, batch, memory)
        with enter_tenant(acme):
            member = find_member(provider="discord", external_id=str(dice.randint(1, 8)))
            if member is not None:
                kind = dice.choice(["visible", "hidden", "alias"])
                set_visibility(
                    member_id=member.pk, visibility=kind, alias=f"Nobody {member.pk}", context=acme
                )
                given = adjust_points(
                    member_id=member.pk, amount=dice.choice([-400, -5, 7, 900]), reason="luck", actor=MODERATOR,
                    idempotency_key=f"{seed}-{step}", context=acme,
                )  # fmt: skip
                if dice.random() < 0.4:
                    undo_adjustment(
                        adjustment_id=given.adjustment_id, actor=MODERATOR, idempotency_key=f"u{seed}-{step}",
                        context=acme,
                    )  # fmt: skip
    agrees(acme)
