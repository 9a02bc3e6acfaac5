"""The community's rules of who stands on its boards."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db import connection, transaction

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from engagement.ledger.statements import ledger_unit
from engagement.standings.models import StandingsState
from engagement.standings.periods import KINDS
from tenants.context import TenantContext

from .errors import InvalidBoardRulesError
from .services import refresh_ranked

MAX_ROLES: Final = 50
_AT_ONCE: Final = 2_000
_WRONG: Final = """
SELECT s.member_id FROM standing s JOIN member m ON m.id = s.member_id
WHERE s.ranked = (m.is_bot OR m.departed_at IS NOT NULL OR m.deleted_at IS NOT NULL OR m.visibility = 'hidden'
  OR m.role_ids ?| ARRAY(SELECT jsonb_array_elements_text(excluded_roles) FROM standings_state))
LIMIT %s"""


def set_board_rules(*, excluded_roles: Iterable[str], actor: Actor, context: TenantContext) -> int:
    """Members with one of these roles, such as the staff's, hold no rank from now on; their scores go on counting, and their
    ranks come back with the role's going. Answers how many members gained or lost their ranks.

    The rule is in force for ingest at once; those already here follow in transactions of 2,000, each under the ledger lock, so
    that earning is never held up for long. Idempotent: a repeat finishes what a crash left. Publishes StandingsChanged.
    Raises InvalidBoardRulesError.
    """
    roles = sorted(set(excluded_roles))
    if len(roles) > MAX_ROLES or not all(isinstance(role, str) and 0 < len(role) <= 40 for role in roles):
        raise InvalidBoardRulesError(
            f"Choose at most {MAX_ROLES} roles to keep off the boards; {len(roles)} were named.",
            field="excluded_roles",
        )
    with ledger_unit():
        before = StandingsState.objects.values_list("excluded_roles", flat=True).get(pk=1)
        StandingsState.objects.filter(pk=1).update(excluded_roles=roles)
        if sorted(before) != roles:
            record_audit(
                actor=actor,
                action="board.changed",
                target_kind="board",
                before={"excluded_roles": before},
                after={"excluded_roles": roles},
            )
    changed = 0
    # By the rule as stored, which somebody else may have changed meanwhile: then both end at theirs.
    while member_ids := _find_wrong():
        refresh_ranked(member_ids=member_ids, context=context)
        changed += len(member_ids)
    return changed


@transaction.atomic
def offer_periods(*, periods: Iterable[str], actor: Actor) -> tuple[str, ...]:
    """Offer the boards of these periods and no others; all are counted on, so that one can be offered again at any time.

    Locks the row of standings_state. Idempotent. Raises InvalidBoardRulesError.
    """
    wanted = set(periods)
    if not wanted or not wanted <= set(KINDS):
        raise InvalidBoardRulesError(f"Offer at least one board, of {', '.join(KINDS)}.", field="periods")
    state = StandingsState.objects.select_for_update().get(pk=1)
    hidden = [kind for kind in KINDS if kind not in wanted]
    if hidden != state.hidden_periods:
        before, state.hidden_periods = state.hidden_periods, hidden
        state.save(update_fields=["hidden_periods"])
        record_audit(
            actor=actor,
            action="board.changed",
            target_kind="board",
            before={"hidden_periods": before},
            after={"hidden_periods": hidden},
        )
    return tuple(kind for kind in KINDS if kind in wanted)


def _find_wrong() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_WRONG, [_AT_ONCE])
        return [row[0] for row in cursor.fetchall()]
