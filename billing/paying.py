"""What one person pays for: their payers, the communities of each, and what it all comes to. Reads only.

Invariant: only what stands in our own books is told here, so the page opens whether or not Stripe answers; money is minor units, never
summed over currencies.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from saas.core.schemas import PUBLIC, enter_schema
from tenants.models import Membership, Tenant, User

from .models import Payer, Subscription
from .plans import PLANS

Totals = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class PayerBook:
    """One payer with what they pay for, by the communities' names."""

    payer: Payer
    subscriptions: tuple[Subscription, ...]

    @property
    def totals(self) -> Totals:
        return add_up(self.subscriptions)


def list_books(*, user: User) -> list[PayerBook]:
    """The user's payers, those who pay for something first. Two queries, however much they pay for."""
    with enter_schema(PUBLIC):
        payers = list(Payer.objects.filter(user=user).select_related("user").order_by("pk"))
        rows = Subscription.objects.select_related("tenant", "payer__user").filter(
            payer__in=payers, ended_at=None
        )
        by_payer: dict[int, list[Subscription]] = defaultdict(list)
        for row in rows.order_by("tenant__name", "pk"):
            by_payer[row.payer_id].append(row)
    books = [PayerBook(payer, tuple(by_payer[payer.pk])) for payer in payers]
    return sorted(books, key=lambda book: not book.subscriptions)


def list_unpaid_communities(*, user: User) -> list[Tenant]:
    """Open communities that the user owns and that nobody pays for, by name. One query."""
    with enter_schema(PUBLIC):
        paid = Subscription.objects.filter(tenant=OuterRef("pk"), ended_at=None)
        owned = Membership.objects.filter(tenant=OuterRef("pk"), user=user, role=Membership.Role.OWNER)
        open_ones = Tenant.objects.filter(Exists(owned), ~Exists(paid), state=Tenant.State.ACTIVE)
        return list(open_ones.order_by("name", "pk"))


def add_up(subscriptions: Iterable[Subscription]) -> Totals:
    """Currency → interval → what plans cost that are paid now, without tax, discounts and use."""
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in subscriptions:
        plan = PLANS.get(row.plan)
        if plan is None or row.status not in {"active", "past_due"}:
            continue
        sums[row.currency][row.interval] += plan.price(row.interval, row.currency, row.quantity)
    return {currency: dict(by_interval) for currency, by_interval in sorted(sums.items())}


def find_paid(*, user: User, tenant_id: int) -> Subscription | None:
    """The subscription of a community that this user pays for; None for any other."""
    with enter_schema(PUBLIC):
        rows = Subscription.objects.select_related("tenant", "payer__user")
        return rows.filter(tenant_id=tenant_id, payer__user=user, ended_at=None).first()
