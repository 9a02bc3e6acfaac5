"""Reads of tiers, supporters and payments. Each asks a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from engagement.members.models import Member
from engagement.members.selectors import matches_name
from saas.core import clock
from tenants.context import TenantContext, current_tenant

from .errors import PaymentNotFoundError, SupporterNotFoundError, TierNotFoundError
from .models import GRACE, Supporter, SupporterPayment, SupporterTier, SupportState, TierState

RUNNING = (SupportState.ACTIVE, SupportState.LATE)


@dataclass(frozen=True, slots=True)
class TierView:
    """A tier, and how many support with it now."""

    tier: SupporterTier
    supporters: int


@dataclass(frozen=True, slots=True)
class SupportView:
    """A member's own support, the running one or the last. `grace_ends_at`: benefits of a late one go on until then."""

    supporter: Supporter
    tier: SupporterTier
    payments: int
    paid: int
    grace_ends_at: datetime | None

    @property
    def can_cancel(self) -> bool:
        """Runs, and is not set to end."""
        return self.supporter.state in RUNNING and self.supporter.cancel_at is None

    @property
    def can_resume(self) -> bool:
        """Set to end with its period, which is not over."""
        return self.supporter.state in RUNNING and self.supporter.cancel_at is not None


@dataclass(frozen=True, slots=True)
class IncomeMonth:
    """Of one month on the community's clock and one currency, in minor units. `refunded` is counted in the month of its payment, with what
    banks took back, and `fee` is what the platform kept after refunds."""

    month: date
    currency: str
    payments: int
    gross: int
    fee: int
    refunded: int

    @property
    def net(self) -> int:
        """What reached the payout account and stayed."""
        return self.gross - self.fee - self.refunded


def list_tiers(*, on_sale_only: bool = False) -> list[TierView]:
    """As organisers ordered them. One query."""
    tiers = SupporterTier.objects.annotate(
        running=Count("supporters", filter=Q(supporters__state__in=RUNNING))
    )
    if on_sale_only:
        tiers = tiers.filter(state=TierState.ON_SALE)
    return [TierView(tier, tier.running) for tier in tiers.order_by("position", "pk")]


def get_tier(*, key: str) -> SupporterTier:
    """Raises TierNotFoundError."""
    tier = SupporterTier.objects.filter(key=_clean(key)).first()
    if tier is None:
        raise TierNotFoundError
    return tier


def list_supporters(
    *, state: str = "", tier: str = "", search: str = "", member_id: int | None = None
) -> QuerySet[Supporter]:
    """With member and tier, the newest first; what is left out narrows nothing. `tier` is a key, `search` begins a word of the name."""
    found = Supporter.objects.select_related("member", "tier", "next_tier").order_by("-begun_at", "-pk")
    if state:
        found = found.filter(state=_clean(state))
    if tier:
        found = found.filter(tier__key=_clean(tier))
    if member_id is not None:
        found = found.filter(member_id=member_id)
    words = search.strip()[:80].replace("\x00", "")
    if words:
        found = found.filter(member__in=Member.objects.filter(matches_name(words)).values("pk"))
    return found


def get_supporter(*, key: str) -> Supporter:
    """With member and tier. Raises SupporterNotFoundError."""
    row = Supporter.objects.select_related("member", "tier").filter(key=_clean(key)).first()
    if row is None:
        raise SupporterNotFoundError
    return row


def find_running(*, member_id: int) -> Supporter | None:
    """The member's support that has not ended, with its tier and the next one. One query."""
    rows = Supporter.objects.select_related("tier", "next_tier")
    return rows.filter(member_id=member_id, state__in=RUNNING).first()


