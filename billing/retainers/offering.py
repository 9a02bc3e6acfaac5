"""Whoever pays for a retainer fills its places: with communities of their own at once, with others' once their owner accepts.

Invariants: nobody's community is put under somebody else's retainer without somebody who may decide about its plan; as many offers wait
as there are free places, so that no stranger is written to for nothing; only the retainer's own payer sees or changes anything of it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.db.models import QuerySet

from billing.attempts import State, settle
from billing.audit import record
from billing.letters import write_place_offered
from billing.locks import holding_payer
from billing.models import BillingAttempt, Retainer, RetainerPlace
from billing.moving import OFFERED_FOR
from billing.wording import plan_name
from engagement.audit.actor import Actor
from saas.core import clock
from saas.core.errors import InvalidInputError
from saas.core.schemas import PUBLIC, enter_schema
from tenants.models import Membership, Tenant, User
from tenants.permissions import rights_in_force, rights_of_user
from tenants.seats import with_seats

from .covering import IN_FORCE, cover_community, release_community
from .errors import (
    PlaceOfferOverError,
    RetainerEndedError,
    RetainerFullError,
    RetainerNotFoundError,
)
from .selectors import get_retainer
from .terms import most_places

KIND = BillingAttempt.Kind.COVER


@dataclass(frozen=True, slots=True)
class PlaceOffer:
    """A place of `retainer` that waits for somebody of `attempt.tenant` to accept it, until `attempt.expires_at`."""

    attempt: BillingAttempt
    retainer: Retainer


def get_own_retainer(*, key: str, user: User) -> Retainer:
    """One that this user pays for. Raises RetainerNotFoundError for any other."""
    row = get_retainer(key=key)
    if row.payer.user_id != user.pk:
        raise RetainerNotFoundError
    return row


def list_fitting(*, user: User) -> list[Tenant]:
    """Open communities about whose plan the user decides, and that no retainer covers, by name. Two queries."""
    with enter_schema(PUBLIC):
        covered = set(RetainerPlace.objects.filter(left_at=None).values_list("tenant_id", flat=True))
        mine = with_seats(Membership.objects.filter(user=user, tenant__state=Tenant.State.ACTIVE))
        found = [
            one.tenant for one in mine.select_related("tenant") if rights_in_force(one).may("manage_billing")
        ]
    return sorted((one for one in found if one.pk not in covered), key=lambda one: (one.name, one.pk))


def take_in(*, key: str, tenant_id: int, user: User, actor: Actor) -> RetainerPlace:
    """A community of the payer's own, at once. Idempotent. Raises as cover_community, and RetainerNotFoundError for another's retainer
    and InvalidInputError for a community that is not theirs to decide about."""
    row = get_own_retainer(key=key, user=user)
    if not _decides(user, tenant_id):
        raise InvalidInputError(
            "You don’t decide about this community’s plan. Offer the place to its owner by its address.",
            field="tenant",
        )
    return cover_community(key=row.key, tenant_id=tenant_id, actor=actor)


def take_out(*, key: str, tenant_id: int, user: User, actor: Actor) -> RetainerPlace | None:
    """Any community that the payer's retainer covers. As release_community. Raises RetainerNotFoundError for another's retainer."""
    row = get_own_retainer(key=key, user=user)
    return release_community(key=row.key, tenant_id=tenant_id, actor=actor)


def offer_place(*, key: str, slug: str, user: User, actor: Actor) -> PlaceOffer | RetainerPlace:
    """Offer a free place to the community at this address; its owner is written to and decides. One that is the payer's own is taken in
    at once. Idempotent while the offer waits.

    Holds the payer's lock. Recorded in the community's audit log. Raises RetainerNotFoundError, RetainerEndedError, RetainerFullError
    where other offers wait for all free places, PlaceOfferOverError where it was declined lately, InvalidInputError for an address
    that is none; for an own community as cover_community.
    """
    row = get_own_retainer(key=key, user=user)
    with enter_schema(PUBLIC):
        tenant = Tenant.objects.filter(
            slug=slug.replace("\x00", "").strip().lower()[:63], state=Tenant.State.ACTIVE
        ).first()
    if tenant is None:
        raise InvalidInputError(
            f"No community has the address “{slug.strip()[:63]}”. Write the first part of it alone.",
            field="slug",
        )
    if _decides(user, tenant.pk):
        return cover_community(key=row.key, tenant_id=tenant.pk, actor=actor)
    with holding_payer(row.payer_id):
        return _offer(get_retainer(key=key), tenant, actor)


def list_offers(*, retainer: Retainer | None = None, tenant_id: int | None = None) -> list[PlaceOffer]:
    """Those that wait: of a retainer, or to a community. Two queries."""
    with enter_schema(PUBLIC):
        rows = _waiting()
        if retainer is not None:
            rows = rows.filter(payer_id=retainer.payer_id, wanted__retainer=retainer.key)
        if tenant_id is not None:
            rows = rows.filter(tenant_id=tenant_id)
        attempts = list(rows.order_by("pk"))
        keys = [one.wanted["retainer"] for one in attempts]
        known = {one.key: one for one in Retainer.objects.select_related("payer__user").filter(key__in=keys)}
    return [PlaceOffer(one, known[one.wanted["retainer"]]) for one in attempts]


def accept_place(*, tenant_id: int, offer_key: str, actor: Actor) -> RetainerPlace:
    """Somebody who decides about the community's plan takes the offer. Idempotent. A race that is tolerated: an offer that is taken back
    in this very moment counts as accepted, and its payer takes the community out again.

    Raises PlaceOfferOverError, and as cover_community.
    """
    offer = _find(tenant_id, offer_key)
    place = cover_community(key=offer.retainer.key, tenant_id=tenant_id, actor=actor)
    settle(offer.attempt, State.DONE)
    return place


def decline_place(*, tenant_id: int, offer_key: str, actor: Actor) -> None:
    """It is not offered again for a week. Recorded in the community's audit log. Raises PlaceOfferOverError."""
    with enter_schema(PUBLIC):
        offer = _find(tenant_id, offer_key)
        BillingAttempt.objects.filter(pk=offer.attempt.pk).update(
            wanted={**offer.attempt.wanted, "declined": True}
        )
        _end(offer, actor)


