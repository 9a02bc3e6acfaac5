"""What a person's communities take in, for the console of whoever owns them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, Sum

from saas.core.schemas import PUBLIC, enter_schema
from tenants.models import Membership, Tenant, User

from .models import PayoutAccount, SupportSubscription


@dataclass(frozen=True, slots=True)
class Total:
    """Of one currency, in minor units, since the beginning. `fees` is what the platform kept."""

    currency: str
    gross: int
    fees: int
    refunded: int

    @property
    def net(self) -> int:
        return self.gross - self.fees - self.refunded


@dataclass(frozen=True, slots=True)
class CommunityIncome:
    """One community of the user's. `account` None: nobody set up payouts."""

    tenant: Tenant
    account: PayoutAccount | None
    supporters: int
    totals: tuple[Total, ...]


def list_income(*, user: User) -> list[CommunityIncome]:
    """Of the communities that the user owns and that have a payout account or ever had a supporter, by name. Three queries."""
    with enter_schema(PUBLIC):
        owned = {
            row.pk: row
            for row in Tenant.objects.filter(
                memberships__user=user, memberships__role=Membership.Role.OWNER
            ).order_by("name", "pk")
        }
        standing = PayoutAccount.objects.with_owner().filter(state=PayoutAccount.State.STANDING)
        accounts = {row.tenant_id: row for row in standing.filter(tenant_id__in=owned)}
        sums = (
            SupportSubscription.objects.filter(tenant_id__in=owned, refused=False)
            .values("tenant_id", "currency")
            .annotate(
                paid=Sum("gross"),
                kept=Sum("fees"),
                back=Sum("refunded"),
                running=Count("pk", filter=Q(ended_at=None)),
            )
            .order_by("tenant_id", "currency")
        )
        totals: dict[int, list[Total]] = {}
        supporters: dict[int, int] = {}
        for row in sums:
            one = Total(row["currency"], row["paid"], row["kept"], row["back"])
            totals.setdefault(row["tenant_id"], []).append(one)
            supporters[row["tenant_id"]] = supporters.get(row["tenant_id"], 0) + row["running"]
    return [
        CommunityIncome(tenant, accounts.get(pk), supporters.get(pk, 0), tuple(totals.get(pk, ())))
        for pk, tenant in owned.items()
        if pk in accounts or pk in totals
    ]
