"""Credit types: the community's own currencies, made, changed, archived, and frozen over the plan's limit.

Which are frozen is derived from the plan in force, never stored: those beyond the oldest `allowed` that are not archived. Frozen
types cannot be requested; balances stay and can be spent, and requests that wait can still be decided.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from django.db import transaction
from django.db.models import Max, QuerySet

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from saas.core import clock
from tenants.context import TenantContext
from tenants.gatekeeping import entitlements_now
from tenants.gates import limit_of, require_room

from .automatic import check_automatic
from .checks import MOST, check_text
from .errors import (
    CreditTypeClosedError,
    CreditTypeExistsError,
    CreditTypeFrozenError,
    CreditTypeNotFoundError,
    InvalidCreditsError,
)
from .locks import lock_types
from .models import CreditType
from .periods import PERIODS

LIMIT: Final = "credit_types"
MAX_TYPES: Final = 200  # archived ones too: a type's id is a small number that entries hold
_KEY: Final = re.compile(r"[a-z][a-z0-9_-]{0,19}")


@dataclass(frozen=True, slots=True)
class TypeDraft:
    """What a type is to be. Amounts are whole credits; None: no limit, no warning, no mail, no escalation."""

    key: str
    name: str
    unit: str = "credits"
    description: str = ""
    requestable: bool = True
    least: int = 1
    most: int | None = None
    period: str = "month"
    period_amount: int | None = None
    period_requests: int | None = None
    needs_reason: bool = False
    automatic: Mapping[str, Any] = field(default_factory=dict)
    mail_above: int | None = None
    low_balance: int | None = None
    escalate_hours: int | None = None
    channel_id: int | None = None


def draft_of(row: CreditType) -> TypeDraft:
    """The type as it is, to be changed with dataclasses.replace."""
    return TypeDraft(**{item.name: getattr(row, item.name) for item in fields(TypeDraft)})


@transaction.atomic
def create_type(*, context: TenantContext, draft: TypeDraft, actor: Actor) -> CreditType:
    """Make a kind of credits. Locks the list of types. The key makes it safe to repeat: a second one is refused.

    Raises InvalidCreditsError, CreditTypeExistsError, LimitReachedError.
    """
    checked = check_draft(draft)
    lock_types()
    if CreditType.objects.filter(key=checked.key).exists():
        raise CreditTypeExistsError(
            f"There are credits called “{checked.key}” already, perhaps archived ones. Choose another key, or bring those back."
        )
    if CreditType.objects.count() >= MAX_TYPES:
        raise CreditTypeExistsError(
            f"A community has {MAX_TYPES} kinds of credits at most. Change one of them."
        )
    require_room_for_type(context)
    # Numbered here and not by the sequence, which is small and goes on with each refused try. The list is locked.
    number = (CreditType.objects.aggregate(last=Max("pk"))["last"] or 0) + 1
    made = CreditType.objects.create(pk=number, **_columns(checked))
    _record(actor, "credit_type.created", made, after=describe(made))
    return made


@transaction.atomic
def change_type(*, context: TenantContext, type_id: int, draft: TypeDraft, actor: Actor) -> CreditType:
    """Make a type what the draft says; its key stays. Locks its row. Changing nothing records nothing.

    Raises InvalidCreditsError, CreditTypeNotFoundError, CreditTypeFrozenError.
    """
    row = CreditType.objects.select_for_update().filter(pk=_small(type_id)).first()
    if row is None:
        raise CreditTypeNotFoundError
    refuse_frozen(row, context)
    checked = check_draft(draft)
    if checked.key != row.key:
        raise InvalidCreditsError("The key stays: members and programs know the credits by it.", field="key")
    before = describe(row)
    for name, value in _columns(checked).items():
        setattr(row, name, value)
    after = describe(row)
    if after != before:
        row.save()
        _record(actor, "credit_type.changed", row, before=before, after=after)
    return row


@transaction.atomic
def archive_type(*, context: TenantContext, type_id: int, actor: Actor) -> CreditType:
    """Nobody can request it any more; balances stay and can be spent. Locks the list. Idempotent. Raises CreditTypeNotFoundError."""
    lock_types()
    row = get_type_by_id(type_id)
    if row.archived_at is None:
        row.archived_at = clock.now()
        row.save(update_fields=["archived_at"])
        _record(actor, "credit_type.archived", row)
    return row


@transaction.atomic
def restore_type(*, context: TenantContext, type_id: int, actor: Actor) -> CreditType:
    """Bring it back, where the plan has room. Locks the list. Idempotent. Raises CreditTypeNotFoundError, LimitReachedError."""
    lock_types()
    row = get_type_by_id(type_id)
    if row.archived_at is not None:
        require_room_for_type(context)
        row.archived_at = None
        row.save(update_fields=["archived_at"])
        _record(actor, "credit_type.restored", row)
    return row


# --- reads that the other services stand on ---


def get_type(type_key: str) -> CreditType:
    """By the key as members type it, in any case; archived ones too. Raises CreditTypeNotFoundError."""
    key = type_key.strip().lower()
    row = CreditType.objects.filter(key=key).first() if _KEY.fullmatch(key) else None
    if row is None:
        raise CreditTypeNotFoundError
    return row


def get_type_by_id(type_id: int) -> CreditType:
    """Raises CreditTypeNotFoundError."""
    row = CreditType.objects.filter(pk=_small(type_id)).first()
    if row is None:
        raise CreditTypeNotFoundError
    return row


def list_frozen_types(rows: Iterable[CreditType], context: TenantContext) -> frozenset[int]:
    """Of all of a community's types those that the plan in force freezes. No query."""
    active = sorted(row.pk for row in rows if row.archived_at is None)
    return frozenset(active[limit_of(LIMIT, context.entitlements, clock.now()) :])


