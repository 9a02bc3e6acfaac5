"""Credits outside of requests: given and taken by hand, spent by programs, given by rewards; and each of them undone.

Every change is one move (or a redemption) with one entry of the ledger, in one transaction, under the balance's row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypedDict

from django.db import connection, transaction

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from engagement.ledger.errors import NotEnoughError
from engagement.ledger.models import Cause, Counter, LedgerBalance, LedgerEntry
from engagement.ledger.moving import Moved, force_from_balance, give_to_balance, take_from_balance
from saas.events import publish
from tenants.context import TenantContext

from .checks import MAX_NOTE, check_amount, check_key, check_text, require_same
from .errors import AlreadyUndoneError, CreditMoveNotFoundError, NotEnoughCreditsError
from .events import CreditsGranted, CreditsLow, CreditsRevoked
from .models import CreditMove, CreditType
from .people import get_holder, get_owner
from .types import get_type, get_type_by_id

GRANT: Final = "grant"
REVOKE: Final = "revoke"
SPEND: Final = "spend"
UNDO: Final = "undo"
# A key can stand once in the table: who comes second waits for the first and then finds its move.
_ONCE: Final = (
    "INSERT INTO credit_move (key, type_id, member_id, amount, kind, reason, actor_name, undoes_id) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (key) DO NOTHING RETURNING id"
)
_REVOKE_ADVICE: Final = "Revoke what is there at most, or say that it may be forced: then the rest stands as debt, and later credits pay it first."


class _Entry(TypedDict):
    member_id: int
    currency: int
    amount: int
    counter: Counter
    cause: Cause
    cause_id: int


@dataclass(frozen=True, slots=True)
class CreditChange:
    """The move, and the balance after it (after a repeat: as it is now). `repeated`: it was done before, and nothing changed now."""

    move: CreditMove
    balance: int
    debt: int
    repeated: bool


@transaction.atomic
def grant_credits(
    *, context: TenantContext, member_id: int, type_key: str, amount: int, reason: str, actor: Actor, key: str
) -> CreditChange:
    """Give a member `amount` (> 0) credits by hand; debt is paid first. The type may be archived or frozen.

    Locks the balance's row. Idempotent on `key`. Recorded in the audit log; publishes CreditsGranted. Raises InvalidCreditsError,
    CreditTypeNotFoundError, MemberNotFoundError, MemberDeletedError, MemberWaitsError, CreditKeyReusedError.
    """
    credit_type = get_type(type_key)
    draft = _draft(credit_type, member_id, check_amount(amount), GRANT, reason, actor, key)
    if not _write_once(draft):
        return _repeated(draft)
    holder = get_holder(member_id)
    moved = give_to_balance(**_entry(draft))
    _record(actor, "credits.granted", draft, holder.display_name, moved)
    publish(CreditsGranted(draft.pk, member_id, credit_type.pk, amount))
    return CreditChange(draft, moved.current, moved.debt, repeated=False)


@transaction.atomic
def revoke_credits(
    *,
    context: TenantContext,
    member_id: int,
    type_key: str,
    amount: int,
    reason: str,
    actor: Actor,
    key: str,
    force: bool = False,
) -> CreditChange:
    """Take `amount` (> 0) credits from a member. Never below zero: with `force` what is not there becomes debt.

    Lock and idempotency as grant_credits. Publishes CreditsRevoked, and CreditsLow. Raises NotEnoughCreditsError,
    InvalidCreditsError, CreditTypeNotFoundError, MemberNotFoundError, CreditKeyReusedError.
    """
    credit_type = get_type(type_key)
    owner = get_owner(member_id)
    draft = _draft(credit_type, owner.pk, -check_amount(amount), REVOKE, reason, actor, key)
    if not _write_once(draft):
        return _repeated(draft)
    moved = force_from_balance(**_entry(draft)) if force else _take(credit_type, draft, _REVOKE_ADVICE)
    _record(actor, "credits.revoked", draft, owner.display_name, moved)
    publish(CreditsRevoked(draft.pk, owner.pk, credit_type.pk, amount, moved.debt))
    warn_if_low(credit_type, owner.pk, moved, amount)
    return CreditChange(draft, moved.current, moved.debt, repeated=False)


@transaction.atomic
def spend_credits(
    *, context: TenantContext, member_id: int, type_key: str, amount: int, reason: str, actor: Actor, key: str
) -> CreditChange:
    """A member uses `amount` (> 0) credits up, as a program says. Archived and frozen types stay spendable.

    Lock and idempotency as grant_credits: sent twice, it is spent once. Publishes CreditsLow where the balance falls below the
    type's warning. Raises NotEnoughCreditsError, InvalidCreditsError, CreditTypeNotFoundError, MemberNotFoundError,
    MemberDeletedError, CreditKeyReusedError.
    """
    credit_type = get_type(type_key)
    draft = _draft(credit_type, member_id, -check_amount(amount), SPEND, reason, actor, key)
    if not _write_once(draft):
        return _repeated(draft)
    holder = get_holder(member_id)
    moved = _take(credit_type, draft)
    _record(actor, "credits.spent", draft, holder.display_name, moved)
    warn_if_low(credit_type, member_id, moved, amount)
    return CreditChange(draft, moved.current, moved.debt, repeated=False)


@transaction.atomic
def undo_move(
    *, context: TenantContext, move_id: int, actor: Actor, force: bool = False, reason: str = ""
) -> CreditChange:
    """Book the exact opposite of a grant, a revocation or a spending, once. What was given and is spent already needs `force`, and
    becomes debt. Of a member who was merged into another one the other's balance changes.

    Lock as grant_credits; repeating it answers as before. Publishes CreditsLow. Raises CreditMoveNotFoundError,
    AlreadyUndoneError for a move that undoes one itself, NotEnoughCreditsError, InvalidCreditsError.
    """
    original = CreditMove.objects.filter(pk=move_id).select_related("type").first()
    if original is None:
        raise CreditMoveNotFoundError
    if original.kind == UNDO:
        raise AlreadyUndoneError("This takes a move back itself. Grant or revoke anew instead.")
    owner = get_owner(original.member_id)
    why = check_text(reason, longest=MAX_NOTE, field="reason") or f"Undone: {original.reason}"[:MAX_NOTE]
    draft = _draft(original.type, owner.pk, -original.amount, UNDO, why, actor, f"undo:{original.pk}")
    draft.undoes = original
    if not _write_once(draft):
        return _repeated(draft)
    if draft.amount > 0:
        moved = give_to_balance(**_entry(draft))
    else:
        moved = force_from_balance(**_entry(draft)) if force else _take(original.type, draft, _REVOKE_ADVICE)
        warn_if_low(original.type, owner.pk, moved, -draft.amount)
    _record(actor, "credits.undone", draft, owner.display_name, moved)
    return CreditChange(draft, moved.current, moved.debt, repeated=False)


def give_reward_credits(*, member_id: int, type_id: int, amount: int, redemption_id: int) -> Moved | None:
    """The credits that a reward is made of, in the caller's transaction; None where the redemption gave them before.

    The caller holds the redemption's row. Raises CreditTypeNotFoundError, InvalidCreditsError.
    """
    credit_type = get_type_by_id(type_id)
    if _entry_of(Cause.REDEMPTION_CREDITS, redemption_id) is not None:
        return None
    return give_to_balance(
        member_id=member_id,
        currency=credit_type.pk,
        amount=check_amount(amount),
        counter=Counter.SHOP,
        cause=Cause.REDEMPTION_CREDITS,
        cause_id=redemption_id,
    )


def take_reward_credits_back(*, redemption_id: int) -> Moved | None:
    """Take back exactly what a redemption gave; what was spent becomes debt. None where it gave nothing, or it was taken back.

    In the caller's transaction, which holds the redemption's row. Publishes CreditsLow.
    """
    given = _entry_of(Cause.REDEMPTION_CREDITS, redemption_id)
    if given is None or _entry_of(Cause.REDEMPTION_CREDITS_UNDO, redemption_id) is not None:
        return None
    owner = get_owner(given.member_id)
    moved = force_from_balance(
        member_id=owner.pk,
        currency=given.currency,
        amount=given.amount,
        counter=Counter.SHOP,
        cause=Cause.REDEMPTION_CREDITS_UNDO,
        cause_id=redemption_id,
    )
    warn_if_low(get_type_by_id(given.currency), owner.pk, moved, given.amount)
    return moved


def warn_if_low(credit_type: CreditType, member_id: int, moved: Moved, taken: int) -> None:
    """Publish CreditsLow where this taking took the balance over the line: above before, below after, under the balance's row."""
    line = credit_type.low_balance
    before = moved.current - moved.debt + taken
    if line is not None and before >= line > moved.current:
        publish(CreditsLow(moved.entry_id, member_id, credit_type.pk, moved.current, line))


