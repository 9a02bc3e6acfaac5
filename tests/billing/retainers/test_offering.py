"""Whoever pays fills the places: own communities at once, others' once somebody who decides there accepts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.models import BillingAttempt, Retainer, RetainerPlace
from billing.retainers.agreeing import end_retainer
from billing.retainers.covering import release_community
from billing.retainers.errors import (
    PlaceOfferOverError,
    RetainerEndedError,
    RetainerFullError,
    RetainerNotFoundError,
)
from billing.retainers.offering import (
    PlaceOffer,
    accept_place,
    decline_place,
    list_fitting,
    list_offers,
    offer_place,
    take_in,
    take_out,
    withdraw_place,
)
from engagement.audit.models import AuditEntry
from saas.core import clock
from saas.core.errors import InvalidInputError
from tenants.context import TenantContext, enter_tenant
from tenants.models import Membership
from tests.billing.shop import ACTOR, Shop
from tests.cast import GLOBEX
from tests.mailbox import send_waiting

from .agreeing import agree

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def other(shop: Shop) -> Shop:
    return Shop(shop.server, GLOBEX)


def offer(row: Retainer, shop: Shop, other: Shop) -> PlaceOffer:
    made = offer_place(key=row.key, slug="globex", user=shop.owner, actor=ACTOR)
    assert isinstance(made, PlaceOffer)
    return made


def logged(shop: Shop, action: str) -> int:
    with enter_tenant(TenantContext.of(shop.tenant)):
        return AuditEntry.objects.filter(action=action).count()


def test_own_communities_go_in_and_out(shop: Shop, other: Shop) -> None:
    row = agree(shop)
    assert [one.slug for one in list_fitting(user=shop.owner)] == ["acme"]
    for _ in range(2):
        take_in(key=row.key, tenant_id=shop.tenant.pk, user=shop.owner, actor=ACTOR)
    assert list_fitting(user=shop.owner) == []
    assert shop.plan_in_force(clock.now()) == ("growth", "paid")
    assert take_out(key=row.key, tenant_id=shop.tenant.pk, user=shop.owner, actor=ACTOR) is not None
    assert (logged(shop, "plan.covered"), logged(shop, "plan.uncovered")) == (1, 1)
    # By its address as well, and at once.
    assert isinstance(offer_place(key=row.key, slug=" ACME ", user=shop.owner, actor=ACTOR), RetainerPlace)


def test_anothers_community_is_asked_first(shop: Shop, other: Shop) -> None:
    row = agree(shop)
    with pytest.raises(InvalidInputError, match="Offer the place to its owner"):
        take_in(key=row.key, tenant_id=other.tenant.pk, user=shop.owner, actor=ACTOR)
    # An admin there sees the plan, and decides nothing about it.
    Membership.objects.create(user=shop.owner, tenant=other.tenant, role="admin")
    with pytest.raises(InvalidInputError):
        take_in(key=row.key, tenant_id=other.tenant.pk, user=shop.owner, actor=ACTOR)
    made = offer(row, shop, other)
    assert offer(row, shop, other).attempt.pk == made.attempt.pk
    assert [(one.to[0], one.subject) for one in send_waiting()] == [
        (other.owner.email, "Agency Ltd would like to pay for Globex Guild")
    ]
    assert other.plan_in_force(clock.now())[0] == "free"
    (waiting,) = list_offers(tenant_id=other.tenant.pk)
    accept_place(tenant_id=other.tenant.pk, offer_key=waiting.attempt.key, actor=ACTOR)
    assert other.plan_in_force(clock.now()) == ("growth", "paid")
    assert list_offers(retainer=row) == []
    assert (logged(other, "plan.cover_offered"), logged(other, "plan.covered")) == (1, 1)


def test_declined_it_is_not_offered_again_for_a_week(shop: Shop, other: Shop) -> None:
    row = agree(shop)
    made = offer(row, shop, other)
    decline_place(tenant_id=other.tenant.pk, offer_key=made.attempt.key, actor=ACTOR)
    for act in (accept_place, decline_place):
        with pytest.raises(PlaceOfferOverError):
            act(tenant_id=other.tenant.pk, offer_key=made.attempt.key, actor=ACTOR)
    with pytest.raises(PlaceOfferOverError, match="declined a place lately"):
        offer(row, shop, other)
    with clock.frozen_at(clock.now() + timedelta(days=8)):
        assert offer(row, shop, other).attempt.pk != made.attempt.pk
    assert logged(other, "plan.cover_offer_ended") == 1


def test_taken_back_or_run_out_it_is_over(shop: Shop, other: Shop) -> None:
    row = agree(shop)
    made = offer(row, shop, other)
    withdraw_place(key=row.key, offer_key=made.attempt.key, user=shop.owner, actor=ACTOR)
    with pytest.raises(PlaceOfferOverError):
        withdraw_place(key=row.key, offer_key=made.attempt.key, user=shop.owner, actor=ACTOR)
    made = offer(row, shop, other)
    with clock.frozen_at(clock.now() + timedelta(days=8)), pytest.raises(PlaceOfferOverError):
        accept_place(tenant_id=other.tenant.pk, offer_key=made.attempt.key, actor=ACTOR)
    # Another community's offer is not there.
    with pytest.raises(PlaceOfferOverError):
        accept_place(tenant_id=shop.tenant.pk, offer_key=made.attempt.key, actor=ACTOR)


def test_no_more_are_offered_than_are_free(shop: Shop, other: Shop) -> None:
    row = agree(shop, places=1)
    offer(row, shop, other)
    take_in(key=row.key, tenant_id=shop.tenant.pk, user=shop.owner, actor=ACTOR)
    (made,) = list_offers(retainer=row)
    with pytest.raises(RetainerFullError):
        accept_place(tenant_id=other.tenant.pk, offer_key=made.attempt.key, actor=ACTOR)
    assert BillingAttempt.objects.get(pk=made.attempt.pk).state == "open"
    withdraw_place(key=row.key, offer_key=made.attempt.key, user=shop.owner, actor=ACTOR)
    with pytest.raises(RetainerFullError):
        offer(row, shop, other)
    release_community(key=row.key, tenant_id=shop.tenant.pk, actor=ACTOR)
    end_retainer(key=row.key, at_once=True)
    with pytest.raises(RetainerEndedError):
        offer(row, shop, other)


def test_anothers_retainer_is_not_there(shop: Shop, other: Shop) -> None:
    row = agree(shop)
    for act in (
        lambda: take_in(key=row.key, tenant_id=other.tenant.pk, user=other.owner, actor=ACTOR),
        lambda: take_out(key=row.key, tenant_id=other.tenant.pk, user=other.owner, actor=ACTOR),
        lambda: offer_place(key=row.key, slug="globex", user=other.owner, actor=ACTOR),
        lambda: withdraw_place(key=row.key, offer_key="x", user=other.owner, actor=ACTOR),
    ):
        with pytest.raises(RetainerNotFoundError):
            act()


@pytest.mark.parametrize("slug", ["nowhere", "", "<script>", "x" * 100_000, "\u202eemca"])
def test_an_address_that_is_none_is_told(shop: Shop, slug: str) -> None:
    with pytest.raises(InvalidInputError, match="No community has the address") as caught:
        offer_place(key=agree(shop).key, slug=slug, user=shop.owner, actor=ACTOR)
    assert len(str(caught.value)) < 200
