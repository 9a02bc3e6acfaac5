"""Which communities a retainer covers: taken in, taken out, and what that says of their plan.

Invariant: no page on which a plan could be bought is open for a community that is covered, so that nobody pays for it twice.
Locks: the tenant's billing, so that nobody begins a purchase meanwhile; the payer's, so that nobody agrees on fewer places meanwhile;
the retainer's row, so that two who take the last place see each other; then the tenant's row.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import transaction

from billing.audit import record
from billing.checkout import close_checkouts
from billing.entitling import write_entitlements
from billing.errors import AlreadySubscribedError, BillingBusyError
from billing.letters import write_retainer_called_off, write_retainer_left, write_retainer_quit
from billing.locks import holding_payer, holding_tenant
from billing.models import BillingAttempt, Retainer, RetainerPlace, Subscription
from billing.wording import plan_name
from engagement.audit.actor import Actor
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from tenants.errors import TenantNotFoundError
from tenants.models import Tenant

from .errors import CoveredError, RetainerEndedError, RetainerFullError, RetainerNotFoundError
from .selectors import get_retainer, plan_ends
from .terms import NOT_STARTED, most_places

IN_FORCE: Final = frozenset({"active", "past_due", "unpaid", NOT_STARTED})


def cover_community(*, key: str, tenant_id: int, actor: Actor) -> RetainerPlace:
    """The community has the retainer's plan from now on, or from its first day where that is ahead. Idempotent. Pages on which a plan could be bought for it are closed first;
    what was bought on one meanwhile counts.

    Locks the tenant's billing, the payer's, the retainer, then the tenant. Recorded in the community's audit log; publishes EntitlementsChanged.
    Raises RetainerNotFoundError, RetainerEndedError, RetainerFullError, CoveredError, AlreadySubscribedError, TenantNotFoundError;
    StripeAwayError, BillingBusyError: then nothing was changed.
    """
    with enter_schema(PUBLIC):
        found = get_retainer(key=key)
        standing, payer_id = _find_standing(found, tenant_id), found.payer_id
    if standing is not None:
        return standing
    close_checkouts(tenant_id=tenant_id)
    with holding_tenant(tenant_id), holding_payer(payer_id):
        if BillingAttempt.objects.filter(
            tenant_id=tenant_id, kind=BillingAttempt.Kind.CHECKOUT, state=BillingAttempt.State.OPEN
        ).exists():
            raise BillingBusyError  # Somebody opened another in this very moment.
        row = lock_retainer(key)
        place = _find_standing(row, tenant_id)
        if place is None:
            place = RetainerPlace.objects.create(retainer=row, tenant_id=tenant_id)
            write_entitlements(tenant_id=tenant_id)
            _record(place, actor, "plan.covered")
    return place


def release_community(*, key: str, tenant_id: int, actor: Actor) -> RetainerPlace | None:
    """Take it out; its plan goes on for the days of grace, and payer and owner are written to. None where it is not in it. Idempotent.

    Locks, audit and events as cover_community. Raises RetainerNotFoundError.
    """
    with enter_schema(PUBLIC), transaction.atomic():
        row = lock_retainer(key)
        place = RetainerPlace.objects.filter(retainer=row, tenant_id=tenant_id, left_at=None).first()
        if place is not None:
            _leave([place], actor)
    return place


def leave_retainer(*, tenant_id: int, key: str, actor: Actor) -> RetainerPlace | None:
    """The community takes itself out of the retainer that was shown to it, without asking anybody: its plan goes on for the days of grace,
    payer and owner are written to, and the place is free. None where it is not in that one any more: somebody was quicker. Idempotent.

    Locks the retainer, then the tenant. Recorded in the community's audit log; publishes EntitlementsChanged.
    """
    with enter_schema(PUBLIC), transaction.atomic():
        standing = RetainerPlace.objects.filter(
            tenant_id=tenant_id, left_at=None, retainer__key=key.replace("\x00", "")[:26]
        )
        if not standing.exists():
            return None
        row = lock_retainer(key)
        place = RetainerPlace.objects.filter(retainer=row, tenant_id=tenant_id, left_at=None).first()
        if place is not None:
            _leave([place], actor, by_itself=True)
    return place


def release_all(row: Retainer, actor: Actor) -> None:
    """The retainer is over. In the caller's transaction, which holds its row."""
    _leave(list(RetainerPlace.objects.filter(retainer=row, left_at=None).order_by("pk")), actor, row.ended_at)