def withdraw_place(*, key: str, offer_key: str, user: User, actor: Actor) -> None:
    """The payer takes an offer back. Recorded as decline_place. Raises RetainerNotFoundError, PlaceOfferOverError."""
    row = get_own_retainer(key=key, user=user)
    found = next((one for one in list_offers(retainer=row) if one.attempt.key == offer_key), None)
    if found is None:
        raise PlaceOfferOverError
    with enter_schema(PUBLIC):
        _end(found, actor)


def _offer(row: Retainer, tenant: Tenant, actor: Actor) -> PlaceOffer | RetainerPlace:
    """The payer's lock is held."""
    if row.ended_at is not None or row.status not in IN_FORCE:
        raise RetainerEndedError
    places = RetainerPlace.objects.filter(retainer=row, left_at=None)
    covered = places.filter(tenant=tenant).first()
    if covered is not None:
        return covered
    waiting = list_offers(retainer=row)
    standing = next((one for one in waiting if one.attempt.tenant_id == tenant.pk), None)
    if standing is not None:
        return standing
    declined = BillingAttempt.objects.filter(
        tenant=tenant, payer_id=row.payer_id, kind=KIND, wanted__declined=True,
        created_at__gt=clock.now() - OFFERED_FOR,
    )  # fmt: skip
    if declined.exists():
        raise PlaceOfferOverError(
            f"{tenant.name} declined a place lately. Ask its owner before you offer it again."
        )
    if places.count() + len(waiting) >= most_places(row):
        raise RetainerFullError(most_places(row), waiting=len(waiting))
    made = BillingAttempt.objects.create(
        tenant=tenant, payer=row.payer, kind=KIND, wanted={"retainer": row.key}, actor=asdict(actor),
        expires_at=clock.now() + OFFERED_FOR,
    )  # fmt: skip
    write_place_offered(row, tenant, OFFERED_FOR)
    _record(made, row, actor, "plan.cover_offered")
    return PlaceOffer(made, row)


def _end(offer: PlaceOffer, actor: Actor) -> None:
    if settle(offer.attempt, State.FAILED):
        _record(offer.attempt, offer.retainer, actor, "plan.cover_offer_ended")


def _record(attempt: BillingAttempt, row: Retainer, actor: Actor, action: str) -> None:
    facts = {"plan": plan_name(row.plan), "payer": str(row.payer)}
    record(tenant=attempt.tenant, actor=actor, action=action, after=facts)


def _find(tenant_id: int, offer_key: str) -> PlaceOffer:
    found = next((one for one in list_offers(tenant_id=tenant_id) if one.attempt.key == offer_key), None)
    if found is None:
        raise PlaceOfferOverError
    return found


def _waiting() -> QuerySet[BillingAttempt]:
    rows = BillingAttempt.objects.select_related("tenant", "payer__user")
    return rows.filter(kind=KIND, state=State.OPEN, expires_at__gt=clock.now())


def _decides(user: User, tenant_id: int) -> bool:
    with enter_schema(PUBLIC):
        return rights_of_user(user_id=user.pk, tenant_id=tenant_id).may("manage_billing")
