"""Deletions and removed reactions: which earlier activity they take back.

A takeback names its target's source_id. Sources may reorder, so a target that arrives after its takeback earns nothing; for
that, each new activity's possible takebacks are looked up together with its own id.

When a moderator clears a message's reactions, Discord does not say whose they were. A clearing names the message, and perhaps
the emoji; what it takes back is looked up among the stored reactions to that message. It reaches what was heard before it: the
same message may be reacted to again, which counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final, NamedTuple

from engagement.ledger.arrays import text_array
from engagement.ledger.statements import Run, in_schema

CLEARING: Final = "reactions_cleared"
TAKEBACK_TYPES: Final = frozenset({"message_deleted", "reaction_removed", CLEARING})
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
    "WHERE "
)
_NAMED: Final = _READ + "a.source_id = ANY(%s::text[])"
# By time first, which the table is indexed by: no reaction is older than the message, nor than what can be taken back.
_REACTIONS: Final = (
    _READ
    + "a.occurred_at >= to_timestamp(%s / 1000::float8) AND a.type IN ('reaction_given', 'reaction_received') "
    "AND a.attributes->>'target' = ANY(%s::text[])"
)
_DISCORD_EPOCH_MS: Final = 1_420_070_400_000


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


class Clearing(NamedTuple):
    """`emoji` None: every reaction to the message."""

    message_id: str
    emoji: str | None
    occurred_ms: int

    def covers(self, source_id: str) -> bool:
        """Whether that activity is one of the reactions."""
        parts = source_id.split(":", 4)
        return (
            len(parts) == 5
            and parts[0] == "discord"
            and parts[1] in {"reaction", "received"}
            and parts[2] == self.message_id
            and self.emoji in (None, parts[4])
        )


def clearing_of(type_: str, attributes: dict[str, Any], occurred_ms: int) -> Clearing | None:
    """What a clearing takes back; None for any other activity, and for one that names no message."""
    cleared, emoji = attributes.get("cleared"), attributes.get("emoji")
    if type_ != CLEARING or not isinstance(cleared, str):
        return None
    message_id = cleared.removeprefix("discord:message:")
    if not message_id.isascii() or not message_id.isdecimal() or not 10 < len(message_id) < 20:
        return None
    return Clearing(message_id, emoji if isinstance(emoji, str) else None, occurred_ms)


def read_targets(run: Run, schema: str, source_ids: list[str]) -> dict[str, Target]:
    """The stored activities of that name, each with the awards that were not taken back yet."""
    return _collect(run(in_schema(_NAMED, schema), (text_array(source_ids),)).fetchall())


def read_cleared(
    run: Run, schema: str, clearings: Collection[Clearing], *, reversal_ms: int
) -> dict[str, Target]:
    """The stored reactions that the clearings may take back, in one statement."""
    since = min(
        max(clearing.occurred_ms - reversal_ms, (int(clearing.message_id) >> 22) + _DISCORD_EPOCH_MS)
        for clearing in clearings
    )
    messages = sorted({f"discord:message:{clearing.message_id}" for clearing in clearings})
    return _collect(run(in_schema(_REACTIONS, schema), (since, text_array(messages))).fetchall())


def _collect(rows: Iterable[Any]) -> dict[str, Target]:
    targets: dict[str, Target] = {}
    for source_id, activity_id, member_id, occurred_ms, rule_id, version_id, amount in rows:
        target = targets.setdefault(source_id, Target(activity_id, member_id, occurred_ms, []))
        if rule_id is not None:
            target.awards.append(Award(rule_id, version_id, amount))
    return targets
