"""Does the chain still tell the truth? Finds what was changed, removed, added or reordered behind the app's back.

It reads in bounded memory. What it cannot see by itself is a chain that somebody cut off at its end or made anew from some place
on, with all its digests: an anchor can, which is a place and its digest noted elsewhere (the log of the worker, an export).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Final

from django.db import connection

from saas.core import clock

from .digests import GENESIS, chain_digest, entry_digest, payload_digest
from .models import ERASABLE, AuditEntry, AuditSeal

AT_ONCE: Final = 1_000
PATIENCE: Final = timedelta(minutes=15)
SHOWN: Final = 100  # findings of one kind of entries without seals
ERASURE: Final = "audit.erased"


@dataclass(frozen=True, slots=True)
class Finding:
    """`kind` is changed, removed, inserted, reordered, seal, erased, unsealed or anchor; `position` 0 where there is none."""

    kind: str
    position: int
    entry_id: int
    text: str


@dataclass(frozen=True, slots=True)
class Verified:
    """The whole chain, looked through. `chain` at `position` is what a later run can be asked to find again."""

    findings: list[Finding]
    position: int
    chain: str


def verify_chain(*, anchor: tuple[int, str] | None = None) -> Verified:
    """Recompute the chain of the tenant in hand and compare it with what stands. Changes nothing."""
    findings: list[Finding] = []
    erased = _list_erased()
    position, chain = 0, GENESIS
    last: AuditSeal | None = None
    for seals in _read_seals():
        entries = AuditEntry.objects.in_bulk([seal.entry_id for seal in seals])
        for seal, following in pairwise([*seals, None]):
            assert seal is not None
            findings += _check_place(seal, position, chain, last, following)
            findings += _check_entry(seal, entries.get(seal.entry_id), erased)
            if anchor is not None and seal.position == anchor[0] and seal.chain != anchor[1]:
                findings.append(
                    Finding(
                        "anchor", seal.position, seal.entry_id, "its digest is not the one that was noted"
                    )
                )
            position, chain, last = seal.position, seal.chain, seal
    if anchor is not None and position < anchor[0]:
        text = f"the chain ends at place {position}, but place {anchor[0]} was noted"
        findings.append(Finding("anchor", anchor[0], 0, text))
    return Verified(findings + _find_unsealed(last), position, chain)


def _check_place(
    seal: AuditSeal, position: int, chain: str, former: AuditSeal | None, following: AuditSeal | None
) -> Iterator[Finding]:
    if seal.position != position + 1:
        missing = f"places {position + 1} to {seal.position - 1} are missing from the chain"
        yield Finding("removed", position + 1, 0, missing)
        return
    if seal.chain != chain_digest(seal.position, chain, seal.entry_digest):
        key = (seal.entry_xid, seal.entry_id)
        in_order = (former is None or (former.entry_xid, former.entry_id) < key) and (
            following is None or key < (following.entry_xid, following.entry_id)
        )
        if in_order:
            yield Finding("seal", seal.position, seal.entry_id, "its seal was changed")
        else:
            yield Finding("reordered", seal.position, seal.entry_id, "it does not stand where it was sealed")


def _check_entry(seal: AuditSeal, entry: AuditEntry | None, erased: set[int]) -> Iterator[Finding]:
    if entry is None:
        yield Finding("removed", seal.position, seal.entry_id, "the entry is gone, its seal is still here")
        return
    if entry_digest(entry, seal.payload_digest) != seal.entry_digest:
        yield Finding("changed", seal.position, entry.pk, "who, what, when or to what was changed")
    if not entry.is_erased:
        if payload_digest(entry) != seal.payload_digest:
            yield Finding(
                "changed", seal.position, entry.pk, "names, address, note, before or after were changed"
            )
    elif any(getattr(entry, name) for name in ERASABLE):
        yield Finding(
            "changed", seal.position, entry.pk, "it counts as erased and tells something all the same"
        )
    elif entry.pk not in erased:
        yield Finding("erased", seal.position, entry.pk, "it was emptied, and no erasure is recorded")


def _find_unsealed(last: AuditSeal | None) -> list[Finding]:
    """Entries that should have a seal: those before the last sealed one, and those that wait for too long."""
    after = (str(last.entry_xid), last.entry_id) if last else ("0", 0)
    rows = AuditEntry.objects.raw(
        "SELECT e.* FROM audit_entry e LEFT JOIN audit_seal s ON s.entry_id = e.id WHERE s.entry_id IS NULL"
        " AND ((e.xid, e.id) <= (%s::text::xid8, %s) OR e.occurred_at < %s) ORDER BY e.id LIMIT %s",
        [*after, clock.now() - PATIENCE, SHOWN],
    )
    findings = []
    for entry in rows:
        if last is not None and (entry.xid, entry.pk) <= (last.entry_xid, last.entry_id):
            findings.append(Finding("inserted", 0, entry.pk, "it was added among sealed entries"))
        else:
            text = "it waits for its seal for over 15 minutes: does the worker run?"
            findings.append(Finding("unsealed", 0, entry.pk, text))
    return findings


def _read_seals() -> Iterator[list[AuditSeal]]:
    position = -(2**62)
    while seals := list(AuditSeal.objects.filter(position__gt=position).order_by("position")[:AT_ONCE]):
        yield seals
        position = seals[-1].position


def _list_erased() -> set[int]:
    """Ids that erasures name. One query; as many numbers in memory as entries were ever erased."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT jsonb_array_elements_text(after->'entries')::bigint FROM audit_entry WHERE action = %s",
            [ERASURE],
        )
        return {row[0] for row in cursor.fetchall()}
