"""A population with its standings written by hand, and the boards as plain Python sorts them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from engagement.members.models import Member
from engagement.standings.models import (
    ALL_TIME_START,
    LOWEST,
    Standing,
    StandingBucket,
    StandingGroup,
    StandingPast,
)

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)  # a Wednesday
WEEK, MONTH, SEASON = date(2026, 11, 16), date(2026, 11, 1), date(2026, 10, 1)
LAST_WEEK = date(2026, 11, 9)
STARTS = {"all": ALL_TIME_START, "season": SEASON, "month": MONTH, "week": WEEK}

GROUP = 3  # buckets


@dataclass
class Person:
    member_id: int
    score: int
    at: datetime
    tie: int
    joined: datetime
    ranked: bool
    past: bool = False  # their live week is another one: this week's row lies in the past table

    @property
    def place(self) -> tuple[int, datetime, int, datetime, int]:
        return (-self.score, self.at, self.tie, self.joined, self.member_id)


@dataclass
class Town:
    people: list[Person] = field(default_factory=list)

    def ranking(self) -> list[int]:
        return [p.member_id for p in sorted(self.people, key=lambda p: p.place) if p.ranked]


def build_town(
    size: int, *, seed: int, scores: int = 50, moments: int = 20, bucket: int = 7, past_share: float = 0.0
) -> Town:
    """`size` members with few scores and moments, so that there are many ties; the same score in each period."""
    chance = random.Random(seed)
    town = Town()
    for number in range(size):
        member = Member.objects.create(display_name=f"Member {number}", avatar_url=f"/{number}.png")
        town.people.append(
            Person(
                member.pk,
                chance.randrange(-2, scores),
                NOW - timedelta(microseconds=chance.randrange(moments)),
                chance.randrange(2),
                NOW - timedelta(days=chance.randrange(3)),
                chance.random() > 0.1,
                past=chance.random() < past_share,
            )
        )
    save_town(town, bucket=bucket, chance=chance)
    return town


def save_town(town: Town, *, bucket: int, chance: random.Random) -> None:
    Standing.objects.bulk_create(_live(person) for person in town.people)
    StandingPast.objects.bulk_create(
        StandingPast(
            kind="week",
            starts_on=WEEK,
            member_id=p.member_id,
            score=p.score,
            reached_at=p.at,
            ranked=p.ranked,
        )
        for p in town.people
        if p.past
    )
    save_buckets(town, bucket=bucket, chance=chance)


def _live(p: Person) -> Standing:
    later = timedelta(days=7) if p.past else timedelta(0)
    return Standing(
        member_id=p.member_id,
        ranked=p.ranked,
        joined_at=p.joined,
        tie_value=p.tie,
        all_score=p.score,
        all_at=p.at,
        season_start=SEASON,
        season_score=p.score,
        season_at=p.at,
        month_start=MONTH,
        month_score=p.score,
        month_at=p.at,
        week_start=WEEK + later,
        week_score=1 if p.past else p.score,
        week_at=p.at,
    )


def save_buckets(town: Town, *, bucket: int, chance: random.Random) -> None:
    """Buckets of about `bucket` rows, cut between pairs that differ."""
    pairs = sorted((p.score, order_of(p.at)) for p in town.people if p.ranked)
    lows = sorted({pairs[n] for n in range(bucket, len(pairs), bucket)} if pairs else set())
    lows = [(LOWEST, LOWEST), *lows]
    for kind, start in STARTS.items():
        counts = [0] * len(lows)
        for pair in pairs:
            counts[max(n for n, low in enumerate(lows) if low <= pair)] += 1
        StandingBucket.objects.bulk_create(
            StandingBucket(kind=kind, starts_on=start, low_score=score, low_order=order, count=count)
            for (score, order), count in zip(lows, counts, strict=True)
        )
        StandingGroup.objects.bulk_create(
            StandingGroup(
                kind=kind,
                starts_on=start,
                low_score=lows[first][0],
                low_order=lows[first][1],
                count=sum(counts[first : first + GROUP]),
            )
            for first in range(0, len(lows), GROUP)
        )


def order_of(moment: datetime) -> int:
    return -((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1))
