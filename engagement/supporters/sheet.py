"""One support as the team sees it: how it stands, what was paid, what its member had before and after, and what happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Sum

from engagement.audit.models import AuditEntry, Outcome
from saas.core import clock

from .disputing import is_charged_back
from .errors import SupporterNotFoundError
from .models import GRACE, Supporter, SupporterPayment, SupportState

MOST: Final = 120  # payments that are listed: ten years of months
_SLACK: Final = timedelta(minutes=5)  # between the provider's clock and ours
_HAPPENED: Final = 40


@dataclass(frozen=True, slots=True)
class Happened:
    """`action` is the audit log's, such as supporter.joined; `tier` and `dispute` where it names them."""

    action: str
    at: datetime
    tier: str
    dispute: str


@dataclass(frozen=True, slots=True)
class SupporterSheet:
    """`supporter` with member and tier. Sums are over all payments, in minor units; `fee` is what the platform keeps. `charged_back`: the
    period that runs is disputed, so nothing is had for it. `grace_ends_at`: of a late one. `others`: supports of the same member."""

    supporter: Supporter
    payments: list[SupporterPayment]
    count: int
    amount: int
    fee: int
    refunded: int
    disputed: int
    charged_back: bool
    grace_ends_at: datetime | None
    others: list[Supporter]
    history: list[Happened]

    @property
    def net(self) -> int:
        """What reached the community and stayed."""
        return self.amount - self.fee - self.refunded - self.disputed


def get_sheet(*, key: str) -> SupporterSheet:
    """Five queries, however much was paid. Raises SupporterNotFoundError."""
    now = clock.now()
    rows = Supporter.objects.select_related("member", "tier", "next_tier").annotate(
        charged_back=is_charged_back(now)
    )
    row = rows.filter(key=str(key)[:64].replace("\x00", "")).first()
    if row is None:
        raise SupporterNotFoundError
    paid = SupporterPayment.objects.filter(supporter=row)
    sums = paid.aggregate(
        count=Count("pk"),
        amount=Sum("amount", default=0),
        fee=Sum("fee", default=0),
        refunded=Sum("refunded", default=0),
        disputed=Sum("disputed", default=0),
    )
    theirs = Supporter.objects.select_related("tier").filter(member_id=row.member_id).exclude(pk=row.pk)
    others = list(theirs.order_by("-begun_at", "-pk")[:20])
    late = row.late_since + GRACE if row.state == SupportState.LATE and row.late_since else None
    return SupporterSheet(
        supporter=row,
        payments=list(paid.select_related("tier").order_by("-paid_at", "-pk")[:MOST]),
        **sums,
        charged_back=bool(row.charged_back),
        grace_ends_at=late,
        others=others,
        history=_list_happened(row, others),
    )


def _list_happened(row: Supporter, others: list[Supporter]) -> list[Happened]:
    """The newest first, up to when the member's next support began."""
    following = min((one.begun_at for one in others if one.begun_at > row.begun_at), default=None)
    entries = AuditEntry.objects.filter(
        target_kind="member",
        target_id=str(row.member_id),
        action__startswith="supporter.",
        outcome=Outcome.DONE,
        occurred_at__gte=row.begun_at - _SLACK,
    )
    if following is not None:
        entries = entries.filter(occurred_at__lt=following - _SLACK)
    return [
        Happened(
            entry.action,
            entry.occurred_at,
            str((entry.after or {}).get("tier", "")),
            str((entry.after or {}).get("dispute", "")),
        )
        for entry in entries.order_by("-id")[:_HAPPENED]
    ]
