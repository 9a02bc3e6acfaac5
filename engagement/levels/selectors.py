"""Reads of levels."""

from __future__ import annotations

from .curves import DEFAULT_CURVE, LevelCurve, build_curve
from .models import LevelName, LevelSettings


def get_curve_version() -> int:
    """The number that every change of the curve raises; 0 for the default curve of a fresh tenant."""
    return LevelSettings.objects.filter(pk=1).values_list("version", flat=True).first() or 0


def load_curve() -> LevelCurve:
    """The tenant's compiled curve; the default one where none was chosen. One query."""
    row = LevelSettings.objects.filter(pk=1).values_list("kind", "parameters", "version").first()
    if row is None:
        return DEFAULT_CURVE
    kind, parameters, version = row
    return build_curve(kind, parameters, version=version)


def get_level_title(*, level: int) -> str:
    """“Regular”, or “Level 7” where the level has no name."""
    name = LevelName.objects.filter(level=level).values_list("name", flat=True).first()
    return name or f"Level {level}"


def list_level_names() -> dict[int, str]:
    """level → name, for the levels that have one."""
    return dict(LevelName.objects.values_list("level", "name"))
