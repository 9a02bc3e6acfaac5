"""Somebody deletes their login: what they pay communities ends with its period.

Without a login they would find the page that cancels it only from Discord; members who never had one still do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engagement.audit.actor import Actor
from engagement.members.selectors import find_member_of_user
from engagement.supporters.selectors import find_running
from saas.core.schemas import PUBLIC, enter_schema
from tenants.context import TenantContext, enter_tenant
from tenants.models import Tenant, User

from .changing import cancel_support
from .fees import list_tenants_with_supports


@dataclass(frozen=True, slots=True)
class PaidSupport:
    """One running support of a person. `ends_at`: what is paid lasts until then, None where a payment is late: it ends at once."""

    context: TenantContext
    member_id: int
    tier: str
    ends_at: datetime | None
    is_ending: bool


def list_supports_of_login(*, user: User) -> list[PaidSupport]:
    """In the order of the communities. Four queries for each community in which anybody supports."""
    found = []
    for tenant_id in list_tenants_with_supports():
        with enter_schema(PUBLIC):
            tenant = Tenant.objects.filter(pk=tenant_id).first()
        if tenant is None or tenant.state == Tenant.State.DELETED:
            continue
        context = TenantContext.of(tenant)
        with enter_tenant(context):
            member = find_member_of_user(user_id=user.pk, discord_id=user.discord_id)
            row = None if member is None else find_running(member_id=member.pk)
        if row is not None:
            ends_at = None if row.late_since is not None else row.cancel_at or row.period_end
            is_ending = row.cancel_at is not None
            found.append(PaidSupport(context, row.member_id, row.tier.name, ends_at, is_ending))
    return found


def end_supports_of_login(*, user: User, actor: Actor) -> int:
    """Set every running support of this person to end with its period; a late one ends now. Answers how many there were.

    Idempotent: asking again after an error goes on where this stopped. Raises as cancel_support.
    """
    found = [one for one in list_supports_of_login(user=user) if not one.is_ending]
    for one in found:
        cancel_support(context=one.context, member_id=one.member_id, actor=actor)
    return len(found)
