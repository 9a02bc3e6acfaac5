"""Who is told to whose account the money goes: the giver and the taker of a community before, its new owner after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count

from saas.core.schemas import PUBLIC, enter_schema
from tenants.letters import Letter, send_letter
from tenants.models import Membership, User

from .accounts import get_payout_account
from .addresses import payout_page
from .models import PayoutAccount, SupportSubscription


@dataclass(frozen=True, slots=True)
class Destination:
    """What supporters pay a community, and whose account it goes to: `holder_id` and `holder`, empty for somebody who is gone."""

    supporters: int
    holder_id: int | None
    holder: str

    def whose(self, reader_id: int | None = None) -> str:
        """“your account”, “Ada’s account” or “the account of somebody who is gone”."""
        if self.holder_id is not None and self.holder_id == reader_id:
            return "your account"
        return f"{self.holder}’s account" if self.holder else "the account of somebody who is gone"


def list_destinations(*, tenant_ids: Sequence[int]) -> dict[int, Destination]:
    """Of the communities that have an account, by id. Two queries, however many there are; none for none."""
    if not tenant_ids:
        return {}
    with enter_schema(PUBLIC):
        rows = PayoutAccount.objects.select_related("user").filter(
            tenant_id__in=tenant_ids, state=PayoutAccount.State.STANDING, stripe_id__isnull=False
        )
        accounts = list(rows)
        running = SupportSubscription.objects.filter(
            tenant_id__in=tenant_ids, ended_at=None, refused=False
        ).values("tenant_id")
        counts = {row["tenant_id"]: row["found"] for row in running.annotate(found=Count("pk"))}
    return {
        row.tenant_id: Destination(counts.get(row.tenant_id, 0), row.user_id, str(row.user or ""))
        for row in accounts
    }


def write_for_giver(destination: Destination, reader_id: int) -> str:
    """One sentence for who offers the community."""
    return (
        f"{_count(destination)}, and the money goes to {destination.whose(reader_id)} at Stripe until the new owner connects their own; "
        "nobody new can begin to support before they do that or confirm this one."
    )


def write_for_taker(destination: Destination, reader_id: int) -> str:
    """One sentence for whom it is offered to."""
    whose = destination.whose(reader_id)
    if destination.holder_id == reader_id:
        return f"{_count(destination)}, and the money goes to {whose} at Stripe."
    return (
        f"{_count(destination)}, and the money goes to {whose} at Stripe until you connect your own; "
        "nobody new can begin to support before you do that or confirm this one."
    )


def tell_new_owner(*, tenant_id: int, owner_id: int) -> bool:
    """By mail, to whose account the money goes. False where it is theirs, or they have confirmed it or own the community no more."""
    account = get_payout_account(tenant_id=tenant_id)
    if account is None or not account.stripe_id or account.is_confirmed or account.owner_id != owner_id:
        return False
    destination = list_destinations(tenant_ids=[tenant_id])[tenant_id]
    with enter_schema(PUBLIC):
        membership = Membership.objects.select_related("tenant", "user")
        row = membership.get(tenant_id=tenant_id, role=Membership.Role.OWNER)
        owner: User = row.user
        if not owner.email:
            return False
        name = row.tenant.name
        send_letter(
            Letter(
                to=owner.email,
                subject=f"{name}: payouts go to {destination.whose()}",
                lines=(
                    f"You own {name} now. Payouts go to {destination.whose()}. Connect your own.",
                    f"{_count(destination)}. They go on paying into that account, and keep what they get, until yours is ready.",
                    "Nobody new can begin to support until you connect an account or confirm the one that stands.",
                ),
                action="Look at the payouts",
                address=payout_page(row.tenant.slug),
                reason=f"You get this mail because you own {name}.",
            )
        )
    return True


def _count(destination: Destination) -> str:
    if not destination.supporters:
        return "Nobody supports this community at the moment"
    if destination.supporters == 1:
        return "1 supporter pays this community"
    return f"{destination.supporters:,} supporters pay this community"
