"""A change of the curve: every member's level follows at once, in the same transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from engagement.ledger.models import POINTS, LedgerBalance
from engagement.ledger.statements import in_schema, ledger_unit
from engagement.levels.curves import CurvePreview, LevelCurve, build_curve, preview_change
from engagement.levels.errors import LevelsChangedError
from engagement.levels.models import LevelSettings
from engagement.levels.selectors import get_levels_version, load_curve
from engagement.levels.services import set_curve, set_level_name
from saas.core.errors import ConflictError
from saas.events import publish

from .events import CurveChanged

# Level 0 begins at the first threshold, 0 points: width_bucket counts how many of the others have been reached.
_RELEVEL: Final = """
UPDATE {s}.member_progress p SET level = new.level
FROM (SELECT member_id, width_bucket(lifetime, %s::bigint[]) AS level FROM {s}.ledger_balance WHERE currency = %s) AS new
WHERE new.member_id = p.member_id AND new.level <> p.level
RETURNING p.member_id"""


# One pass over the balances; pairs of levels are few, because both rise with the points.
_COMPARE: Final = """
SELECT width_bucket(lifetime, %s::bigint[]), width_bucket(lifetime, %s::bigint[]), count(*)
FROM {s}.ledger_balance WHERE currency = %s GROUP BY 1, 2"""


@dataclass(frozen=True, slots=True)
class CurveComparison:
    """Members by level under two curves: `before[5]` members stand at level 5 now, `after[5]` would."""

    members: int
    rise: int
    fall: int
    before: dict[int, int]
    after: dict[int, int]

    @property
    def highest(self) -> int:
        """The highest level that anybody has under either curve."""
        return max([*self.before, *self.after], default=0)


@dataclass(frozen=True, slots=True)
class CurveChange:
    """What was done: the curve now in force and how many members have another level than before."""

    curve: LevelCurve
    members_changed: int


class CurveMovedError(ConflictError):
    """Somebody else set another curve meanwhile."""

    code = "curve_changed"

    def __init__(self) -> None:
        super().__init__(
            "Somebody else changed the levels while you were looking at yours. Nothing was changed: look at the preview again, it is held "
            "against what stands now."
        )


def change_curve(
    *, kind: str, parameters: Mapping[str, Any], actor: Actor, expected_version: int | None = None
) -> CurveChange:
    """Set the tenant's curve and bring every member's level in line with it, in one transaction under the ledger lock, so that
    ingest books either before or after. The same curve again changes nothing.

    Nobody is congratulated on a level that a new curve gave: publishes one CurveChanged and no LevelReached. `expected_version` is
    the version that the caller began from. Raises InvalidCurveError, CurveMovedError.
    """
    with ledger_unit() as (run, schema):
        before, former = load_curve(), LevelSettings.objects.filter(pk=1).values("kind", "parameters").first()
        same = former is not None and former == {"kind": kind, "parameters": dict(parameters)}
        if expected_version is not None and expected_version != before.version and not same:
            raise CurveMovedError()
        curve = set_curve(kind=kind, parameters=parameters)
        if curve.version == before.version:
            return CurveChange(curve, 0)
        changed = run(in_schema(_RELEVEL, schema), (list(curve.thresholds[1:]), POINTS)).fetchall()
        record_audit(
            actor=actor,
            action="levels.changed",
            target_kind="levels",
            before=former,
            after={"kind": kind, "parameters": dict(parameters)},
            note=f"{len(changed)} members changed level.",
        )
        publish(CurveChanged(kind, len(changed)))
    return CurveChange(curve, len(changed))


def change_levels(
    *,
    curve: tuple[str, Mapping[str, Any]] | None,
    names: Mapping[int, str],
    expected: str | None,
    actor: Actor,
) -> None:
    """Set the curve (kind, parameters) where one is given, and the names of some levels, together or not at all.

    `expected` is `get_levels_version` as the caller read it: when the levels are others by now, nothing is written. Under the
    ledger lock. Raises LevelsChangedError, InvalidCurveError, InvalidLevelNameError.
    """
    with ledger_unit():
        if expected is not None and expected != get_levels_version():
            raise LevelsChangedError
        if curve is not None:
            change_curve(kind=curve[0], parameters=curve[1], actor=actor)
        for level, name in names.items():
            set_level_name(level=level, name=name, actor=actor)


def preview_curve(*, kind: str, parameters: Mapping[str, Any]) -> CurvePreview:
    """How many members would rise and fall under a curve, before anybody sets it. Changes nothing; one pass over the
    balances, in bounded memory. Raises InvalidCurveError."""
    return preview_change(load_curve(), build_curve(kind, parameters), _lifetimes())


def compare_curves(*, kind: str, parameters: Mapping[str, Any]) -> CurveComparison:
    """How the members would be spread over the levels under a curve, against the one in force. Changes nothing; one query, which
    answers with numbers instead of members. Raises InvalidCurveError."""
    new, old = build_curve(kind, parameters), load_curve()
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.execute(
            in_schema(_COMPARE, schema), [list(old.thresholds[1:]), list(new.thresholds[1:]), POINTS]
        )
        pairs = cursor.fetchall()
    before: Counter[int] = Counter()
    after: Counter[int] = Counter()
    for level, new_level, members in pairs:
        before[level] += members
        after[new_level] += members
    return CurveComparison(
        members=sum(members for _, _, members in pairs),
        rise=sum(members for level, new_level, members in pairs if new_level > level),
        fall=sum(members for level, new_level, members in pairs if new_level < level),
        before=dict(before),
        after=dict(after),
    )


def _lifetimes() -> Iterator[int]:
    balances = LedgerBalance.objects.filter(currency=POINTS).values_list("lifetime", flat=True)
    return balances.iterator(chunk_size=5_000)
