"""A community that takes supporters' money and is handed to somebody else: the acts of both owners."""

from __future__ import annotations

import urllib.request
from typing import Any

from billing.income.accounts import refresh_account
from billing.income.models import PayoutAccount
from billing.income.replacing import replace_account
from engagement.audit.models import AuditEntry
from tenants.context import enter_tenant
from tenants.lifecycle import accept_ownership, offer_ownership
from tenants.models import Membership, User
from tests.billing.income.world import OWNER, World, _Stay
from tests.billing.making import owner_of


def heir_of(world: World) -> User:
    return User.objects.get(username=world.community.username("moderator"))


def hand_over(world: World, *, back: bool = False) -> User:
    """To the moderator, or from them back again. Answers the new owner."""
    former = Membership.objects.get(tenant_id=world.tenant_id, role=Membership.Role.OWNER)
    heir = owner_of(world.community) if back else heir_of(world)
    offer_ownership(tenant_id=world.tenant_id, owner_id=former.user_id, heir_id=heir.pk)
    accept_ownership(tenant_id=world.tenant_id, heir_id=heir.pk)
    return heir


def ask_another(world: World, user: User, country: str = "DE") -> str:
    return replace_account(tenant_id=world.tenant_id, user=user, actor=OWNER, country=country)


def answer(address: str, how: str = "complete") -> None:
    """On Stripe's page."""
    opener = urllib.request.build_opener(_Stay)
    opener.open(address, data=f"answer={how}".encode()).read()


def replace(world: World, user: User, country: str = "DE") -> PayoutAccount:
    """Another account is connected, and the owner is back from Stripe's pages."""
    answer(ask_another(world, user, country))
    return refresh_account(tenant_id=world.tenant_id)


def states(world: World) -> list[str]:
    rows = PayoutAccount.objects.filter(tenant_id=world.tenant_id).order_by("pk")
    return list(rows.values_list("state", flat=True))


def recorded(world: World) -> list[str]:
    with enter_tenant(world.context):
        rows = AuditEntry.objects.filter(action__startswith="payouts.").order_by("id")
        return [row.action.removeprefix("payouts.") for row in rows]


def event_of(world: World, **more: Any) -> dict[str, Any]:
    return {"tenant_id": world.tenant_id, **more}
