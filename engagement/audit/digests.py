"""The chain's arithmetic. Pure, and never changed: what was sealed is verified by the same code for ever.

    payload = SHA-256(salt, what the entry tells of persons and of the change)
    entry   = SHA-256(who, what, when, to what; payload)
    chain   = SHA-256(place, chain of the place before, entry)

The salt keeps a digest from being guessed back into a name once the payload is erased.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC
from typing import Any, Final

from .models import ERASABLE, AuditEntry

GENESIS: Final = "0" * 64  # what the first place follows


def payload_digest(entry: AuditEntry) -> str:
    return _digest(["payload", entry.salt, *(getattr(entry, name) for name in ERASABLE)])


def entry_digest(entry: AuditEntry, payload: str) -> str:
    moment = entry.occurred_at.astimezone(UTC).isoformat(timespec="microseconds")
    facts = [
        entry.actor_kind,
        entry.actor_id,
        entry.actor_role,
        entry.via,
        entry.target_kind,
        entry.target_id,
    ]
    return _digest(["entry", entry.pk, entry.action, entry.outcome, moment, *facts, payload])


def chain_digest(position: int, former: str, entry: str) -> str:
    return _digest(["chain", position, former, entry])


def _digest(facts: list[Any]) -> str:
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
