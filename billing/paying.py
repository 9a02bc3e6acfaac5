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

from .models import Payer, RetainerPlace, Subscription
from .plans import PLANS
from .retainers.selectors import RetainerBook, list_retainers

Totals = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class PayerBook:
    """One payer with what they pay for, by the communities' names."""

    payer: Payer
    subscriptions: tuple[Subscription, ...]
    retainers: tuple[RetainerBook, ...] = ()

    @property
    def totals(self) -> Totals:
        return add_up(self.subscriptions, self.retainers)

    @property
    def communities(self) -> int:
        """How many are paid for, one by one and together."""
        return len(self.subscriptions) + sum(len(book.places) for book in self.retainers)


def list_books(*, user: User) -> list[PayerBook]:
    """The user's payers, those who pay for something first. Four queries, however much they pay for."""
    with enter_schema(PUBLIC):
        payers = list(Payer.objects.filter(user=user).select_related("user").order_by("pk"))
        rows = Subscription.objects.select_related("tenant", "payer__user").filter(
            payer__in=payers, ended_at=None
        )
        by_payer: dict[int, list[Subscription]] = defaultdict(list)
        for row in rows.order_by("tenant__name", "pk"):
            by_payer[row.payer_id].append(row)
    bundles: dict[int, list[RetainerBook]] = defaultdict(list)
    for book in list_retainers(payers=payers) if payers else ():
        bundles[book.retainer.payer_id].append(book)
    books = [PayerBook(payer, tuple(by_payer[payer.pk]), tuple(bundles[payer.pk])) for payer in payers]
    return sorted(books, key=lambda book: not (book.subscriptions or book.retainers))


def list_unpaid_communities(*, user: User) -> list[Tenant]:
    """Open communities that the user owns and that nobody pays for, alone or under a retainer, by name. One query."""
    with enter_schema(PUBLIC):
        paid = Subscription.objects.filter(tenant=OuterRef("pk"), ended_at=None)
        owned = Membership.objects.filter(tenant=OuterRef("pk"), user=user, role=Membership.Role.OWNER)
        covered = RetainerPlace.objects.filter(tenant=OuterRef("pk"), left_at=None)
        open_ones = Tenant.objects.filter(
            Exists(owned), ~Exists(paid), ~Exists(covered), state=Tenant.State.ACTIVE
        )
        return list(open_ones.order_by("name", "pk"))


def add_up(subscriptions: Iterable[Subscription], retainers: Iterable[RetainerBook] = ()) -> Totals:
    """Currency → interval → what plans and retainers cost that are paid now, without tax, discounts and use."""
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in subscriptions:
        plan = PLANS.get(row.plan)
        if plan is None or row.status not in {"active", "past_due"}:
            continue
        sums[row.currency][row.interval] += plan.price(row.interval, row.currency, row.quantity)
    for book in retainers:
        if book.is_paid:
            sums[book.retainer.currency][book.retainer.interval] += book.retainer.amount
    return {currency: dict(by_interval) for currency, by_interval in sorted(sums.items())}


def list_paid_ids(*, payer: Payer) -> set[int]:
    """Ids of the communities that this payer pays for or ever paid for, alone or under a retainer. Two queries."""
    with enter_schema(PUBLIC):
        alone = Subscription.objects.filter(payer=payer).values_list("tenant_id", flat=True)
        together = RetainerPlace.objects.filter(retainer__payer=payer).values_list("tenant_id", flat=True)
        return {*alone, *together}


def find_paid(*, user: User, tenant_id: int) -> Subscription | None:
    """The subscription of a community that this user pays for; None for any other."""
    with enter_schema(PUBLIC):
        rows = Subscription.objects.select_related("tenant", "payer__user")
        return rows.filter(tenant_id=tenant_id, payer__user=user, ended_at=None).first()
