"""Every write of levels: the curve and the names."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit

from .curves import DEFAULT_PARAMETERS, MAX_LEVEL, QUADRATIC, LevelCurve, build_curve
from .errors import InvalidLevelNameError
from .models import LevelName, LevelSettings

MAX_NAMES: Final = 200


@transaction.atomic
def set_curve(*, kind: str, parameters: Mapping[str, Any]) -> LevelCurve:
    """Make this the tenant's curve with a new version; the same curve again changes nothing. Locks the settings row.

    Versions are drawn by lot: a count would give the same number again after a rollback, and a reader may have kept the
    curve that was rolled back.

    Stored levels are not touched here: progression recomputes them when it sees the version. Raises InvalidCurveError.
    """
    build_curve(kind, parameters)
    LevelSettings.objects.bulk_create([LevelSettings(pk=1)], ignore_conflicts=True)
    settings = LevelSettings.objects.select_for_update().get(pk=1)
    if (settings.kind, settings.parameters) != (kind, dict(parameters)):
        settings.kind, settings.parameters = kind, dict(parameters)
        settings.version = 1 + secrets.randbits(62)
        settings.save(update_fields=["kind", "parameters", "version"])
    return build_curve(kind, parameters, version=settings.version)


@transaction.atomic
def set_level_name(*, level: int, name: str, actor: Actor) -> None:
    """Name a level; an empty name takes the name away. Idempotent. Raises InvalidLevelNameError."""
    name = " ".join(name.split())
    if not 0 <= level <= MAX_LEVEL:
        raise InvalidLevelNameError(
            f"There is no level {level}; levels go from 0 to {MAX_LEVEL:,}.", field="level"
        )
    if len(name) > 60:
        raise InvalidLevelNameError(
            f"A level's name has at most 60 characters; this has {len(name)}.", field="name"
        )
    before = LevelName.objects.filter(level=level).values_list("name", flat=True).first() or ""
    if name == before:
        return
    if name:
        LevelName.objects.update_or_create(level=level, defaults={"name": name})
    else:
        LevelName.objects.filter(level=level).delete()
    record_audit(
        actor=actor,
        action="levels.named",
        target_kind="level",
        target_id=level,
        target_name=f"Level {level}",
        before={"name": before},
        after={"name": name},
    )


@transaction.atomic
def seed_levels(*, kind: str, parameters: Mapping[str, Any], names: Mapping[int, str]) -> bool:
    """Give a new community its first curve and names; False where either was ever set, which then stays.

    Raises InvalidCurveError.
    """
    if LevelSettings.objects.exists() or LevelName.objects.exists():
        return False
    if (kind, dict(parameters)) != (QUADRATIC, dict(DEFAULT_PARAMETERS)):
        set_curve(kind=kind, parameters=parameters)
    LevelName.objects.bulk_create(LevelName(level=level, name=name) for level, name in names.items())
    return True


@transaction.atomic
def set_level_names(*, names: Mapping[int, str], actor: Actor) -> int:
    """Make these the names of the levels, all of them or none; a level that is left out loses its name. Answers how many changed.

    Each change is recorded by itself. Idempotent. Raises InvalidLevelNameError.
    """
    if len(names) > MAX_NAMES:
        raise InvalidLevelNameError(f"At most {MAX_NAMES} levels can have a name.", field="names")
    standing = dict(LevelName.objects.values_list("level", "name"))
    wanted = {level: " ".join(name.split()) for level, name in names.items() if name.strip()}
    changed = [level for level in {**standing, **wanted} if standing.get(level) != wanted.get(level)]
    for level in sorted(changed):
        set_level_name(level=level, name=wanted.get(level, ""), actor=actor)
    return len(changed)
