"""Deletions and removed reactions: which earlier activity they take back.

A takeback names its target's source_id. Sources may reorder, so a target that arrives after its takeback earns nothing; for
that, each new activity's possible takebacks are looked up together with its own id.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from engagement.ledger.arrays import text_array
from engagement.ledger.statements import Run, in_schema

TAKEBACK_TYPES: Final = frozenset({"message_deleted", "reaction_removed"})
_REMOVERS: Final = {
    "discord:message:": "discord:deleted:",
    "discord:reaction:": "discord:unreacted:",
    "discord:received:": "discord:unreacted:",
}
_READ: Final = (
    "SELECT a.source_id, a.id, coalesce(m.merged_into_id, a.member_id), (extract(epoch FROM a.occurred_at) * 1000)::bigint, "
    "e.rule_id, e.version_id, e.amount "
    "FROM {s}.activity a LEFT JOIN {s}.member m ON m.id = a.member_id "
    "LEFT JOIN {s}.ledger_entry e ON e.cause_kind = 1 AND e.cause_id = a.id "
    "AND NOT EXISTS (SELECT 1 FROM {s}.ledger_entry r WHERE r.cause_kind = 4 AND r.cause_id = a.id "
    "AND r.member_id IN (e.member_id, m.merged_into_id) AND r.rule_id = e.rule_id) "
    "WHERE a.source_id = ANY(%s::text[])"
)


class Award(NamedTuple):
    rule_id: int
    version_id: int
    amount: int


class Target(NamedTuple):
    """An activity that may be taken back, with the awards that still stand. `member_id` is whose points they are now: of who was
    merged into another member, the other one."""

    activity_id: int
    member_id: int
    occurred_ms: int
    awards: list[Award]


def takeback_id(source_id: str) -> str | None:
    """The id that the removal of this activity would have; None where nothing can remove it."""
    for prefix, remover in _REMOVERS.items():
        if source_id.startswith(prefix):
            return remover + source_id[len(prefix) :]
    return None


def targets_of(attributes: dict[str, Any]) -> list[str]:
    """The source_ids that a takeback takes back: a removed reaction counts for its giver and for the author."""
    target = attributes.get("target")
    if not isinstance(target, str):
        return []
    if target.startswith("discord:reaction:"):
        return [target, "discord:received:" + target.removeprefix("discord:reaction:")]
    return [target]


def read_targets(run: Run, schema: str, source_ids: list[str]) -> dict[str, Target]:
    """The stored activities of that name, each with the awards that were not taken back yet."""
    targets: dict[str, Target] = {}
    rows = run(in_schema(_READ, schema), (text_array(source_ids),)).fetchall()
    for source_id, activity_id, member_id, occurred_ms, rule_id, version_id, amount in rows:
        target = targets.setdefault(source_id, Target(activity_id, member_id, occurred_ms, []))
        if rule_id is not None:
            target.awards.append(Award(rule_id, version_id, amount))
    return targets