def take_or_refuse(
    credit_type: CreditType, *, member_id: int, amount: int, cause: Cause, cause_id: int, advice: str = ""
) -> Moved:
    """`take_from_balance` in the words of the type. Raises NotEnoughCreditsError."""
    try:
        return take_from_balance(
            member_id=member_id,
            currency=credit_type.pk,
            amount=amount,
            counter=Counter.CREDITS,
            cause=cause,
            cause_id=cause_id,
        )
    except NotEnoughError as error:
        unit = f"{credit_type.name} {credit_type.unit}"
        raise NotEnoughCreditsError(has=error.has, needs=error.needs, unit=unit, advice=advice) from error


def _draft(
    credit_type: CreditType, member_id: int, amount: int, kind: str, reason: str, actor: Actor, key: str
) -> CreditMove:
    why = check_text(
        reason,
        longest=MAX_NOTE,
        field="reason",
        needed="Say why: the member and the audit log see the reason.",
    )
    if kind != UNDO:
        key = f"{kind}:{check_key(key)}"
    return CreditMove(
        key=key, type=credit_type, member_id=member_id, amount=amount, kind=kind, reason=why, actor_name=actor.name[:120]
    )  # fmt: skip


def _write_once(draft: CreditMove) -> bool:
    """Whether it was written now; else it was there before."""
    values: list[str | int | None] = [
        draft.key, draft.type_id, draft.member_id, draft.amount, draft.kind, draft.reason, draft.actor_name,
        draft.undoes_id,
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_ONCE, values)
        row = cursor.fetchone()
    if row is None:
        return False
    draft.pk = row[0]
    draft.refresh_from_db(fields=["created_at"])
    return True