def refuse_closed(row: CreditType, context: TenantContext) -> None:
    """Raises CreditTypeClosedError, CreditTypeFrozenError where the type cannot be requested, by the plan as the database has it."""
    if row.archived_at is not None or not row.requestable:
        raise CreditTypeClosedError(
            f"{row.name} credits cannot be requested at the moment. Ask the team how to get them."
        )
    refuse_frozen(row, context)


def refuse_frozen(row: CreditType, context: TenantContext) -> None:
    """Raises CreditTypeFrozenError."""
    if row.archived_at is not None:
        return
    allowed = limit_of(LIMIT, entitlements_now(context), clock.now())
    if _active().filter(pk__lt=row.pk).count() >= allowed:
        raise CreditTypeFrozenError(row.name, allowed)


def require_room_for_type(context: TenantContext) -> None:
    """One more type, by the plan as the database has it now; the caller holds the list's lock. Raises LimitReachedError."""
    require_room(LIMIT, entitlements_now(context), clock.now(), used=_active().count())


def check_draft(draft: TypeDraft) -> TypeDraft:
    """The draft as it is kept. Raises InvalidCreditsError, whose `field` names what is wrong."""
    key = draft.key.strip().lower() if isinstance(draft.key, str) else ""
    if not _KEY.fullmatch(key):
        raise InvalidCreditsError(
            "The key has 1 to 20 small letters, digits, - and _, and begins with a letter, such as “ai”.",
            field="key",
        )
    if draft.period not in PERIODS:
        raise InvalidCreditsError("The period is day, week or month.", field="period")
    _check_numbers(draft)
    return TypeDraft(
        key=key,
        name=check_text(
            draft.name, longest=40, field="name", needed="Give the credits a name, such as “AI”."
        ),
        unit=check_text(draft.unit, longest=30, field="unit") or "credits",
        description=check_text(draft.description, longest=300, field="description"),
        requestable=bool(draft.requestable),
        least=draft.least,
        most=draft.most,
        period=draft.period,
        period_amount=draft.period_amount,
        period_requests=draft.period_requests,
        needs_reason=bool(draft.needs_reason),
        automatic=check_automatic(draft.automatic),
        mail_above=draft.mail_above,
        low_balance=draft.low_balance,
        escalate_hours=draft.escalate_hours,
        channel_id=draft.channel_id,
    )


def describe(row: CreditType) -> dict[str, Any]:
    """For the audit log."""
    described = {item.name: getattr(row, item.name) for item in fields(TypeDraft)}
    return described | {"automatic": dict(row.automatic)}


_RANGES: Final = (
    ("least", 1, MOST, "The least of a request"),
    ("most", 1, MOST, "The most of a request"),
    ("period_amount", 1, MOST, "The limit of a period"),
    ("period_requests", 1, 1_000, "The number of requests in a period"),
    ("mail_above", 0, MOST, "The amount above which approvers get a mail"),
    ("low_balance", 1, MOST, "The balance below which members are warned"),
    ("escalate_hours", 1, 24 * 90, "The hours after which a request is brought up again"),
    ("channel_id", 1, 2**63 - 1, "The channel"),
)


def _check_numbers(draft: TypeDraft) -> None:
    for name, lowest, highest, what in _RANGES:
        value = getattr(draft, name)
        if value is None and name != "least":
            continue
        if type(value) is not int or not lowest <= value <= highest:
            raise InvalidCreditsError(
                f"{what} is a whole number from {lowest:,} to {highest:,}; this is {value!r:.30}.", field=name
            )
    if draft.most is not None and draft.most < draft.least:
        raise InvalidCreditsError(
            "The most of a request is lower than the least. Make it higher.", field="most"
        )
    if draft.period_amount is not None and draft.period_amount < draft.least:
        raise InvalidCreditsError(
            "The limit of a period is lower than the least of a request, so nobody could request anything.",
            field="period_amount",
        )


def _columns(draft: TypeDraft) -> dict[str, Any]:
    return {item.name: getattr(draft, item.name) for item in fields(TypeDraft)}


def _active() -> QuerySet[CreditType]:
    return CreditType.objects.filter(archived_at=None)


def _small(type_id: int) -> int:
    """A number that the column can be asked for; no type has the id -1."""
    return type_id if 1 <= type_id < 2**15 else -1


def _record(
    actor: Actor,
    action: str,
    row: CreditType,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    record_audit(
        actor=actor,
        action=action,
        target_kind="credit_type",
        target_id=row.pk,
        target_name=row.name,
        before=before,
        after=after,
    )
