"""Who may decide on requests: by permission everything, as a delegated approver a type up to a quota.

A quota counts what an approver granted in the period around now. It is checked and counted under the approver's row, which is
locked after the request's and before the balance's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Q

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from saas.core import clock
from tenants.context import TenantContext
from tenants.permissions import PERMISSIONS, NotPermittedError, Rights, may

from .checks import MOST, check_text
from .errors import ApproverNotFoundError, ApproverQuotaError, InvalidCreditsError
from .models import CreditApprover, CreditType
from .periods import PERIODS, Span, period_of
from .types import get_type_by_id
from .words import moment_words

ACTION: Final = "decide_credits"
MAX_APPROVERS: Final = 50  # of one type


@dataclass(frozen=True, slots=True)
class Authority:
    """What somebody may decide on: every type by permission, else the types of `approvers` (type → approver), each with its quota."""

    everywhere: bool
    approvers: Mapping[int, int] = field(default_factory=dict)

    def covers(self, type_id: int) -> bool:
        return self.everywhere or type_id in self.approvers

    @property
    def type_ids(self) -> list[int] | None:
        """The types to be shown to them; None: all."""
        return None if self.everywhere else sorted(self.approvers)

    def __bool__(self) -> bool:
        return self.everywhere or bool(self.approvers)


BY_PERMISSION: Final = Authority(
    everywhere=True
)  # of callers who asked tenants.permissions for decide_credits
NOTHING: Final = Authority(everywhere=False)


@dataclass(frozen=True, slots=True)
class QuotaState:
    """An approver, with what they granted in the period around now. `left` None: no quota."""

    approver: CreditApprover
    used: int
    left: int | None
    resets_at: datetime


def get_authority(
    *, rights: Rights, user_id: int | None = None, discord_role_ids: Iterable[int] = ()
) -> Authority:
    """What this person may decide on. One query, none for who holds decide_credits. Of several delegations of a type the one
    without a quota counts, else the one with the highest."""
    if may(rights, ACTION):
        return BY_PERMISSION
    rows = CreditApprover.objects.filter(
        Q(user_id=user_id, user_id__isnull=False) | Q(role_id__in=list(discord_role_ids))
    )
    best = sorted(rows, key=lambda row: (row.quota is None, row.quota or 0, -row.pk))
    return Authority(False, {row.type_id: row.pk for row in best})


def require_authority(authority: Authority, type_id: int | None = None) -> None:
    """Raises NotPermittedError, as the permission would; of one type, or of any."""
    if not (authority if type_id is None else authority.covers(type_id)):
        raise NotPermittedError(PERMISSIONS[ACTION])


def charge_quota(
    authority: Authority, credit_type: CreditType, amount: int, *, context: TenantContext, now: datetime
) -> int | None:
    """Count `amount` against the delegation under its row's lock; answers the approver, None for who needs none.

    Raises ApproverQuotaError, ApproverNotFoundError where the delegation was taken meanwhile.
    """
    if authority.everywhere:
        return None
    approver = (
        CreditApprover.objects.select_for_update().filter(pk=authority.approvers[credit_type.pk]).first()
    )
    if approver is None or approver.type_id != credit_type.pk:
        raise ApproverNotFoundError
    span = _span(approver, context, now)
    used = _used(approver, span)
    if approver.quota is not None and used + amount > approver.quota:
        left = max(0, approver.quota - used)
        raise ApproverQuotaError(
            f"You may grant {approver.quota:,} {credit_type.name} {credit_type.unit} a {approver.period}, and {used:,} are granted: "
            f"{left:,} are left. Grant less, or leave it to a moderator. Next time: "
            f"{moment_words(span.ends_at, context=context, now=now)}.",
            left=left,
            next_at=span.ends_at,
        )
    approver.used, approver.used_from = used + amount, span.first
    approver.save(update_fields=["used", "used_from"])
    return approver.pk


def return_quota(approver_id: int, amount: int, granted_at: datetime, *, context: TenantContext) -> None:
    """A grant was taken back: within the same period its amount is the approver's again."""
    approver = CreditApprover.objects.select_for_update().filter(pk=approver_id).first()
    if approver is None or _span(approver, context, granted_at).first != approver.used_from:
        return
    approver.used = max(0, approver.used - amount)
    approver.save(update_fields=["used"])


