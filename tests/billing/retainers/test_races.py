"""Two communities are taken in at the same moment, and one place is left; a place is agreed away, or a plan bought, in that moment."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction

from billing import checkout
from billing.entitling import write_entitlements
from billing.errors import BillingBusyError
from billing.models import Retainer, RetainerPlace
from billing.retainers import changing, covering
from billing.retainers.agreeing import end_retainer
from billing.retainers.changing import change_terms, preview_terms
from billing.retainers.covering import cover_community, leave_retainer, release_community
from billing.retainers.errors import CoveredError, FewerPlacesError, RetainerFullError
from billing.retainers.terms import Deal
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from tests.billing.shop import ACTOR, Shop
from tests.cast import GLOBEX
from tests.limits.racing import ROUNDS, at_once, meet, row_locks_off

from .agreeing import agree
from .test_offering import logged

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("committed_db")]


def race(row: Retainer, both: list[Shop], patch: pytest.MonkeyPatch) -> tuple[int, list[type]]:
    """Both are to be covered. Answers how many are, and what the others were refused with."""
    taking, together = RetainerPlace.objects.create, meet(threading.Barrier(2))

    def take(**given: Any) -> RetainerPlace:
        together()
        return taking(**given)

    with patch.context() as inner:
        inner.setattr(RetainerPlace.objects, "create", take)
        refused = at_once(
            *(
                lambda one=one: cover_community(key=row.key, tenant_id=one.tenant.pk, actor=ACTOR)
                for one in both
            )
        )
    covered = list(RetainerPlace.objects.filter(left_at=None))
    plans = [one.plan_in_force(clock.now())[0] for one in both]
    assert plans.count("growth") == len(covered)
    RetainerPlace.objects.all().delete()
    for one in both:
        write_entitlements(tenant_id=one.tenant.pk)
    return len(covered), [type(error) for error in refused]


@pytest.fixture
def both(shop: Shop) -> list[Shop]:
    return [shop, Shop(shop.server, GLOBEX)]


@pytest.mark.parametrize("rounds", ROUNDS)
def test_the_last_place_is_taken_once(
    shop: Shop, both: list[Shop], monkeypatch: pytest.MonkeyPatch, rounds: int
) -> None:
    row = agree(shop, places=1)
    for _ in range(rounds):
        assert race(row, both, monkeypatch) == (1, [RetainerFullError])


def test_without_the_lock_both_take_it(shop: Shop, both: list[Shop], monkeypatch: pytest.MonkeyPatch) -> None:
    row = agree(shop, places=1)
    monkeypatch.setattr(covering, "holding_payer", no_lock)
    with row_locks_off(monkeypatch):
        covered, refused = race(row, both, monkeypatch)
    assert (covered, refused) == (2, [])


@contextmanager
def no_lock(_: int) -> Iterator[None]:
    """A transaction of the public schema, as with the lock."""
    with enter_schema(PUBLIC), transaction.atomic():
        yield


def race_for_a_place(row: Retainer, one: Shop, patch: pytest.MonkeyPatch) -> tuple[int, int, list[type]]:
    """The last place is taken while it is agreed away. Answers (covered, places) and what was refused."""
    wanted = Deal("growth", 1_000 + row.revision, 1, 30)
    shown = preview_terms(key=row.key, deal=wanted, when="now")
    taking, telling, together = RetainerPlace.objects.create, changing._tell, meet(threading.Barrier(2))

    def take(**given: Any) -> RetainerPlace:
        together()
        return taking(**given)

    def tell(*given: Any) -> None:
        together()
        telling(*given)

    with patch.context() as inner:
        inner.setattr(RetainerPlace.objects, "create", take)
        inner.setattr(changing, "_tell", tell)
        refused = at_once(
            lambda: cover_community(key=row.key, tenant_id=one.tenant.pk, actor=ACTOR),
            lambda: change_terms(
                key=row.key,
                deal=wanted,
                when="now",
                proration_date=shown.proration_date,
                version=shown.version,
            ),
        )
    row.refresh_from_db()
    covered = RetainerPlace.objects.filter(left_at=None).count()
    return covered, row.places, [type(error) for error in refused]


@pytest.mark.parametrize("rounds", ROUNDS)
def test_no_more_are_covered_than_are_agreed_on(
    shop: Shop, both: list[Shop], monkeypatch: pytest.MonkeyPatch, rounds: int
) -> None:
    for _ in range(rounds):
        row = agree(shop)
        cover_community(key=row.key, tenant_id=shop.tenant.pk, actor=ACTOR)
        covered, places, refused = race_for_a_place(row, both[1], monkeypatch)
        assert (covered, places) in {(1, 1), (2, 2)}
        assert refused in ([RetainerFullError], [FewerPlacesError])
        end_retainer(key=row.key, at_once=True)


def test_without_the_lock_one_is_covered_that_has_no_place(
    shop: Shop, both: list[Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = agree(shop)
    cover_community(key=row.key, tenant_id=shop.tenant.pk, actor=ACTOR)
    for module in (covering, changing):
        monkeypatch.setattr(module, "holding_payer", no_lock)
    with row_locks_off(monkeypatch):
        assert race_for_a_place(row, both[1], monkeypatch) == (2, 1, [])


def race_for_a_plan(row: Retainer, one: Shop, patch: pytest.MonkeyPatch) -> tuple[int, int]:
    """It is taken in while somebody begins to buy a plan for it. Answers (covered, pages on which it can be paid)."""
    taking, writing, together = (
        RetainerPlace.objects.create,
        checkout.write_attempt,
        meet(threading.Barrier(2)),
    )

    def take(**given: Any) -> RetainerPlace:
        together()
        return taking(**given)

    def write(**given: Any) -> Any:
        together()
        return writing(**given)

    with patch.context() as inner:
        inner.setattr(RetainerPlace.objects, "create", take)
        inner.setattr(checkout, "write_attempt", write)
        refused = at_once(
            lambda: cover_community(key=row.key, tenant_id=one.tenant.pk, actor=ACTOR),
            lambda: one.begin("pro"),
        )
    assert {type(error) for error in refused} <= {CoveredError, BillingBusyError}
    covered = RetainerPlace.objects.filter(left_at=None)
    pages = [s for s in one.stripe.v1.checkout.sessions.list().data if s.status == "open"]
    found = covered.count(), len(pages)
    covered.delete()
    checkout.close_checkouts(tenant_id=one.tenant.pk)
    return found


@pytest.mark.parametrize("rounds", ROUNDS)
def test_nobody_can_pay_for_a_community_that_is_taken_in(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, rounds: int
) -> None:
    row = agree(shop)
    for _ in range(rounds):
        covered, pages = race_for_a_plan(row, shop, monkeypatch)
        assert covered + pages <= 1


def test_without_the_lock_somebody_can(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    row = agree(shop)
    for module in (covering, checkout):
        monkeypatch.setattr(module, "holding_tenant", no_lock)
    assert race_for_a_plan(row, shop, monkeypatch) == (1, 1)


def race_to_leave(row: Retainer, one: Shop, patch: pytest.MonkeyPatch) -> int:
    """The community leaves while its payer takes it out. Answers how often that was recorded."""
    writing, together = covering.write_entitlements, meet(threading.Barrier(2))

    def write(**given: Any) -> Any:
        together()
        return writing(**given)

    before = times_left(one)
    with patch.context() as inner:
        inner.setattr(covering, "write_entitlements", write)
        assert not at_once(
            lambda: leave_retainer(tenant_id=one.tenant.pk, key=row.key, actor=ACTOR),
            lambda: release_community(key=row.key, tenant_id=one.tenant.pk, actor=ACTOR),
        )
    assert not RetainerPlace.objects.filter(left_at=None).exists()
    return times_left(one) - before


def times_left(one: Shop) -> int:
    return logged(one, "plan.cover_left") + logged(one, "plan.uncovered")


@pytest.mark.parametrize("rounds", ROUNDS)
def test_who_leaves_and_is_taken_out_at_once_is_gone_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, rounds: int
) -> None:
    row = agree(shop)
    for _ in range(rounds):
        cover_community(key=row.key, tenant_id=shop.tenant.pk, actor=ACTOR)
        assert race_to_leave(row, shop, monkeypatch) == 1


def test_without_the_lock_it_is_gone_twice(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    row = agree(shop)
    cover_community(key=row.key, tenant_id=shop.tenant.pk, actor=ACTOR)
    with row_locks_off(monkeypatch):
        assert race_to_leave(row, shop, monkeypatch) == 2
