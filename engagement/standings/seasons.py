"""How long a season is. A template chooses it only until points were counted in one; later an organiser does, who is shown what it means
(engagement.progression.seasons)."""

from __future__ import annotations

from typing import Final

from saas.core.errors import InvalidInputError

from .models import Standing, StandingsState

MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
LENGTHS: Final = tuple(MONTHS)


def get_season_length() -> str:
    """`month`, `quarter` or `year`, each counted from January."""
    return StandingsState.objects.values_list("season_length", flat=True).get(pk=1)


def can_change_season() -> bool:
    """Whether no points were counted in a season yet."""
    return not Standing.objects.filter(season_start__isnull=False).exists()


def seed_season_length(length: str) -> bool:
    """Choose the length for a community without any points; False, and nothing changed, where there are some.

    Call in a `ledger_unit` where ingest may run at the same time. Raises InvalidInputError.
    """
    if length not in LENGTHS:
        raise InvalidInputError(
            f"A season is a month, a quarter or a year, not {length!r:.40}.", field="season"
        )
    if not can_change_season():
        return False
    StandingsState.objects.filter(pk=1).exclude(season_length=length).update(season_length=length)
    return True
