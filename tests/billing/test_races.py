"""Two at once: two owners, two tabs, two workers. Each race proves with its lock off that it could see the bug."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.db import connections, transaction
from stripe import CustomerService

from billing import changing, checkout, payers, performing, reminding
from billing.changing import change_plan
from billing.checkout import begin_checkout
from billing.models import BillingAttempt, Subscription
from billing.payers import obtain_customer, obtain_payer
from billing.reminding import remind
from saas.core.errors import EngageHubError
from saas.core.schemas import PUBLIC, enter_schema
from tests.billing.making import subscribed
from tests.billing.objects import NOON
from tests.billing.shop import ACTOR, Shop
from tests.mailbox import send_waiting

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("committed_db")]
rounds = pytest.mark.parametrize(
    "number", [*range(3), *(pytest.param(number, marks=pytest.mark.faults) for number in range(3, 100))]
)
both = pytest.mark.parametrize("locked", [True, False])


@contextmanager
def unlocked(_: int) -> Iterator[None]:
    """A lock of billing.locks that holds nobody up."""
    with enter_schema(PUBLIC), transaction.atomic():
        yield


@contextmanager
def unlocked_at_all(_: int) -> Iterator[None]:
    """No transaction either: in it the row that the first wrote would stay locked, and the second come after the first all the
    same."""
    with enter_schema(PUBLIC):
        yield


def meet(function: Callable[..., Any], parties: int = 2) -> Callable[..., Any]:
    """`function`, from which nobody comes back before all have what they asked for."""
    together = threading.Barrier(parties, timeout=5)

    def asked(*args: Any, **arguments: Any) -> Any:
        found = function(*args, **arguments)
        with suppress(threading.BrokenBarrierError):
            together.wait()
        return found

    return asked


def at_once(*acts: Callable[[], Any]) -> list[str]:
    """What became of each: done, or the code of what it raised."""

    def run(act: Callable[[], Any]) -> str:
        try:
            act()
            return "done"
        except EngageHubError as error:
            return error.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result(120) for future in [pool.submit(run, act) for act in acts]]


@rounds
@both
def test_two_owners_upgrade_at_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, locked: bool, number: int
) -> None:
    """One is charged, the other is told. With the lock off nobody is told, and both ask Stripe for a change of the same plan."""
    shop.skip_trial()
    shop.buy()
    shown = {name: shop.preview(*name) for name in (("pro", "month"), ("growth", "year"))}
    tenant = shop.tenant.pk
    if not locked:
        for module in (changing, performing):
            monkeypatch.setattr(module, "holding_tenant", unlocked_at_all)
        monkeypatch.setattr(performing, "look_held", meet(performing.look_held))
        monkeypatch.setattr(performing, "record", transaction.atomic(performing.record))

    def act(plan: str, interval: str) -> Callable[[], Any]:
        preview = shown[plan, interval]
        return lambda: change_plan(
            tenant_id=tenant,
            plan=plan,
            interval=interval,
            proration_date=preview.proration_date,
            version=preview.version,
            actor=ACTOR,
        )

    became = at_once(act("pro", "month"), act("growth", "year"))
    charged = [one for one in shop.stripe.v1.invoices.list({"limit": 100}).data if one.total]
    if not locked:
        # Both got as far as Stripe, which charged both or refused the later one; neither was told of the other.
        assert sorted(became) in (["done", "done"], ["done", "stripe_refused"])
        assert len(charged) == 1 + became.count("done")
        return
    assert sorted(became) == ["done", "plan_changed"]
    assert len(charged) == 2
    row = shop.row()
    assert (row.plan, row.interval) == (("pro", "month") if became[0] == "done" else ("growth", "year"))
    assert [one.state for one in BillingAttempt.objects.filter(kind="change").order_by("state")] == [
        "done",
        "failed",
    ]


@rounds
@both
def test_two_tabs_buy_at_once(shop: Shop, monkeypatch: pytest.MonkeyPatch, locked: bool, number: int) -> None:
    """There is one open page, whatever was chosen. With the lock off there are two, and both could be paid."""
    obtain_customer(payer=obtain_payer(user=shop.owner))
    if not locked:
        monkeypatch.setattr(checkout, "holding_tenant", unlocked_at_all)
        monkeypatch.setattr(checkout, "record", transaction.atomic(checkout.record))
        monkeypatch.setattr(checkout, "_prepare", meet(checkout._prepare))

    def act(plan: str) -> Callable[[], Any]:
        return lambda: begin_checkout(
            tenant_id=shop.tenant.pk, user=shop.owner, plan=plan, interval="month", currency="usd"
        )

    became = at_once(act("growth"), act("pro"))
    sessions = [one.status for one in shop.stripe.v1.checkout.sessions.list().data]
    assert sessions.count("open") == (1 if locked else 2)
    if locked:
        assert set(became) <= {"done", "billing_busy"}
        assert "done" in became


@rounds
@both
def test_two_at_once_make_one_customer(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, locked: bool, number: int
) -> None:
    """Stripe's idempotency key makes them one too; without lock and key there are two."""
    payer = obtain_payer(user=shop.owner)
    if not locked:
        create = CustomerService.create
        forget_key = meet(lambda service, params, options: create(service, params))
        monkeypatch.setattr(payers, "holding_payer", unlocked)
        monkeypatch.setattr(CustomerService, "create", forget_key)
    at_once(*(lambda: obtain_customer(payer=payer) for _ in range(2)))
    assert len(shop.server.control.objects("customer")) == (1 if locked else 2)


@rounds
@both
def test_two_workers_remind_at_once(monkeypatch: pytest.MonkeyPatch, locked: bool, number: int) -> None:
    """With the row's lock off both read that nothing was told."""
    row = subscribed(status="past_due", unpaid_since=NOON)
    if not locked:
        monkeypatch.setattr(
            Subscription.objects, "select_for_update", lambda **_: Subscription.objects.all(), raising=False
        )
        monkeypatch.setattr(reminding, "list_due", meet(reminding.list_due))
    at_once(*(lambda: remind(subscription_id=row.pk) for _ in range(2)))
    assert len(send_waiting()) == (1 if locked else 2)
