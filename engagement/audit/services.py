"""Writes of the log: what was done, what was refused."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from django.db import connection, transaction

from saas.core import clock
from saas.events.jobs import JobRow, defer_rows

from .actions import check_action
from .actor import MAX_NAME, Actor
from .errors import NotInTransactionError
from .models import AuditEntry, Outcome
from .payloads import changed_fields, clean_text

MAX_NOTE: Final = 500
SEAL_AFTER: Final = timedelta(seconds=10)  # so that one job seals what comes in together


def record_audit(
    *,
    actor: Actor,
    action: str,
    target_kind: str = "",
    target_id: object = "",
    target_name: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    outcome: str = Outcome.DONE,
    note: str = "",
) -> AuditEntry:
    """Remember that `actor` did `action` to the target, in the caller's transaction, which must be open.

    `before` and `after` may be whole descriptions: only fields that differ are kept, secrets are hidden, everything is cut to
    size. Takes no lock; not idempotent: the caller's own repeat changes nothing and so records nothing. The tenant in
    hand is the log's. Raises UnknownAuditActionError, NotInTransactionError.
    """
    if not connection.in_atomic_block:
        raise NotInTransactionError(action)
    old, new = changed_fields(before, after)
    entry = AuditEntry.objects.create(
        action=check_action(action),
        outcome=Outcome(outcome),
        occurred_at=clock.now(),
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_role=actor.role[:12],
        via=actor.via,
        target_kind=target_kind[:30],
        target_id=clean_text(str(target_id), 80),
        salt=secrets.token_hex(16),
        actor_name=clean_text(actor.name, MAX_NAME),
        address=actor.address[:50],
        request_id=clean_text(actor.request_id, 64),
        target_name=clean_text(target_name, 200),
        before=old,
        after=new,
        note=clean_text(note, MAX_NOTE),
    )
    _seal_later(entry)
    return entry


def _seal_later(entry: AuditEntry) -> None:
    """One job after the commit, however many entries the transaction wrote. Outside of it, because two transactions of a tenant
    would wait for each other at the job's queueing lock; what a crash loses here, the hourly sweep finds."""
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    if getattr(connection, "_audit_seals", None) == (schema, entry.xid):
        return
    connection._audit_seals = (schema, entry.xid)  # type: ignore[attr-defined]
    soon = clock.now() + SEAL_AFTER

    def ask() -> None:
        with connection.cursor() as cursor:
            defer_rows(
                cursor, [JobRow("engagement.audit.seal_audit", schema, run_at=soon, queueing_lock="audit")]
            )

    transaction.on_commit(ask, robust=True)
