"""Two communities are taken in at the same moment, and one place is left."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from billing.entitling import write_entitlements
from billing.models import Retainer, RetainerPlace
from billing.retainers.covering import cover_community
from billing.retainers.errors import RetainerFullError
from saas.core import clock
from tests.billing.shop import ACTOR, Shop
from tests.cast import GLOBEX
from tests.limits.racing import ROUNDS, at_once, meet, row_locks_off

from .agreeing import agree

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
    with row_locks_off(monkeypatch):
        covered, refused = race(row, both, monkeypatch)
    assert (covered, refused) == (2, [])
