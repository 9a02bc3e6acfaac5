"""What every Billing page begins with, and how each of them takes a Stripe that says no or nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from django.conf import settings

from billing.errors import AlreadySubscribedError, BillingOffError
from billing.models import RetainerPlace, Subscription
from billing.retainers.selectors import find_last_place
from frontend_api.dashboard.parts.forms import DeskForm
from saas.core import clock
from saas.core.errors import ConflictError, InvalidInputError, UnavailableError
from saas.core.schemas import PUBLIC, enter_schema
from tenants.entitlements import Entitlements
from tenants.models import Tenant
from tenants.selectors import read_entitlements

from .words import UNSETTLED, Standing, describe_standing

GET_OR_POST: Final = ["GET", "HEAD", "POST"]
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Books:
    """Read from the database, because a process's memory may be a second old. `subscription` is the one that has not ended, `place`
    the retainer's that covers the community, or did not long ago."""

    tenant: Tenant
    subscription: Subscription | None
    entitlements: Entitlements
    now: datetime
    place: RetainerPlace | None = None

    @property
    def standing(self) -> Standing:
        return describe_standing(self.subscription, self.entitlements, self.now, self.place)

    @property
    def is_unsettled(self) -> bool:
        """Whether what is paid for has to be paid or kept before another plan can be chosen."""
        return self.subscription is not None and self.standing.kind in UNSETTLED


def open_books(tenant_id: int) -> Books:
    """Four queries."""
    with enter_schema(PUBLIC):
        tenant = Tenant.objects.get(pk=tenant_id)
        rows = Subscription.objects.select_related("payer__user").filter(tenant_id=tenant_id, ended_at=None)
        place = find_last_place(tenant_id=tenant_id)
        return Books(tenant, rows.first(), read_entitlements(tenant_id=tenant_id), clock.now(), place)


def require_sold() -> None:
    """Raises BillingOffError."""
    if not settings.BILLING_ON:
        raise BillingOffError


def try_stripe(form: DeskForm, act: Callable[[], Made]) -> tuple[Made | None, int]:
    """The service's answer and 200; or None and the status, with what went wrong in the form, so that nothing typed is lost.

    AlreadySubscribedError passes: the page leads elsewhere then.
    """
    try:
        return act(), 200
    except AlreadySubscribedError:
        raise
    except (InvalidInputError, ConflictError, UnavailableError) as error:
        form.add_problem(error)
        return None, error.http_status
