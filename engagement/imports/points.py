"""What an old bot's XP or level is worth here. Pure; `difference.py` says the same in SQL, and a test holds the two together."""

from __future__ import annotations

from engagement.levels.curves import LevelCurve, build_curve

from .models import ImportRun
from .words import KEEP_CURVE, KEEP_LEVEL


def curve_after(run: ImportRun, current: LevelCurve) -> LevelCurve:
    """The curve that is in force once the run was applied."""
    if run.keep != KEEP_CURVE or run.curve is None:
        return current
    return build_curve(run.curve["kind"], run.curve["parameters"])


def points_of(keep: str, curve: LevelCurve, *, xp: int | None, level: int | None) -> int | None:
    """Points for a member with so much XP and that level; None where what is to be kept was not told, or our levels do not reach
    that high."""
    if keep != KEEP_LEVEL:
        return xp
    if level is None or level > curve.max_level:
        return None
    return curve.thresholds[level]