@transaction.atomic
def add_approver(
    *,
    type_id: int,
    name: str,
    actor: Actor,
    user_id: int | None = None,
    role_id: int | None = None,
    quota: int | None = None,
    period: str = "month",
) -> CreditApprover:
    """Let a person (by login) or everybody of a Discord role decide on a type's requests; asked again, quota and period change.

    Locks the type's row. Raises InvalidCreditsError, CreditTypeNotFoundError.
    """
    row = get_type_by_id(type_id)
    CreditType.objects.select_for_update().get(pk=row.pk)
    if (user_id is None) == (role_id is None):
        raise InvalidCreditsError("Choose a person or a Discord role.", field="who")
    _check_quota(quota, period)
    shown = check_text(name, longest=120, field="who", needed="Choose a person or a Discord role.")
    same = CreditApprover.objects.filter(type=row, user_id=user_id, role_id=role_id).first()
    if same is None and CreditApprover.objects.filter(type=row).count() >= MAX_APPROVERS:
        raise InvalidCreditsError(
            f"A type has {MAX_APPROVERS} approvers at most. Use a Discord role.", field="who"
        )
    before = None if same is None else _describe(same)
    approver = same or CreditApprover(type=row, user_id=user_id, role_id=role_id)
    if before is not None and approver.period != period:
        approver.used, approver.used_from = 0, None
    approver.name, approver.quota, approver.period = shown, quota, period
    approver.save()
    if before != _describe(approver):
        _record(actor, "credit_approver.set", approver, row, before, _describe(approver))
    return approver


@transaction.atomic
def remove_approver(*, approver_id: int, type_id: int, actor: Actor) -> None:
    """What they decided stays. Locks the row. Raises ApproverNotFoundError."""
    found = CreditApprover.objects.select_for_update(of=("self",)).select_related("type")
    approver = found.filter(pk=min(approver_id, 2**63 - 1), type_id=min(type_id, 2**15 - 1)).first()
    if approver is None:
        raise ApproverNotFoundError
    _record(actor, "credit_approver.removed", approver, approver.type, _describe(approver), None)
    approver.delete()


def list_approvers(*, context: TenantContext, type_id: int | None = None) -> list[QuotaState]:
    """With what each granted in the period around now. One query."""
    now = clock.now()
    found = CreditApprover.objects.select_related("type").order_by("type_id", "name", "pk")
    states = []
    for approver in found if type_id is None else found.filter(type_id=type_id):
        span = _span(approver, context, now)
        used = _used(approver, span)
        left = None if approver.quota is None else max(0, approver.quota - used)
        states.append(QuotaState(approver, used, left, span.ends_at))
    return states


def _check_quota(quota: int | None, period: str) -> None:
    if quota is not None and (type(quota) is not int or not 1 <= quota <= MOST):
        raise InvalidCreditsError(
            f"A quota is a whole number from 1 to {MOST:,}, or empty for none.", field="quota"
        )
    if period not in PERIODS:
        raise InvalidCreditsError("The period is day, week or month.", field="period")


def _span(approver: CreditApprover, context: TenantContext, moment: datetime) -> Span:
    return period_of(moment, approver.period, timezone=context.timezone, first_weekday=context.first_weekday)


def _used(approver: CreditApprover, span: Span) -> int:
    return approver.used if approver.used_from == span.first else 0


def _describe(approver: CreditApprover) -> dict[str, Any]:
    return {
        "quota": approver.quota,
        "period": approver.period,
        "role": approver.role_id,
        "user": approver.user_id,
    }


def _record(
    actor: Actor,
    action: str,
    approver: CreditApprover,
    credit_type: CreditType,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    record_audit(
        actor=actor,
        action=action,
        target_kind="credit_type",
        target_id=credit_type.pk,
        target_name=f"{approver.name}, {credit_type.name}",
        before=before,
        after=after,
    )
