"""Where a member's points come from: the sums of their entries, by rule."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from django.db.models import Max, Sum

from engagement.ledger.models import EARNED_COUNTERS, POINTS, Cause, LedgerEntry
from engagement.rules.models import RuleVersion

RULE: Final = "rule"
TEAM: Final = "team"
IMPORT: Final = "import"
MERGE: Final = "merge"
SUBMISSION: Final = "submission"
_KINDS: Final = {
    Cause.ADJUSTMENT: TEAM,
    Cause.UNDO: TEAM,
    Cause.IMPORT: IMPORT,
    Cause.IMPORT_UNDO: IMPORT,
    Cause.MERGE: MERGE,
    Cause.SUBMISSION: SUBMISSION,
    Cause.SUBMISSION_UNDO: SUBMISSION,
    # Others see where points come from, and nobody is to see who pays: it counts as the team's gift.
    Cause.SUPPORT: TEAM,
    Cause.SUPPORT_REFUND: TEAM,
}


@dataclass(frozen=True, slots=True)
class Source:
    """What was earned by one rule (`name` as it is called now), by the team's hand, by an import, a merge or by submissions."""

    kind: str
    name: str
    points: int


def list_sources(*, member_id: int) -> list[Source]:
    """The most first; together they are the points of all time. What came to nothing is left out. Two queries."""
    rows = (
        LedgerEntry.objects.filter(member_id=member_id, currency=POINTS, counter__in=EARNED_COUNTERS)
        .values("rule_id", "cause_kind")
        .annotate(total=Sum("amount"), newest=Max("version_id"))
    )
    sums: Counter[tuple[str, int]] = Counter()
    newest: dict[int, int] = {}
    for row in rows:
        rule = max(row["rule_id"], 0)  # below 0 it counts how often a submission was approved
        kind = RULE if rule else _KINDS.get(Cause(row["cause_kind"]), RULE)
        sums[kind, rule] += row["total"]
        newest[rule] = max(newest.get(rule, 0), row["newest"])
    names = dict(RuleVersion.objects.filter(pk__in=newest.values()).values_list("pk", "name"))
    found = [
        Source(kind, names.get(newest[rule], ""), total) for (kind, rule), total in sums.items() if total
    ]
    return sorted(found, key=lambda source: (-source.points, source.kind, source.name))
