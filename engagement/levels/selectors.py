"""Reads of levels."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import orjson
from django.db import connection

from .curves import DEFAULT_CURVE, DEFAULT_PARAMETERS, QUADRATIC, LevelCurve, build_curve
from .models import LevelName, LevelSettings

_MAX_KEPT: Final = 256
_kept: dict[str, LevelCurve] = {}  # by schema


def get_curve_version() -> int:
    """Another number after every change of the curve; 0 for the default curve of a fresh tenant."""
    return LevelSettings.objects.filter(pk=1).values_list("version", flat=True).first() or 0


def load_curve() -> LevelCurve:
    """The tenant's compiled curve; the default one where none was chosen. One query."""
    row = LevelSettings.objects.filter(pk=1).values_list("kind", "parameters", "version").first()
    if row is None:
        return DEFAULT_CURVE
    kind, parameters, version = row
    return build_curve(kind, parameters, version=version)


def get_curve_choice() -> tuple[str, dict[str, Any], int]:
    """(kind, parameters, version) as chosen; the default's where none was. One query."""
    row = LevelSettings.objects.filter(pk=1).values_list("kind", "parameters", "version").first()
    return row if row is not None else (QUADRATIC, dict(DEFAULT_PARAMETERS), 0)


def get_curve(*, version: int) -> LevelCurve:
    """The tenant's curve for a reader who knows its version already: no query while this process holds that version."""
    if version == 0:
        return DEFAULT_CURVE
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    curve = _kept.get(schema)
    if curve is None or curve.version != version:
        if len(_kept) >= _MAX_KEPT:
            _kept.clear()
        curve = _kept[schema] = load_curve()
    return curve


def get_level_name(*, level: int) -> str:
    """“Regular”, or nothing where the level has no name."""
    return LevelName.objects.filter(level=level).values_list("name", flat=True).first() or ""


def list_level_names() -> dict[int, str]:
    """level → name, for the levels that have one."""
    return dict(LevelName.objects.values_list("level", "name"))


def get_levels_version() -> str:
    """Another text after every change of curve or names; the same levels give the same. Two queries."""
    stored = LevelSettings.objects.filter(pk=1).values_list("kind", "parameters", "version").first()
    curve = list(stored[:2]) if stored is not None and stored[2] else None
    names = sorted(list_level_names().items())
    return hashlib.sha256(orjson.dumps([curve, names], option=orjson.OPT_SORT_KEYS)).hexdigest()[:20]
