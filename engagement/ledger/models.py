"""The append-only ledger and the balances that always equal its sums.

Invariants:
- an entry is written once and never changed: the app's database role holds no UPDATE or DELETE on `ledger_entry`;
- one entry per (cause, member, rule): the unique index is the idempotency of every award;
- for each member and currency, current - debt = sum of all entries, and lifetime = sum of the earned ones.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now

POINTS = 0  # the currency that every tenant has; a credit type's own id is its currency (engagement.credits)


class Counter(models.IntegerChoices):
    """The account on the other side of an entry."""

    ISSUER = 1, "Issuer"  # points come into being for something that a member did
    ADJUSTMENT = 2, "Adjustment"  # a person gave or took them
    REVERSAL = 3, "Reversal"  # an award is taken back because its cause went away
    TRANSFER = 4, "Taken over"  # what a merged member had spent: it was earned and spent under the other name
    ELSEWHERE = 10, "Earned elsewhere"  # brought over from another bot
    SHOP = 20, "Shop"  # points that a reward cost, and what came back of them
    CREDITS = 30, "Credits"  # credits are given, spent and taken back; never points


# Earned in this community: these count in every period.
HERE_COUNTERS = (Counter.ISSUER, Counter.ADJUSTMENT, Counter.REVERSAL)
# Entries against these accounts count towards lifetime points, level and the standing of all time; spending does not. What was
# earned elsewhere was not earned this week, so it counts in no shorter period.
EARNED_COUNTERS = (*HERE_COUNTERS, Counter.ELSEWHERE)


class Cause(models.IntegerChoices):
    """What `cause_id` counts."""

    ACTIVITY = 1, "Activity"  # activity.id
    DAILY = 2, "Daily bonus"  # the member's local day, as date.toordinal counts
    ADJUSTMENT = 3, "Adjustment"  # adjustment.id
    REVERSAL = 4, "Reversal"  # activity.id of the activity that is taken back
    UNDO = 5, "Undone adjustment"  # adjustment.id of the adjustment that is undone
    MERGE = 6, "Merge"  # ledger_entry.id of the last of the other member's entries that this one takes over
    IMPORT = 10, "Import"  # import_run.id
    IMPORT_UNDO = 11, "Undone import"  # import_run.id of the import that is undone; as if neither had been
    REDEMPTION = 20, "Reward"  # redemption.id: its price in points
    REDEMPTION_REFUND = 21, "Refund"  # redemption.id: its price comes back
    REDEMPTION_CREDITS = 22, "Credits as a reward"  # redemption.id: the credits that it gave
    REDEMPTION_CREDITS_UNDO = 23, "Returned reward"  # redemption.id: those credits are taken back
    SUBMISSION = (
        30,
        "Submission",
    )  # submission.id: it was approved; approved again after an undo, rule_id counts down from 0
    SUBMISSION_UNDO = (
        31,
        "Undone submission",
    )  # submission.id: the approval of the same rule_id was taken back
    CREDIT_REQUEST = 40, "Credit request"  # credit_request.id: it was granted
    CREDIT_REQUEST_UNDO = 41, "Undone credit request"  # credit_request.id: the grant was taken back
    CREDIT_MOVE = 42, "Credits by hand"  # credit_move.id: granted, revoked or spent outside of a request
    SUPPORT = 50, "Support"  # supporter_payment.id: a period was paid
    SUPPORT_REFUND = 51, "Refunded support"  # supporter_payment.id: it was given back whole


# The points that were given to members: awards and gifts, not what came back when a taking was undone.
GIVEN = models.Q(
    currency=POINTS,
    amount__gt=0,
    cause_kind__in=(Cause.ACTIVITY, Cause.DAILY, Cause.ADJUSTMENT, Cause.SUBMISSION, Cause.SUPPORT),
)


class LedgerEntry(models.Model):
    """One line. `occurred_at` decides the period that it counts in; a reversal carries the one of its award."""

    id = models.BigAutoField(primary_key=True)
    member_id = models.BigIntegerField()
    currency = models.SmallIntegerField(default=POINTS, db_default=POINTS)
    amount = models.BigIntegerField(help_text="Whole points, signed.")
    counter = models.SmallIntegerField(choices=Counter)
    cause_kind = models.SmallIntegerField(choices=Cause)
    cause_id = models.BigIntegerField()
    rule_id = models.IntegerField(default=0, db_default=0, help_text="0 where no rule was at work.")
    version_id = models.IntegerField(default=0, db_default=0)
    base_amount = models.BigIntegerField(help_text="Before multiplier and cap.")
    multiplier_percent = models.IntegerField(default=100, db_default=100)
    capped = models.BooleanField(default=False, db_default=False)
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())
    boost_id = models.IntegerField(default=0, db_default=0, help_text="0 where no boost was at work.")
    boost_percent = models.IntegerField(default=100, db_default=100)

    append_only = True  # provisioning grants the app's role no UPDATE and no DELETE

    class Meta:
        db_table = "ledger_entry"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["cause_kind", "cause_id", "member_id", "rule_id"], name="ledger_entry_once_per_cause"
            ),
            models.CheckConstraint(condition=~models.Q(amount=0), name="ledger_entry_moves_something"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["member_id", "id"], name="ledger_entry_member"),
            BrinIndex(fields=["created_at"], name="ledger_entry_created", autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.amount:+} for member {self.member_id}"


class LedgerBalance(models.Model):
    """What a member has. Nothing spendable goes below zero: what a reversal could not take stands in `debt`."""

    pk = models.CompositePrimaryKey("member_id", "currency")
    member_id = models.BigIntegerField()
    currency = models.SmallIntegerField(default=POINTS)
    current = models.BigIntegerField(default=0, help_text="Spendable.")
    lifetime = models.BigIntegerField(default=0, help_text="Earned; spending leaves it alone.")
    debt = models.BigIntegerField(default=0, help_text="Paid first by later earnings.")

    class Meta:
        db_table = "ledger_balance"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(current__gte=0, debt__gte=0) & (models.Q(current=0) | models.Q(debt=0)),
                name="ledger_balance_not_below_zero",
            )
        ]

    def __str__(self) -> str:
        return f"member {self.member_id}: {self.current}"
