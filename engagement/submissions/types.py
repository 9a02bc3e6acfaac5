"""Every write of types: what can be handed in, what it is worth, who looks at it.

Each takes the lock of the types' writers, so that two who add one see each other's count, and the type's row, so that nobody hands
in by a form that is being changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from zlib import crc32

from django.db import connection, transaction
from django.db.models import Max

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from saas.core import clock
from saas.core.crypto import new_secret, seal, unseal
from tenants.context import TenantContext

from .errors import (
    InvalidSubmissionTypeError,
    SubmissionTypeChangedError,
    SubmissionTypeNotFoundError,
    TooManyTypesError,
)
from .freezing import require_room_for_type
from .models import SubmissionType
from .shapes import key_for
from .type_values import DEFAULTS, VALUES, check_values

MAX_TYPES: Final = 200
_SEAL: Final = "submission_type.survey_secret"
_CLASS: Final = 7_341  # the first key of our advisory locks on types
_BIG: Final = 2**63 - 1


@transaction.atomic
def create_type(
    *,
    context: TenantContext,
    values: Mapping[str, Any],
    actor: Actor,
    active: bool = True,
    key: str = "",
    template: str = "",
    pack: str = "",
) -> SubmissionType:
    """Add a type, last in the order. `values` by the names of VALUES; name, fields and award are needed.

    `key`: its own for ever, made of the name when left out; with a key that exists, that type is answered and nothing is changed.
    Takes the types' lock. Raises InvalidSubmissionTypeError, TooManyTypesError, and LimitReachedError for an active one more than the
    plan includes: one that is switched off always finds room. Recorded in the audit log.
    """
    lock_types()
    made = SubmissionType.objects.filter(key=key).first() if key else None
    if made is not None:
        return made
    checked = check_values({**DEFAULTS, **values})
    if SubmissionType.objects.filter(archived_at=None).count() >= MAX_TYPES:
        raise TooManyTypesError(
            f"There are {MAX_TYPES} kinds of submissions, which is the most. Archive one first."
        )
    if active:
        require_room_for_type(context)
    taken = set(SubmissionType.objects.values_list("key", flat=True))
    last = SubmissionType.objects.aggregate(last=Max("position"))["last"]
    submission_type = SubmissionType.objects.create(
        key=key_for(key or checked["name"], taken),
        active=active,
        template=template[:40],
        pack=pack[:40],
        position=0 if last is None else last + 1,
        created_at=clock.now(),
        **checked,
    )
    _record(
        actor,
        "submission_type.created",
        submission_type,
        after={**_describe(submission_type), "active": active},
    )
    return submission_type


@transaction.atomic
def change_type(
    *,
    context: TenantContext,
    type_id: int,
    values: Mapping[str, Any],
    actor: Actor,
    expected_version: int | None = None,
) -> SubmissionType:
    """Change some of a type's VALUES. What was handed in keeps the form that it answered. Nothing happens when nothing differs.

    Takes the types' lock and the row's. `expected_version` is what the caller began from. Raises InvalidSubmissionTypeError,
    SubmissionTypeNotFoundError, SubmissionTypeChangedError. Recorded in the audit log.
    """
    submission_type = _get_locked(type_id)
    before = _describe(submission_type)
    checked = check_values({**before, **values})
    if all(checked[name] == before[name] for name in VALUES):
        return submission_type
    if expected_version is not None and expected_version != submission_type.version:
        raise SubmissionTypeChangedError(submission_type.name, submission_type.version)
    for name, value in checked.items():
        setattr(submission_type, name, value)
    submission_type.version += 1
    submission_type.save()
    _record(
        actor, "submission_type.changed", submission_type, before=before, after=_describe(submission_type)
    )
    return submission_type


@transaction.atomic
def switch_type(*, context: TenantContext, type_id: int, active: bool, actor: Actor) -> SubmissionType:
    """Let a type take submissions, or stop it; what waits is decided all the same. Locks as change_type; twice changes nothing.

    Raises SubmissionTypeNotFoundError, LimitReachedError; InvalidSubmissionTypeError for an archived one. Recorded in the audit log.
    """
    submission_type = _get_locked(type_id)
    if submission_type.active == active:
        return submission_type
    if active:
        if submission_type.archived_at is not None:
            raise InvalidSubmissionTypeError(
                f"“{submission_type.name}” is archived. Restore it first.", field="active"
            )
        require_room_for_type(context)
    submission_type.active = active
    submission_type.save(update_fields=["active"])
    _record(
        actor,
        "submission_type.switched",
        submission_type,
        before={"active": not active},
        after={"active": active},
    )
    return submission_type


@transaction.atomic
def archive_type(*, type_id: int, actor: Actor) -> SubmissionType:
    """Take a type away: it takes nothing and stands in no list. What was handed in stays, and what waits is decided.

    Locks as change_type; twice changes nothing. Raises SubmissionTypeNotFoundError. Recorded in the audit log.
    """
    submission_type = _get_locked(type_id)
    if submission_type.archived_at is None:
        submission_type.archived_at = clock.now()
        submission_type.active = False
        submission_type.save(update_fields=["archived_at", "active"])
        _record(actor, "submission_type.archived", submission_type)
    return submission_type


@transaction.atomic
def restore_type(*, type_id: int, actor: Actor) -> SubmissionType:
    """Bring an archived type back, switched off. Locks as change_type; what is there already stays as it is.

    Raises SubmissionTypeNotFoundError, TooManyTypesError. Recorded in the audit log.
    """
    submission_type = _get_locked(type_id)
    if submission_type.archived_at is not None:
        if SubmissionType.objects.filter(archived_at=None).count() >= MAX_TYPES:
            raise TooManyTypesError(
                f"There are {MAX_TYPES} kinds of submissions, which is the most. Archive one first."
            )
        submission_type.archived_at = None
        submission_type.save(update_fields=["archived_at"])
        _record(actor, "submission_type.restored", submission_type)
    return submission_type


@transaction.atomic
def order_types(*, type_ids: Sequence[int], actor: Actor) -> None:
    """Put types into this order; those that are not named follow as they were. Locks as change_type.

    Raises SubmissionTypeNotFoundError. Recorded in the audit log where something moved.
    """
    lock_types()
    there = list(
        SubmissionType.objects.select_for_update(no_key=True)
        .filter(archived_at=None)
        .order_by("position", "pk")
    )
    by_id = {one.pk: one for one in there}
    if any(one not in by_id for one in type_ids):
        raise SubmissionTypeNotFoundError
    wanted = list(dict.fromkeys(type_ids))
    order = [*wanted, *(one.pk for one in there if one.pk not in set(wanted))]
    if order == [one.pk for one in there]:
        return
    for position, pk in enumerate(order):
        by_id[pk].position = position
    SubmissionType.objects.bulk_update(there, ["position"])
    _record(
        actor,
        "submission_type.moved",
        by_id[order[0]],
        after={"order": ", ".join(by_id[pk].name for pk in order)},
    )


@transaction.atomic
def renew_survey_secret(*, type_id: int, actor: Actor) -> str:
    """Let a type be filled in from outside, with a new secret in the place of the former; answers it, this once.

    Locks as change_type. Raises SubmissionTypeNotFoundError. Recorded in the audit log, without the secret.
    """
    submission_type = _get_locked(type_id)
    secret = new_secret()
    submission_type.survey_secret = seal(secret, purpose=_SEAL)
    submission_type.save(update_fields=["survey_secret"])
    _record(actor, "submission_type.secret_made", submission_type)
    return secret


@transaction.atomic
def close_survey(*, type_id: int, actor: Actor) -> SubmissionType:
    """No longer let a type be filled in from outside: its links and its secret are worth nothing. Locks as change_type; twice changes
    nothing. Raises SubmissionTypeNotFoundError. Recorded in the audit log."""
    submission_type = _get_locked(type_id)
    if submission_type.survey_secret:
        submission_type.survey_secret = ""
        submission_type.save(update_fields=["survey_secret"])
        _record(
            actor,
            "submission_type.changed",
            submission_type,
            before={"survey": True},
            after={"survey": False},
        )
    return submission_type


def survey_secret_of(submission_type: SubmissionType) -> str:
    """Empty where it is filled in by members alone."""
    sealed = submission_type.survey_secret
    return unseal(sealed, purpose=_SEAL) if sealed else ""


def lock_types() -> None:
    """The lock of everybody who adds, takes away or switches types, to the end of the transaction."""
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", (_CLASS, crc32(schema.encode()) - 2**31))


def _get_locked(type_id: int) -> SubmissionType:
    lock_types()
    found = SubmissionType.objects.select_for_update(no_key=True).filter(pk=min(type_id, _BIG)).first()
    if found is None:
        raise SubmissionTypeNotFoundError
    return found


def _describe(submission_type: SubmissionType) -> dict[str, Any]:
    return {name: getattr(submission_type, name) for name in VALUES}


def _record(
    actor: Actor,
    action: str,
    submission_type: SubmissionType,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    record_audit(
        actor=actor,
        action=action,
        target_kind="submission_type",
        target_id=submission_type.pk,
        target_name=submission_type.name,
        before=before,
        after=after,
    )
