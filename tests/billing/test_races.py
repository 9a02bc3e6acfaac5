"""Two at once: two owners, two tabs, two workers. Each race proves with its lock off that it could see the bug."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connections, transaction
from stripe import CustomerService

from billing import changing, checkout, payers, performing, reminding
from billing.changing import change_plan
from billing.checkout import begin_checkout
from billing.models import BillingAttempt, Payer, Subscription, TrialClaim
from billing.payers import obtain_customer, obtain_payer
from billing.reminding import remind
from saas.core.errors import EngageHubError
from saas.core.schemas import PUBLIC, enter_schema
from tenants.models import Tenant, User
from tests.billing.making import subscribed
from tests.billing.objects import NOON
from tests.billing.shop import ACTOR, Shop
from tests.limits.racing import ROUNDS
from tests.mailbox import send_waiting

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("committed_db")]
rounds = pytest.mark.parametrize("rounds", ROUNDS)
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


def meet(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, from which nobody comes back before two have what they asked for."""
    together = threading.Barrier(2, timeout=30)

    def asked(*args: Any, **arguments: Any) -> Any:
        found = function(*args, **arguments)
        together.wait()
        return found

    return asked


def begin_anew(shop: Shop) -> None:
    """As if the community had never paid. What Stripe has of it belongs to a customer that nobody here knows."""
    TrialClaim.objects.filter(used=False).delete()
    for model in (Subscription, BillingAttempt, Payer):
        model._default_manager.all().delete()
    Tenant.objects.filter(pk=shop.tenant.pk).update(entitlements={})


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


def upgrade_twice(shop: Shop) -> tuple[list[str], int]:
    """What two owners were told who chose different plans, and how many invoices Stripe wrote that cost something."""
    begin_anew(shop)
    shop.buy()
    shown = {name: shop.preview(*name) for name in (("pro", "month"), ("growth", "year"))}
    tenant, customer = shop.tenant.pk, shop.row().payer.stripe_id or ""

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
    invoices = shop.stripe.v1.invoices.list({"customer": customer, "limit": 100}).data
    return became, sum(bool(one.total) for one in invoices)


@rounds
def test_of_two_owners_who_upgrade_at_once_one_is_charged(shop: Shop, rounds: int) -> None:
    """The other is told."""
    shop.skip_trial()
    for _ in range(rounds):
        became, charged = upgrade_twice(shop)
        assert sorted(became) == ["done", "plan_changed"]
        assert charged == 2
        row = shop.row()
        assert (row.plan, row.interval) == (("pro", "month") if became[0] == "done" else ("growth", "year"))
        attempts = BillingAttempt.objects.filter(kind="change").order_by("state")
        assert [one.state for one in attempts] == ["done", "failed"]


@rounds
def test_without_the_lock_both_ask_stripe_for_their_upgrade(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, rounds: int
) -> None:
    shop.skip_trial()
    for module in (changing, performing):
        monkeypatch.setattr(module, "holding_tenant", unlocked_at_all)
    monkeypatch.setattr(performing, "look_held", meet(performing.look_held))
    monkeypatch.setattr(performing, "record", transaction.atomic(performing.record))
    for _ in range(rounds):
        became, charged = upgrade_twice(shop)
        # Stripe charged both or refused the later one; neither was told of the other.
        assert sorted(became) in (["done", "done"], ["done", "stripe_refused"])
        assert charged == 1 + became.count("done")


@rounds
@both
def test_two_tabs_buy_at_once(shop: Shop, monkeypatch: pytest.MonkeyPatch, locked: bool, rounds: int) -> None:
    """There is one open page, whatever was chosen. With the lock off there are two, and both could be paid."""
    if not locked:
        monkeypatch.setattr(checkout, "holding_tenant", unlocked_at_all)
        monkeypatch.setattr(checkout, "record", transaction.atomic(checkout.record))
        # Both have seen no other page before either writes that it opens one.
        monkeypatch.setattr(checkout, "_standing", meet(checkout._standing))

    def act(plan: str) -> Callable[[], Any]:
        return lambda: begin_checkout(
            tenant_id=shop.tenant.pk, user=shop.owner, plan=plan, interval="month", currency="usd"
        )

    for _ in range(rounds):
        begin_anew(shop)
        customer = obtain_customer(payer=obtain_payer(user=shop.owner))
        became = at_once(act("growth"), act("pro"))
        sessions = shop.stripe.v1.checkout.sessions.list({"customer": customer}).data
        assert [one.status for one in sessions].count("open") == (1 if locked else 2)
        if locked:
            assert set(became) <= {"done", "billing_busy"}
            assert "done" in became


@rounds
@both
def test_two_at_once_make_one_customer(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, locked: bool, rounds: int
) -> None:
    """Stripe's idempotency key makes them one too; without lock and key there are two."""
    if not locked:
        create = CustomerService.create
        forget_key = meet(lambda service, params, options: create(service, params))
        monkeypatch.setattr(payers, "holding_payer", unlocked)
        monkeypatch.setattr(CustomerService, "create", forget_key)
    for number in range(rounds):
        payer = obtain_payer(user=User.objects.create(username=f"payer-{number}"))
        at_once(*(lambda payer=payer: obtain_customer(payer=payer) for _ in range(2)))
        made = [one["metadata"].get("payer") for one in shop.server.control.objects("customer")]
        assert made.count(payer.key) == (1 if locked else 2)


@rounds
@both
def test_two_workers_remind_at_once(monkeypatch: pytest.MonkeyPatch, locked: bool, rounds: int) -> None:
    """With the row's lock off both read that nothing was told."""
    if not locked:
        monkeypatch.setattr(
            Subscription.objects, "select_for_update", lambda **_: Subscription.objects.all(), raising=False
        )
        monkeypatch.setattr(reminding, "list_due", meet(reminding.list_due))
    for _ in range(rounds):
        row = subscribed(status="past_due", unpaid_since=NOON)
        at_once(*(lambda pk=row.pk: remind(subscription_id=pk) for _ in range(2)))
        assert len(send_waiting()) == (1 if locked else 2)
        row.delete()
