"""A member's running support, found and held for whoever changes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from billing.locks import holding_support
from engagement.supporters.errors import SupportNotFoundError
from engagement.supporters.models import Supporter
from engagement.supporters.selectors import find_running
from saas.core.schemas import PUBLIC, enter_schema
from tenants.context import TenantContext, enter_tenant

from .mirror import refresh_held
from .models import SupportSubscription


@dataclass(frozen=True, slots=True)
class Running:
    """A support as it is at Stripe in this moment: the community's row and ours."""

    supporter: Supporter
    row: SupportSubscription


@contextmanager
def holding_running(*, context: TenantContext, member_id: int) -> Iterator[Running]:
    """The member's running support, fetched anew, with its lock held. Raises SupportNotFoundError, StripeAwayError, BillingBusyError."""
    standing = get_row(context=context, member_id=member_id)
    with holding_support(context.tenant_id, standing.customer.member_id):
        row = refresh_held(stripe_id=standing.stripe_id, payments=False)
        with enter_tenant(context):
            supporter = find_running(member_id=member_id)
        if row is None or supporter is None or supporter.reference != row.stripe_id:
            raise SupportNotFoundError
        yield Running(supporter, row)


def get_row(*, context: TenantContext, member_id: int) -> SupportSubscription:
    """Of the member's running support, by our rows. Raises SupportNotFoundError."""
    with enter_tenant(context):
        supporter = find_running(member_id=member_id)
    with enter_schema(PUBLIC):
        rows = SupportSubscription.objects.select_related("customer").filter(tenant_id=context.tenant_id)
        row = rows.filter(stripe_id=supporter.reference).first() if supporter is not None else None
    if row is None:
        raise SupportNotFoundError
    return row
