"""What a member may still ask for: the limits of one request and of a period, in words that a refusal and a form share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, F, IntegerField, Q, Sum, When

from saas.core import clock
from tenants.context import TenantContext

from .errors import RequestLimitError
from .models import CreditRequest, CreditType, RequestState
from .periods import period_of
from .words import moment_words

OPEN_STATES = (RequestState.PENDING, RequestState.NEEDS_INFO)
_PERIOD_WORDS = {"day": "day", "week": "week", "month": "month"}


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """For one member and type, now. Whole credits; None: no limit. `resets_at` is when the period begins anew."""

    least: int
    most: int | None
    period: str
    amount_used: int
    amount_allowed: int | None
    requests_used: int
    requests_allowed: int | None
    resets_at: datetime

    @property
    def left(self) -> int | None:
        """What one request may be now; None: as much as they like; 0: none before `resets_at`."""
        if self.requests_allowed is not None and self.requests_used >= self.requests_allowed:
            return 0
        left = None if self.amount_allowed is None else max(0, self.amount_allowed - self.amount_used)
        if left is not None and left < self.least:
            return 0
        if self.most is None:
            return left
        return self.most if left is None else min(self.most, left)


def get_limits(
    credit_types: Sequence[CreditType], *, member_id: int, context: TenantContext, now: datetime | None = None
) -> dict[int, RequestLimits]:
    """By type. One query for each kind of period among the types."""
    moment = now or clock.now()
    found: dict[int, RequestLimits] = {}
    for period in {row.period for row in credit_types}:
        span = period_of(moment, period, timezone=context.timezone, first_weekday=context.first_weekday)
        rows = [row for row in credit_types if row.period == period]
        used = _used(rows, member_id, span.starts_at)
        for row in rows:
            amount, requests = used.get(row.pk, (0, 0))
            found[row.pk] = RequestLimits(
                row.least,
                row.most,
                period,
                amount,
                row.period_amount,
                requests,
                row.period_requests,
                span.ends_at,
            )
    return found


def check_limits(
    credit_type: CreditType, amount: int, limits: RequestLimits, *, context: TenantContext, now: datetime
) -> None:
    """Raises RequestLimitError, which says the limit, what is left of it, and when there is more."""
    unit, left = f"{credit_type.name} {credit_type.unit}", limits.left
    if amount < limits.least:
        raise RequestLimitError(
            f"A request is for {limits.least:,} {unit} or more; this is for {amount:,}. Ask for more at once.",
            left=left or 0, next_at=None,
        )  # fmt: skip
    if limits.most is not None and amount > limits.most:
        raise RequestLimitError(
            f"You can request at most {limits.most:,} {unit} at once; this is for {amount:,}. Ask for less.",
            left=left or 0, next_at=None,
        )  # fmt: skip
    again = f"Next time: {moment_words(limits.resets_at, context=context, now=now)}."
    each = _PERIOD_WORDS[limits.period]
    if limits.requests_allowed is not None and limits.requests_used >= limits.requests_allowed:
        allowed = limits.requests_allowed
        times = "once" if allowed == 1 else f"{allowed:,} times"
        raise RequestLimitError(
            f"You can request {credit_type.name} {credit_type.unit} {times} a {each}, and you have. {again}",
            left=0, next_at=limits.resets_at,
        )  # fmt: skip
    if limits.amount_allowed is not None and limits.amount_used + amount > limits.amount_allowed:
        rest = max(0, limits.amount_allowed - limits.amount_used)
        raise RequestLimitError(
            f"You can request {limits.amount_allowed:,} {unit} a {each}; {limits.amount_used:,} are requested or granted, so "
            f"{rest:,} are left. {'Ask for less. ' if rest >= limits.least else ''}{again}",
            left=left or 0, next_at=limits.resets_at,
        )  # fmt: skip


def _used(rows: Sequence[CreditType], member_id: int, since: datetime) -> dict[int, tuple[int, int]]:
    """What was granted counts as granted, what waits as asked for; what was rejected counts as a request alone, what was
    cancelled not at all."""
    counted = Case(
        When(state=RequestState.APPROVED, then=F("granted")),
        When(state__in=OPEN_STATES, then=F("amount")),
        default=0,
        output_field=IntegerField(),
    )
    sums = (
        CreditRequest.objects.filter(
            type__in=[row.pk for row in rows], member_id=member_id, requested_at__gte=since
        )
        .exclude(Q(state=RequestState.CANCELLED))
        .values("type_id")
        .annotate(amount=Sum(counted), requests=Count("pk"))
    )
    return {row["type_id"]: (row["amount"] or 0, row["requests"]) for row in sums}
