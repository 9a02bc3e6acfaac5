"""Who supports and what was paid, declared as lists: what they show, are narrowed and sorted by."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from engagement.supporters.models import DisputeState, Supporter, SupporterPayment, SupportState
from engagement.supporters.selectors import list_payments, list_supporters, list_tiers
from frontend_api.dashboard.parts.cells import Face, Link, Tag
from frontend_api.dashboard.parts.filters import Choice, Filter
from frontend_api.dashboard.parts.lists import Column, Empty, ListKind, ListQuery, QuerySetSource, Sort
from frontend_api.money import write_money, write_plain

from .cards import write_price

STATE_KINDS: Final = {SupportState.ACTIVE: "good", SupportState.LATE: "warn", SupportState.ENDED: ""}


def show_state(row: Supporter) -> Tag:
    if row.state != SupportState.ENDED and row.cancel_at is not None:
        return Tag("Ends", "warn")
    return Tag(SupportState(row.state).label, STATE_KINDS[SupportState(row.state)])


def build_supporters_list() -> ListKind:
    """With this community's tiers to narrow to. One query."""
    return ListKind(
        key="supporters",
        name="supporters",
        source=QuerySetSource(_supporters),
        search="Search by name",
        columns=(
            Column("member", "Member", _face),
            Column("tier", "Tier", lambda row: row.tier.name),
            Column("state", "State", show_state),
            Column(
                "pays", "Pays", lambda row: write_price(row.amount, row.currency, row.interval), sort="amount"
            ),
            Column("since", "Since", lambda row: row.begun_at, sort="since"),
            Column("until", "Paid until", _paid_until),
            Column(
                "ends", "Ends", lambda row: row.cancel_at if row.state != SupportState.ENDED else row.ended_at
            ),
            Column(
                "then",
                "With the next payment",
                lambda row: row.next_tier.name if row.next_tier else "",
                shown=False,
            ),
            Column("late", "Late since", lambda row: row.late_since, shown=False),
            Column("key", "Number", lambda row: row.key, shown=False),
        ),
        sorts=(Sort("since", "moment", "begun_at"), Sort("amount", "number")),
        sort="-since",
        filters=(
            Filter("state", "State", "one", tuple(Choice(*one) for one in SupportState.choices)),
            Filter("tier", "Tier", "one", _tier_choices()),
        ),
        empty=Empty(
            "users",
            "Nobody supports yet",
            "As soon as a member supports the community, they stand here with their tier. Members find the tiers on their page.",
            reverse("support"),
            "See the members’ page",
        ),
        row_name=lambda row: str(row.member.display_name),
    )


def build_payments_list(*, for_file: bool = False) -> ListKind:
    """`for_file`: amounts as programs read them, with their currency in a column of its own. One query."""

    return ListKind(
        key="supporter-payments",
        name="payments",
        source=QuerySetSource(_payments),
        search="Search by name",
        columns=_payment_columns(for_file=for_file),
        sorts=(Sort("paid", "moment", "paid_at"), Sort("amount", "number")),
        sort="-paid",
        filters=(
            Filter("tier", "Tier", "one", _tier_choices()),
            Filter("refunded", "Refunded", "one", (Choice("yes", "Yes"), Choice("no", "No"))),
            Filter("disputed", "Disputed", "one", (Choice("yes", "Yes"), Choice("no", "No"))),
        ),
        empty=Empty(
            "coins",
            "Nothing was paid yet",
            "Each payment of a supporter stands here, with what reaches you and the button that gives it back.",
            reverse("dashboard-supporters"),
            "To the overview",
        ),
        row_name=lambda row: f"payment of {row.supporter.member.display_name}",
    )


def _payment_columns(*, for_file: bool) -> tuple[Column, ...]:
    def write(amount: int, currency: str) -> str:
        return write_plain(amount, currency) if for_file else write_money(amount, currency, exact=True)

    return (
        Column("paid", "Paid", lambda row: _moment_link(row, for_file=for_file), sort="paid"),
        Column("member", "Member", lambda row: _face(row.supporter)),
        Column("tier", "Tier", lambda row: row.tier.name),
        Column("state", "State", show_payment_state),
        Column("amount", "Amount", lambda row: write(row.amount, row.currency), sort="amount", number=True),
        Column("fee", "Our fee", lambda row: write(row.fee, row.currency), number=True),
        Column("net", "To you", lambda row: write(net_of(row), row.currency), number=True),
        Column(
            "refunded",
            "Refunded",
            lambda row: write(row.refunded, row.currency),
            number=True,
            shown=for_file,
        ),
        Column("currency", "Currency", lambda row: row.currency.upper(), shown=for_file),
        Column(
            "disputed",
            "Taken back by the bank",
            lambda row: write(row.disputed, row.currency),
            number=True,
            shown=for_file,
        ),
        Column(
            "points",
            "Points",
            lambda row: row.points if row.points_given else 0,
            number=True,
            shown=False,
        ),
        Column("key", "Number", lambda row: row.key, shown=False),
    )


def net_of(row: SupporterPayment) -> int:
    """What reached the community and stayed. Of a refund the fee went back as well, in proportion, and of a dispute too."""
    kept = row.amount - row.refunded - row.disputed
    return kept - (row.fee * kept // row.amount if row.amount else 0)


def show_payment_state(row: SupporterPayment) -> Tag:
    if row.dispute:
        return Tag(DisputeState(row.dispute).label, "" if row.dispute == DisputeState.LOST else "warn")
    if row.is_refunded:
        return Tag("Refunded")
    return Tag("Partly refunded", "warn") if row.refunded else Tag("Paid", "good")


def _supporters(query: ListQuery) -> QuerySet[Any, Any]:
    values = query.values
    return list_supporters(state=values.get("state", ""), tier=values.get("tier", ""), search=query.text)


def _payments(query: ListQuery) -> QuerySet[Any, Any]:
    asked, disputed = query.values.get("refunded"), query.values.get("disputed")
    return list_payments(
        tier=query.values.get("tier", ""),
        refunded=None if asked is None else asked == "yes",
        disputed=None if disputed is None else disputed == "yes",
        search=query.text,
    )


def _tier_choices() -> tuple[Choice, ...]:
    return tuple(Choice(one.tier.key, one.tier.name) for one in list_tiers())


def _moment_link(row: SupporterPayment, *, for_file: bool) -> Link | datetime:
    if for_file:
        return row.paid_at
    return Link(_day(row.paid_at), reverse("dashboard-support-payment", args=[row.key]))


def _day(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%-d %b %Y}"


def _paid_until(row: Supporter) -> datetime | None:
    """The period of a late one is not paid."""
    return row.period_end if row.state == SupportState.ACTIVE else None


def _face(row: Supporter) -> Face:
    """Leads to the support, which leads on to the member."""
    member = row.member
    return Face(
        member.display_name, reverse("dashboard-supporter", args=[row.key]), member.avatar_url, member.pk
    )
