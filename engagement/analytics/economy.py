"""How the economy of a community is: what it owes, what was issued and burnt, whether points lose their worth, and which rules do it.

Words:
- *spendable* is what living members could still spend: their current balance of points, those who left included, because they may come
  back; not that of deleted members and bots. *Held* is what was taken for redemptions that are not fulfilled yet and would come back
  if they were refused.
- *circulation* is the whole ledger's sum: current less debt of everybody. Each week it changes by
  issued - taken back - burnt + refunded, exactly.
- *issued* is what awards, gifts and imports brought in; *taken back* is what reversals, undone acts and deductions took of it, less
  what undoing a deduction gave back. *Burnt* is what the shop took, *refunded* what it gave back. Merging two members moves points
  without issuing any.
- *inflation* is the growth of the points in circulation per active member. It is the equation of exchange, M V = P T (I. Fisher,
  “The Purchasing Power of Money”, 1911), with the velocity V held constant: the level of prices P grows as the money M does, divided by
  the growth of what is exchanged, T. Here M is the circulation and T the members who scored in a week, because it is they who want
  rewards. Both are also told apart, and the growth per member (of whoever is here) beside it. A community whose inflation is above 0
  for long either raises its prices or issues less.

Cost: the balances once (one row a member), and the entries of the weeks that are shown (engagement.analytics.flows).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db import connection

from engagement.ledger.window import days_shown
from engagement.rules.models import Rule
from saas.core import clock
from tenants.context import TenantContext

from .flows import IMPORT, RULE, SUBMISSION, TEAM, WeekFlow, read_flows

WEEKS: Final = 12
SPAN: Final = 4  # whole weeks that inflation compares with as many before
MOST_CAUSES: Final = 10
# Who may spend. Those who left may come back; a bot or a deleted member will not.
_LIVING: Final = "NOT m.is_bot AND m.deleted_at IS NULL"
_BALANCES: Final = f"""
SELECT coalesce(sum(b.current - b.debt), 0)::bigint,
  coalesce(sum(b.current) FILTER (WHERE {_LIVING}), 0)::bigint,
  coalesce(sum(b.current) FILTER (WHERE {_LIVING} AND m.departed_at IS NOT NULL), 0)::bigint,
  count(*) FILTER (WHERE {_LIVING} AND b.current > 0),
  coalesce(sum(b.debt) FILTER (WHERE {_LIVING}), 0)::bigint,
  coalesce(sum(b.current / %(cheapest)s) FILTER (WHERE {_LIVING}), 0)::bigint,
  count(*) FILTER (WHERE {_LIVING} AND b.current >= %(cheapest)s),
  coalesce(sum(b.current / %(median)s) FILTER (WHERE {_LIVING}), 0)::bigint,
  count(*) FILTER (WHERE {_LIVING} AND b.current >= %(median)s),
  count(*) FILTER (WHERE {_LIVING} AND m.created_at < %(until)s),
  count(*) FILTER (WHERE {_LIVING} AND m.created_at < %(since)s)
FROM ledger_balance b JOIN member m ON m.id = b.member_id WHERE b.currency = 0"""
# What is on offer now, and what was taken for redemptions that may still come back.
_OFFER: Final = """
WITH offer AS (SELECT name, price FROM reward WHERE state = 'active' AND price > 0
  AND (starts_at IS NULL OR starts_at <= %(now)s) AND (ends_at IS NULL OR ends_at > %(now)s)
  AND (stock IS NULL OR stock > reserved))
SELECT (SELECT count(*) FROM offer), (SELECT min(price) FROM offer),
  (SELECT name FROM offer ORDER BY price, name LIMIT 1),
  (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY price) FROM offer),
  (SELECT coalesce(sum(price), 0)::bigint FROM redemption WHERE state IN ('requested', 'approved'))"""


@dataclass(frozen=True, slots=True)
class Worth:
    """What the spendable points come to at a price: whole rewards that could be redeemed, each member by themselves, and by how many."""

    price: int
    rewards: int
    members: int


@dataclass(frozen=True, slots=True)
class Liability:
    """Whole points. `departed` is the part of `spendable` that belongs to members who left. `cheapest` and `median` are None where
    nothing with a price is on offer; a reward without a price is no liability."""

    spendable: int
    departed: int
    holders: int  # members who have any
    held: int
    debt: int
    on_offer: int  # rewards
    cheapest: Worth | None
    cheapest_name: str
    median: Worth | None


@dataclass(frozen=True, slots=True)
class EconomyWeek:
    """A week on the community's clock, from `start` on. `circulation` as it ended; `active`: members who scored in it."""

    start: date
    issued: int
    taken_back: int
    burnt: int
    refunded: int
    active: int
    circulation: int
    is_running: bool

    @property
    def spent(self) -> int:
        """Burnt less refunded."""
        return self.burnt - self.refunded


@dataclass(frozen=True, slots=True)
class Inflation:
    """In percent, over `weeks` whole weeks against as many before. `percent` is the growth of points per active member."""

    weeks: int
    percent: float
    circulation: float
    active: float
    per_member: float
    issued: int  # in those weeks
    spent: int


@dataclass(frozen=True, slots=True)
class IssueCause:
    """What issued points in the weeks of the inflation: a rule (`rule_id`), the team's hand, submissions, an import. `share` of all of
    them, in percent; `before`: in as many weeks before."""

    kind: str
    rule_id: int
    name: str
    points: int
    awards: int
    share: float
    before: int