def get_support(*, member_id: int) -> SupportView | None:
    """The member's own: the running one, or the last that ended; None for somebody who never supported. Two queries."""
    rows = Supporter.objects.select_related("tier", "next_tier").filter(member_id=member_id)
    row = rows.order_by(F("ended_at").desc(nulls_first=True), "-pk").first()
    if row is None:
        return None
    sums = SupporterPayment.objects.filter(supporter=row).aggregate(
        count=Count("pk"), amount=Sum("amount"), refunded=Sum(F("refunded") + F("disputed"))
    )
    late = row.late_since + GRACE if row.state == SupportState.LATE and row.late_since else None
    paid = (sums["amount"] or 0) - (sums["refunded"] or 0)
    return SupportView(row, row.tier, sums["count"], paid, late)


def list_payments(
    *,
    member_id: int | None = None,
    supporter: str = "",
    tier: str = "",
    refunded: bool | None = None,
    disputed: bool | None = None,
    search: str = "",
) -> QuerySet[SupporterPayment]:
    """With supporter, member and tier, the newest first; what is left out narrows nothing. `supporter` and `tier` are keys."""
    found = SupporterPayment.objects.select_related("supporter__member", "tier").order_by("-paid_at", "-pk")
    if member_id is not None:
        found = found.filter(supporter__member_id=member_id)
    if supporter:
        found = found.filter(supporter__key=_clean(supporter))
    if tier:
        found = found.filter(tier__key=_clean(tier))
    if refunded is not None:
        found = found.filter(refunded__gt=0) if refunded else found.filter(refunded=0)
    if disputed is not None:
        found = found.exclude(dispute="") if disputed else found.filter(dispute="")
    words = search.strip()[:80].replace("\x00", "")
    if words:
        found = found.filter(supporter__member__in=Member.objects.filter(matches_name(words)).values("pk"))
    return found


def get_payment(*, key: str) -> SupporterPayment:
    """With supporter, member and tier. Raises PaymentNotFoundError."""
    rows = SupporterPayment.objects.select_related("supporter__member", "tier")
    row = rows.filter(key=_clean(key)).first()
    if row is None:
        raise PaymentNotFoundError
    return row


def list_dispute_states(*, reference: str) -> dict[str, str]:
    """Of a support's payments that are disputed: how, by the invoice's name. One query."""
    rows = SupporterPayment.objects.filter(supporter__reference=reference).exclude(dispute="")
    return dict(rows.values_list("reference", "dispute"))


def sum_income(
    *, months: int = 12, now: datetime | None = None, context: TenantContext | None = None
) -> list[IncomeMonth]:
    """The running month and those before it, the newest first; a month without payments has no line. One query."""
    zone = ZoneInfo((context or current_tenant()).timezone)
    today = (now or clock.now()).astimezone(zone)
    index = today.year * 12 + today.month - 1 - (min(max(months, 1), 120) - 1)
    since = datetime(index // 12, index % 12 + 1, 1, tzinfo=zone)
    rows = (
        SupporterPayment.objects.filter(paid_at__gte=since)
        .annotate(month=TruncMonth("paid_at", tzinfo=zone))
        .values("month", "currency")
        .annotate(
            payments=Count("pk"),
            gross=Sum("amount"),
            fees=Sum("fee"),
            back=Sum(F("refunded") + F("disputed")),
        )
        .order_by("-month", "currency")
    )
    return [
        IncomeMonth(
            row["month"].date(), row["currency"], row["payments"], row["gross"], row["fees"], row["back"]
        )
        for row in rows
    ]


def count_running() -> int:
    """How many support now. One query."""
    return Supporter.objects.filter(state__in=RUNNING).count()


def list_late_since(*, before: datetime) -> list[Supporter]:
    """Those whose payment has been late since before that moment."""
    return list(Supporter.objects.filter(state=SupportState.LATE, late_since__lt=before).order_by("pk"))


def list_owed_points(*, limit: int = 500) -> list[int]:
    """Payments whose points could not be given yet: the member waits for room in the plan, or was deleted."""
    rows = SupporterPayment.objects.filter(points__gt=0, points_given=False, refunded=0, disputed=0)
    return list(rows.order_by("pk").values_list("pk", flat=True)[:limit])


def _clean(value: str) -> str:
    return str(value)[:64].replace("\x00", "")