def _repeated(draft: CreditMove) -> CreditChange:
    before = CreditMove.objects.select_related("type").get(key=draft.key)
    if draft.kind != UNDO:  # its key names the one move that it takes back, whoever holds the balance by now
        require_same(
            (before.type_id, before.member_id, before.amount), (draft.type_id, draft.member_id, draft.amount)
        )
    balance = LedgerBalance.objects.filter(member_id=before.member_id, currency=before.type_id).first()
    current, debt = (0, 0) if balance is None else (balance.current, balance.debt)
    return CreditChange(before, current, debt, repeated=True)


def _entry(draft: CreditMove) -> _Entry:
    return {
        "member_id": draft.member_id,
        "currency": draft.type_id,
        "amount": abs(draft.amount),
        "counter": Counter.CREDITS,
        "cause": Cause.CREDIT_MOVE,
        "cause_id": draft.pk,
    }


def _take(credit_type: CreditType, draft: CreditMove, advice: str = "") -> Moved:
    return take_or_refuse(
        credit_type,
        member_id=draft.member_id,
        amount=-draft.amount,
        cause=Cause.CREDIT_MOVE,
        cause_id=draft.pk,
        advice=advice,
    )


def _entry_of(cause: Cause, cause_id: int) -> LedgerEntry | None:
    return LedgerEntry.objects.filter(cause_kind=cause, cause_id=cause_id).first()


def _record(actor: Actor, action: str, move: CreditMove, name: str, moved: Moved) -> None:
    record_audit(
        actor=actor,
        action=action,
        target_kind="member",
        target_id=move.member_id,
        target_name=name,
        after={
            "credits": move.type.name, "amount": move.amount, "reason": move.reason, "balance": moved.current,
            "debt": moved.debt, "move": move.pk,
        },
    )  # fmt: skip
