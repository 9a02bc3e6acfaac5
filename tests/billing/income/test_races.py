"""Two at once: two tabs, two organisers, a webhook and the return page. Each proves with its lock off that it could see the bug."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction

from billing.income import checkouts, customers, mirror, refunds
from billing.income.checkouts import begin_support
from billing.income.mirror import refresh_support
from billing.income.refunds import refund_payment
from billing.mirror import fetch_subscription
from engagement.audit.models import AuditEntry
from engagement.ledger.models import Cause, LedgerEntry
from saas.core.schemas import PUBLIC, enter_schema
from tenants.context import enter_tenant
from tests.billing.income.world import OWNER, World
from tests.billing.test_permutations import closing, wait_until_held_up
from tests.billing.test_races import at_once, meet
from tests.limits.racing import ROUNDS

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("committed_db")]
rounds = pytest.mark.parametrize("rounds", ROUNDS)
both = pytest.mark.parametrize("locked", [True, False])


@contextmanager
def unlocked(_tenant: int, _member: int) -> Iterator[None]:
    """billing.locks.holding_support without its lock, and without a transaction, in which rows would stay locked."""
    with enter_schema(PUBLIC):
        yield


@rounds
@both
def test_two_tabs_begin_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch, locked: bool, rounds: int
) -> None:
    """There is one open page, whatever was chosen; else both could be paid."""
    first, second = world.tier(), world.tier(currency="eur")
    if not locked:
        for module in (checkouts, customers):
            monkeypatch.setattr(module, "holding_support", unlocked)
        # Both have seen no other page before either writes that it opens one.
        monkeypatch.setattr(checkouts, "find_running", meet(checkouts.find_running))
    for _ in range(rounds):
        member = world.member()

        def begin(key: str, member_id: int = member.pk) -> Callable[[], Any]:
            return lambda: begin_support(context=world.context, member_id=member_id, tier_key=key)

        became = at_once(begin(first.key), begin(second.key))
        mine = checkouts.SupportCheckout.objects.filter(customer__member_id=member.pk, state="open")
        opened = [
            row
            for row in mine
            if row.stripe_id and world.stripe.v1.checkout.sessions.retrieve(row.stripe_id).status == "open"
        ]
        assert len(opened) == (1 if locked else 2)
        assert "done" in became
        if locked:
            assert set(became) <= {"done", "billing_busy"}


@rounds
@both
def test_two_organisers_give_back_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch, locked: bool, rounds: int
) -> None:
    """Stripe's own idempotency keeps the money in any case; without the lock both are recorded as having given it back."""
    if not locked:
        monkeypatch.setattr(refunds, "holding_support", unlocked)
        monkeypatch.setattr(refunds, "_find_charge", meet(refunds._find_charge))
        monkeypatch.setattr(refunds, "record_audit", transaction.atomic(refunds.record_audit))
    tier = world.tier(points=50)
    for _ in range(rounds):
        member = world.member()
        world.support(member, tier)
        key = world.payments()[-1].key

        def act(key: str = key) -> Any:
            return refund_payment(context=world.context, payment_key=key, end=False, actor=OWNER)

        became = at_once(act, act)
        assert "done" in became
        with enter_tenant(world.context):
            recorded = AuditEntry.objects.filter(
                action="supporter.refunded", target_id=str(member.pk)
            ).count()
        assert recorded == (1 if locked else 2)
        assert (world.points(member), sum(one.amount_refunded for one in world.charges(member))) == (0, 500)


@rounds
def test_a_webhook_and_the_return_page_at_once_give_points_once(world: World, rounds: int) -> None:
    tier = world.tier(points=50)
    for _ in range(rounds):
        member = world.member()
        session = world.begin(member, tier)
        world.pay(session)
        support = str(world.stripe.v1.checkout.sessions.retrieve(session).subscription)
        became = at_once(
            lambda member=member, session=session: world.apply(member, session),
            lambda support=support: refresh_support(stripe_id=support),
        )
        assert became == ["done", "done"]
        assert world.points(member) == 50
        with enter_tenant(world.context):
            assert LedgerEntry.objects.filter(cause_kind=Cause.SUPPORT, member_id=member.pk).count() == 1
        assert world.news().count("Joined") == world.recorded().count("joined")


@rounds
@both
def test_what_was_fetched_last_is_what_stays(
    world: World, monkeypatch: pytest.MonkeyPatch, locked: bool, rounds: int
) -> None:
    """Somebody fetched the support, it was cancelled, somebody else fetched and wrote; then the first one writes."""
    member = world.member()
    stripe_id = world.support(member, world.tier()).reference
    if not locked:
        monkeypatch.setattr(mirror, "holding_support", unlocked)

    for _ in range(rounds):
        with monkeypatch.context() as patch:
            fetch_across_a_change(world, patch, stripe_id)
        assert (world.supporter(member).cancel_at is not None) is locked
        world.stripe.v1.subscriptions.update(stripe_id, {"cancel_at_period_end": False})
        refresh_support(stripe_id=stripe_id)


def fetch_across_a_change(world: World, patch: pytest.MonkeyPatch, stripe_id: str) -> None:
    """The first one goes on once the second has written, or is held up by a lock."""
    fetched, changed = threading.Event(), threading.Event()
    calls = iter(range(100))

    def fetch(asked: str) -> Any:
        data = fetch_subscription(asked)
        if next(calls) == 0:
            fetched.set()
            assert changed.wait(60)
        return data

    patch.setattr(mirror, "fetch_subscription", fetch)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(closing, refresh_support, stripe_id=stripe_id)
        assert fetched.wait(30)
        world.stripe.v1.subscriptions.update(stripe_id, {"cancel_at_period_end": True})
        second = pool.submit(closing, refresh_support, stripe_id=stripe_id)
        wait_until_held_up(second)
        changed.set()
        first.result(30)
        second.result(30)