def release_deleted(*, tenant_id: int, actor: Actor) -> None:
    """A community that goes gives its place back. Idempotent."""
    with enter_schema(PUBLIC):
        place = (
            RetainerPlace.objects.select_related("retainer").filter(tenant_id=tenant_id, left_at=None).first()
        )
    if place is not None:
        release_community(key=place.retainer.key, tenant_id=tenant_id, actor=actor)


def rewrite_covered(row: Retainer) -> None:
    """Bring what the covered communities may do to how the retainer stands now."""
    ids = RetainerPlace.objects.filter(retainer=row, left_at=None).order_by("tenant_id")
    for tenant_id in ids.values_list("tenant_id", flat=True):
        write_entitlements(tenant_id=tenant_id)


def lock_retainer(key: str) -> Retainer:
    """Raises RetainerNotFoundError."""
    row = (
        Retainer.objects.select_for_update(of=("self",))
        .select_related("payer__user")
        .filter(key=key[:26])
        .first()
    )
    if row is None:
        raise RetainerNotFoundError
    return row


def _find_standing(row: Retainer, tenant_id: int) -> RetainerPlace | None:
    """The community's place in this retainer; None where it can be taken in. Raises as cover_community."""
    tenant = Tenant.objects.filter(pk=tenant_id, state=Tenant.State.ACTIVE).first()
    if tenant is None:
        raise TenantNotFoundError(tenant_id)
    places = RetainerPlace.objects.select_related("retainer__payer__user", "tenant")
    standing = places.filter(tenant=tenant, left_at=None).first()
    if standing is not None and standing.retainer_id == row.pk:
        return standing
    if standing is not None:
        raise CoveredError(tenant.name, str(standing.retainer.payer))
    if row.ended_at is not None or row.status not in IN_FORCE:
        raise RetainerEndedError
    if RetainerPlace.objects.filter(retainer=row, left_at=None).count() >= most_places(row):
        raise RetainerFullError(most_places(row))
    paid = Subscription.objects.filter(tenant=tenant, ended_at=None, cancel_at=None).first()
    if paid is not None:
        raise AlreadySubscribedError(plan_name(paid.plan))
    return None


def leave_for_own_plan(place: RetainerPlace, actor: Actor) -> None:
    """The community pays for a plan of its own: it needs no place, and nobody has to choose anything. In the caller's transaction,
    which holds the retainer's row."""
    _leave([place], actor, tell=False)


def _leave(
    places: Iterable[RetainerPlace],
    actor: Actor,
    ended_at: datetime | None = None,
    *,
    tell: bool = True,
    by_itself: bool = False,
) -> None:
    now = min(ended_at or clock.now(), clock.now())
    for place in places:
        place.left_at = max(now, place.joined_at)
        place.save(update_fields=["left_at"])
        write_entitlements(tenant_id=place.tenant_id)
        _record(place, actor, "plan.cover_left" if by_itself else "plan.uncovered")
        if tell and place.tenant.state == Tenant.State.ACTIVE:
            _tell_left(place, by_itself)


def _tell_left(place: RetainerPlace, by_itself: bool) -> None:
    """With the day on which the plan ends now, which an invoice that is late brings nearer."""
    begins, ends = place.retainer.starts_at, plan_ends(place)
    assert place.left_at is not None
    assert ends is not None
    ahead = begins is not None and place.left_at < begins
    if by_itself:
        write_retainer_quit(place, None if ahead else ends)
    elif ahead and begins is not None:
        write_retainer_called_off(place, begins)
    else:
        write_retainer_left(place, ends)


def _record(place: RetainerPlace, actor: Actor, action: str) -> None:
    facts = {"plan": plan_name(place.retainer.plan), "payer": str(place.retainer.payer)}
    record(tenant=place.tenant, actor=actor, action=action, after=facts)
