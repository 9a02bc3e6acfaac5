"""Figures of rules: what each gave lately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Sum

from engagement.ledger.models import GIVEN, LedgerEntry

DAYS = 7


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """What one rule gave in the last DAYS days."""

    points: int = 0
    awards: int = 0


def get_rule_figures(*, now: datetime) -> dict[int, RuleFigures]:
    """Rule id → what it gave in the last DAYS days; who gave nothing is left out. One query."""
    since = now - timedelta(days=DAYS)
    entries = LedgerEntry.objects.filter(GIVEN, created_at__gte=since, rule_id__gt=0).values("rule_id")
    return {
        row["rule_id"]: RuleFigures(int(row["points"]), row["awards"])
        for row in entries.annotate(points=Sum("amount"), awards=Count("pk"))
    }
