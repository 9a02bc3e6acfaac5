"""Places: one row per member with the score of each running period, past periods beside it, and a histogram.

A period is named by its kind and its first day in the tenant's zone: ("week", 2026-11-16). `ALL_TIME_START` stands for
all time. A member's live row holds the *newest* period of each kind that the member scored in; when a newer one begins,
the old score moves to `standing_past`. So the board of a period is the union of the live rows that still name it and
of its past rows. One live row instead of one per period halves what a point costs: one heap tuple and five index
entries instead of four and eight (see ops/adr).

Order on a board, best first: score descending, reached_at ascending, tie_value ascending, joined_at ascending, member_id.

The histogram: buckets partition each period's *ranked* rows by (score, order) where order = -microseconds of
reached_at, so that "better" is "greater" in both. A bucket holds every row from its low pair up to the next bucket's;
the lowest starts at LOWEST. A bucket over MAX_BUCKET is split. Rank = rows in better buckets + better rows in mine + 1.
Buckets are gathered into groups of at most MAX_GROUP neighbours, each with their sum, so that summing stays cheap too:
a group begins where one of its buckets does.

Invariants: for each period, sum(bucket.count) = sum(group.count) = ranked rows, exactly, in every snapshot; a score is the sum of the member's
earned entries of that period. Every writer of scores holds the tenant's ledger lock (engagement.ledger.locks).
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Final

from django.db import models
from django.db.models import F

ALL_TIME_START: Final = date(1970, 1, 1)
MAX_BUCKET: Final = 1_000
MAX_GROUP: Final = 64  # buckets
LOWEST: Final = -(2**62)


class PeriodKind(models.TextChoices):
    ALL = "all", "All time"
    SEASON = "season", "Season"
    MONTH = "month", "Month"
    WEEK = "week", "Week"


def _rank_index(kind: str, *, period: bool = True) -> models.Index:
    fields = [F(f"{kind}_start")] if period else []
    return models.Index(
        *fields,
        F(f"{kind}_score").desc(),
        F(f"{kind}_at"),
        condition=models.Q(ranked=True),
        name=f"standing_{kind}_rank",
    )


class Standing(models.Model):
    """A member's live place material. Unranked rows (hidden, departed, bot, not eligible) keep counting scores."""

    member_id = models.BigIntegerField(primary_key=True)
    ranked = models.BooleanField(default=True)
    joined_at = models.DateTimeField(help_text="Of the member; of the row where unknown. The last tie-break.")
    tie_value = models.BigIntegerField(
        default=0, db_default=0, help_text="Minus the tenant's chosen own figure."
    )
    all_score = models.BigIntegerField(default=0)
    all_at = models.DateTimeField(
        null=True, help_text="When the score was reached; null: nothing earned yet."
    )
    season_start = models.DateField(null=True)
    season_score = models.BigIntegerField(default=0)
    season_at = models.DateTimeField(null=True)
    month_start = models.DateField(null=True)
    month_score = models.BigIntegerField(default=0)
    month_at = models.DateTimeField(null=True)
    week_start = models.DateField(null=True)
    week_score = models.BigIntegerField(default=0)
    week_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "standing"
        indexes: ClassVar = [
            models.Index(
                F("all_score").desc(),
                F("all_at"),
                condition=models.Q(ranked=True, all_at__isnull=False),
                name="standing_all_rank",
            ),
            _rank_index("season"),
            _rank_index("month"),
            _rank_index("week"),
        ]

    def __str__(self) -> str:
        return f"member {self.member_id}: {self.all_score}"


class StandingPast(models.Model):
    """A score in a period that the member's live row has moved on from."""

    pk = models.CompositePrimaryKey("kind", "starts_on", "member_id")
    kind = models.CharField(max_length=6, choices=PeriodKind)
    starts_on = models.DateField()
    member_id = models.BigIntegerField(db_index=True)
    score = models.BigIntegerField()
    reached_at = models.DateTimeField()
    ranked = models.BooleanField()

    class Meta:
        db_table = "standing_past"
        indexes: ClassVar = [
            models.Index(
                F("kind"),
                F("starts_on"),
                F("score").desc(),
                F("reached_at"),
                condition=models.Q(ranked=True),
                name="standing_past_rank",
            )
        ]

    def __str__(self) -> str:
        return f"member {self.member_id}: {self.score} in the {self.kind} from {self.starts_on}"


class StandingBucket(models.Model):
    """How many ranked rows of a period lie from (low_score, low_order) up to the next bucket's."""

    pk = models.CompositePrimaryKey("kind", "starts_on", "low_score", "low_order")
    kind = models.CharField(max_length=6, choices=PeriodKind)
    starts_on = models.DateField()
    low_score = models.BigIntegerField()
    low_order = models.BigIntegerField(help_text="Minus microseconds since 1970 of reached_at.")
    count = models.IntegerField()

    class Meta:
        db_table = "standing_bucket"
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(count__gte=0), name="standing_bucket_not_negative")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.starts_on} from {self.low_score}: {self.count}"


class StandingGroup(models.Model):
    """How many ranked rows the buckets from (low_score, low_order) up to the next group's hold together."""

    pk = models.CompositePrimaryKey("kind", "starts_on", "low_score", "low_order")
    kind = models.CharField(max_length=6, choices=PeriodKind)
    starts_on = models.DateField()
    low_score = models.BigIntegerField()
    low_order = models.BigIntegerField(help_text="As the first bucket's.")
    count = models.BigIntegerField()

    class Meta:
        db_table = "standing_group"
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(count__gte=0), name="standing_group_not_negative")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.starts_on} from {self.low_score}: {self.count} in its buckets"


class StandingsState(models.Model):
    """The tenant's one row (id 1). `version` counts every change of the buckets' bounds."""

    version = models.BigIntegerField(default=0)
    writes = models.BigIntegerField(
        default=0,
        db_default=0,
        help_text="Counts the transactions that held the ledger lock: who finds the number that it left knows that nobody "
        "wrote in between.",
    )
    season_length = models.CharField(
        max_length=8,
        choices={"quarter": "Quarter of a year", "year": "Year", "month": "Month"},
        default="quarter",
    )
    tie_figure = models.CharField(
        max_length=60, blank=True, default="", help_text="The own figure that breaks ties."
    )
    excluded_roles = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        help_text="Who has one of these roles holds no rank.",
    )
    hidden_periods = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        help_text="Kinds of period that are counted but whose boards are not offered.",
    )

    class Meta:
        db_table = "standings_state"
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(id=1), name="standings_state_single_row")
        ]

    def __str__(self) -> str:
        return f"bounds at version {self.version}"
