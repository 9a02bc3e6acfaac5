"""A board's words: which period it is, and how ties are broken."""

from __future__ import annotations

from datetime import date, timedelta

from engagement.standings.models import PeriodKind


def period_label(kind: str, start: date, end: date | None) -> str:
    """“All time”, “16–22 Nov 2026”, “November 2026”, “Season Oct–Dec 2026”. `end` is the first day after the period."""
    if kind == PeriodKind.ALL or end is None:
        return "All time"
    last = end - timedelta(days=1)
    if kind == PeriodKind.MONTH:
        return f"{start:%B %Y}"
    if kind == PeriodKind.SEASON:
        if start.month == last.month:
            return f"Season {start:%B %Y}"
        return (
            f"Season {start.year}" if (end - start).days > 360 else f"Season {start:%b}–{last:%b} {last.year}"
        )
    if start.year != last.year:
        return f"{start.day} {start:%b} {start.year} – {last.day} {last:%b} {last.year}"
    if start.month != last.month:
        return f"{start.day} {start:%b} – {last.day} {last:%b} {last.year}"
    return f"{start.day}–{last.day} {last:%b} {last.year}"


def tie_note(tie_figure: str) -> str:
    """How equal scores are ordered, for the foot of a board."""
    figure = f"then more {tie_figure}, " if tie_figure else ""
    return f"Equal points: who got there first stands higher, {figure}then who joined earlier."