@dataclass(frozen=True, slots=True)
class Economy:
    """`inflation` is None while there are fewer than two whole weeks, or nobody was active in the earlier ones."""

    at: datetime
    liability: Liability
    circulation: int
    weeks: list[EconomyWeek]  # the oldest first; the last one is running
    inflation: Inflation | None
    causes: list[IssueCause]  # the largest first
    cause_weeks: int


def get_economy(*, context: TenantContext, now: datetime | None = None) -> Economy:
    """All of it, as far back as the plan shows history. Four queries, and at most two more for the weeks that are not kept yet."""
    moment = now or clock.now()
    flows = read_flows(context=context, now=moment, weeks=_weeks_shown(context))
    span = min(SPAN, (len(flows) - 1) // 2)
    liability, circulation, members = _read_balances(moment, _ends(flows, span))
    weeks = _tell(flows, circulation)
    return Economy(
        at=moment,
        liability=liability,
        circulation=circulation,
        weeks=weeks,
        inflation=_measure(weeks, span, members),
        causes=_causes(flows, span),
        cause_weeks=span,
    )


def _weeks_shown(context: TenantContext) -> int:
    """Whole weeks that the plan shows; two at least, so that there is something to compare."""
    days = days_shown(context)
    return WEEKS if days is None else max(2, min(WEEKS, days // 7))


def _ends(flows: Sequence[WeekFlow], span: int) -> tuple[datetime, datetime]:
    """The end of the last whole week, and the end of the one that it is compared with."""
    whole = flows[:-1]
    return (whole[-1].end, whole[-1 - span].end) if span else (flows[-1].start, flows[0].start)


def _read_balances(now: datetime, ends: tuple[datetime, datetime]) -> tuple[Liability, int, tuple[int, int]]:
    """The liability, the circulation, and the members at both ends. Two queries."""
    with connection.cursor() as cursor:
        cursor.execute(_OFFER, {"now": now})
        on_offer, cheapest, name, median, held = cursor.fetchone()
        prices = {"cheapest": cheapest or 1, "median": median or 1, "until": ends[0], "since": ends[1]}
        cursor.execute(_BALANCES, prices)
        circulation, spendable, departed, holders, debt, *counts = cursor.fetchone()
    liability = Liability(
        spendable=spendable,
        departed=departed,
        holders=holders,
        held=held,
        debt=debt,
        on_offer=on_offer,
        cheapest=Worth(cheapest, counts[0], counts[1]) if cheapest else None,
        cheapest_name=name or "",
        median=Worth(median, counts[2], counts[3]) if median else None,
    )
    return liability, circulation, (counts[4], counts[5])


def _tell(flows: Sequence[WeekFlow], circulation: int) -> list[EconomyWeek]:
    """The weeks with what was in circulation as each ended, walked back from now."""
    weeks = []
    for number, flow in enumerate(reversed(flows)):
        weeks.append(
            EconomyWeek(
                start=flow.day,
                issued=flow.issued,
                taken_back=flow.taken_back,
                burnt=flow.burnt,
                refunded=flow.refunded,
                active=flow.active,
                circulation=circulation,
                is_running=number == 0,
            )
        )
        circulation -= flow.net
    return weeks[::-1]


def _measure(weeks: Sequence[EconomyWeek], span: int, members: tuple[int, int]) -> Inflation | None:
    if not span:
        return None
    whole = weeks[:-1]
    late, early = whole[-span:], whole[-2 * span : -span]
    circulation = _growth(late[-1].circulation, early[-1].circulation)
    active = _growth(sum(week.active for week in late), sum(week.active for week in early))
    grown = _growth(*members)
    if circulation is None or active is None or active <= 0:
        return None
    return Inflation(
        weeks=span,
        percent=_percent(circulation / active),
        circulation=_percent(circulation),
        active=_percent(active),
        per_member=_percent(circulation / grown) if grown else 0.0,
        issued=sum(week.issued - week.taken_back for week in late),
        spent=sum(week.spent for week in late),
    )


def _growth(now: int, before: int) -> float | None:
    """As a factor; None where there was nothing to grow from."""
    return now / before if before > 0 else None


def _percent(factor: float) -> float:
    return round((factor - 1) * 100, 1)


def _causes(flows: Sequence[WeekFlow], span: int) -> list[IssueCause]:
    """The rules by their present names. One query."""
    late, early = (flows[:-1][-span:], flows[:-1][-2 * span : -span]) if span else (flows[-1:], [])
    points: dict[tuple[str, int], int] = defaultdict(int)
    awards: dict[tuple[str, int], int] = defaultdict(int)
    before: dict[tuple[str, int], int] = defaultdict(int)
    for flow in late:
        for key, (amount, count) in flow.causes.items():
            points[key] += amount
            awards[key] += count
    for flow in early:
        for key, (amount, _count) in flow.causes.items():
            before[key] += amount
    names = dict(Rule.objects.filter(pk__in=[rule for _, rule in points if rule]).values_list("pk", "name"))
    total = sum(points.values()) or 1
    largest = sorted(points, key=lambda key: (-points[key], key))[:MOST_CAUSES]
    return [
        IssueCause(
            kind,
            rule,
            names.get(rule, ""),
            points[kind, rule],
            awards[kind, rule],
            round(points[kind, rule] * 100 / total, 1),
            before[kind, rule],
        )
        for kind, rule in largest
    ]


__all__ = ["IMPORT", "RULE", "SUBMISSION", "TEAM", "Economy", "get_economy"]
