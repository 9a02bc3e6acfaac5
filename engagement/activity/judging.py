"""An activity, judged: what it earns goes into the book, and what it takes back goes out again. In ingest as it arrives, and in
engagement.activity.admission for what was held; so both give the same.
"""

from __future__ import annotations

from typing import cast

from engagement.ledger.models import Cause, Counter
from engagement.progression.book import Book, Entry
from engagement.progression.rows import MemberRow
from engagement.rules.evaluation import MemberState, apply_usage, evaluate
from engagement.rules.ruleset import RuleSet

from .messages import Activity
from .takebacks import Award, Target


class Judge:
    """Of one unit of work. `targets` are activities that may be taken back, by source_id; `channels` where members last earned."""

    __slots__ = ("book", "channels", "rules", "targets")

    def __init__(self, book: Book, rules: RuleSet) -> None:
        self.book = book
        self.rules = rules
        self.targets: dict[str, Target] = {}
        self.channels: dict[int, str] = {}

    def award(self, row: MemberRow, activity: Activity, activity_id: int, *, removable: bool) -> None:
        """Book what the rules give, and remember it in case that a takeback follows of what is `removable`."""
        effects = evaluate(activity, cast("MemberState", row), self.rules)
        awards = []
        for effect in effects:
            is_daily = effect.cause_id is not None
            self.book.post(
                row,
                Entry(
                    row.member_id,
                    effect.amount,
                    Counter.ISSUER.value,
                    Cause.DAILY.value if is_daily else Cause.ACTIVITY.value,
                    effect.cause_id if effect.cause_id is not None else activity_id,
                    effect.rule_id,
                    effect.version_id,
                    effect.base_amount,
                    effect.multiplier_percent,
                    effect.capped,
                    activity.occurred_ms,
                    effect.boost_id,
                    effect.boost_percent,
                ),
            )
            if not is_daily:
                awards.append(Award(effect.rule_id, effect.version_id, effect.amount))
        if effects:
            apply_usage(cast("MemberState", row), activity, effects)
            self.channels[row.member_id] = str(activity.attributes.get("channel") or "")
        if removable:
            self.targets[activity.source_id] = Target(
                activity_id, row.member_id, activity.occurred_ms, awards
            )

    def take_back(self, row: MemberRow, target: Target, occurred_ms: int) -> None:
        """Reverse what the target earned and still has, if the takeback of `occurred_ms` comes in time. One that comes too late
        leaves it for another that does not."""
        if occurred_ms - target.occurred_ms <= self.rules.reversal_ms:
            for award in target.awards:
                self.book.post(row, _reversal(target, award))
            target.awards.clear()


def _reversal(target: Target, award: Award) -> Entry:
    """Carries the award's own moment, so that it leaves the period in which the points were earned."""
    return Entry(
        target.member_id,
        -award.amount,
        Counter.REVERSAL.value,
        Cause.REVERSAL.value,
        target.activity_id,
        award.rule_id,
        award.version_id,
        -award.amount,
        100,
        False,
        target.occurred_ms,
    )
