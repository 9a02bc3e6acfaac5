"""Erasing what entries tell of persons, while the chain still verifies.

The app's role may not change an entry, so this runs as the owner's; who erased which entries is an entry itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db import transaction
from django.db.models import Q

from saas.core.errors import UnavailableError
from tenants.context import TenantContext, enter_tenant
from tenants.owner import as_owner

from .actor import Actor
from .models import AuditEntry, AuditSeal
from .sealing import seal_entries
from .services import record_audit
from .verification import ERASURE

AT_ONCE: Final = 150  # ids that one entry of the log names


def erase_person(*, kind: str, person_id: int, actor: Actor, reason: str, context: TenantContext) -> int:
    """Erase what the log tells of one person: entries that they made, and entries about them. Returns how many.

    Names, addresses, notes and values go, with their salts; action, moment and ids stay. Idempotent. In transactions of 150
    entries, each with its own record. Called outside any transaction, as the owner's role. Raises UnavailableError while an entry
    cannot be sealed yet, OwnerRoleMissingError.
    """
    theirs = Q(actor_kind=kind, actor_id=person_id) | Q(target_kind=kind, target_id=str(person_id))
    erased = 0
    with as_owner(), enter_tenant(context):
        seal_entries()
        wanted = AuditEntry.objects.filter(theirs).exclude(salt="").exclude(action=ERASURE).order_by("pk")
        ids = list(wanted.values_list("pk", flat=True))
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            with transaction.atomic():
                _check_sealed(some)
                erased += _empty(some)
                record_audit(
                    actor=actor, action=ERASURE, target_kind=kind, target_id=person_id,
                    after={"entries": some}, note=reason,
                )  # fmt: skip
    return erased


def _check_sealed(ids: list[int]) -> None:
    """An entry that is emptied before it has its seal could never be told from a forgery."""
    if AuditSeal.objects.filter(entry_id__in=ids).count() != len(ids):
        raise UnavailableError(
            "Some of these entries have no seal yet, because something older is still being written. Try again in a minute."
        )


def _empty(ids: Iterable[int]) -> int:
    return AuditEntry.objects.filter(pk__in=list(ids)).update(
        salt="", actor_name="", address="", request_id="", target_name="", before=None, after=None, note=""
    )
