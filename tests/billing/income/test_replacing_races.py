"""Two clicks at once about whose account the money goes to. Each proves with the lock off that it could see the bug."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction

from billing.income import accounts, replacing
from billing.income.accounts import refresh_account
from billing.income.models import PayoutAccount
from billing.income.replacing import call_off_replacement, confirm_account
from saas.core.schemas import PUBLIC, enter_schema
from tests.billing.income.handing import answer, ask_another, hand_over, recorded, states
from tests.billing.income.world import OWNER, World
from tests.billing.making import owner_of
from tests.billing.test_permutations import closing, wait_until_held_up
from tests.billing.test_races import at_once, meet
from tests.limits.racing import ROUNDS

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("committed_db")]
rounds = pytest.mark.parametrize("rounds", ROUNDS)
both = pytest.mark.parametrize("locked", [True, False])


@contextmanager
def unlocked(_tenant: int) -> Iterator[None]:
    """billing.locks.holding_payouts, which holds nobody up."""
    with enter_schema(PUBLIC), transaction.atomic():
        yield


def take_locks_off(patch: pytest.MonkeyPatch) -> None:
    for module in (accounts, replacing):
        patch.setattr(module, "holding_payouts", unlocked)


@rounds
@both
def test_two_tabs_confirm_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch, locked: bool, rounds: int
) -> None:
    """It is confirmed, and recorded, once."""
    heir, key = hand_over(world), world.account().key
    if not locked:
        take_locks_off(monkeypatch)
        monkeypatch.setattr(replacing, "_find", meet(replacing._find))

    def act() -> object:
        return confirm_account(tenant_id=world.tenant_id, user=heir, actor=OWNER, key=key)

    for number in range(1, rounds + 1):
        PayoutAccount.objects.update(confirmed_for=None)
        assert at_once(act, act) == ["done", "done"]
        assert recorded(world).count("confirmed") == number * (1 if locked else 2)
        assert world.account().can_sell


@rounds
@both
def test_calling_off_and_taking_over_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch, locked: bool, rounds: int
) -> None:
    """Somebody calls the next account off while Stripe's news make it stand: one account stands in any case; without the lock none."""
    owner, first = owner_of(world.community), world.account().pk
    if not locked:
        take_locks_off(monkeypatch)
    for _ in range(rounds):
        answer(ask_another(world, owner))
        with monkeypatch.context() as patch:
            call_off_across_a_switch(world, patch)
        assert states(world) == (["standing", "dropped"] if locked else ["former", "dropped"])
        PayoutAccount.objects.exclude(pk=first).delete()
        PayoutAccount.objects.update(state="standing", settled_at=None)


def call_off_across_a_switch(world: World, patch: pytest.MonkeyPatch) -> None:
    """Who calls it off goes on once the switch is done, or is held up by the lock."""
    found, switched, find = threading.Event(), threading.Event(), replacing._find

    def find_and_wait(tenant_id: int, state: str) -> Any:
        row = find(tenant_id, state)
        found.set()
        assert switched.wait(60)
        return row

    patch.setattr(replacing, "_find", find_and_wait)
    owner = owner_of(world.community)
    act: Callable[..., Any] = call_off_replacement
    with ThreadPoolExecutor(2) as pool:
        off = pool.submit(closing, act, tenant_id=world.tenant_id, user=owner, actor=OWNER)
        assert found.wait(30)
        switch = pool.submit(closing, refresh_account, tenant_id=world.tenant_id)
        wait_until_held_up(switch)
        switched.set()
        off.result(30)
        switch.result(30)
