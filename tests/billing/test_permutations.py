"""Whatever news comes in whatever order and however often: the row says what Stripe says last, and nothing of how it came to it.

A life has eight moments: created, paid, failed, paid again, updated, cancelled, deleted, refunded. News of each may come at any
time after it, more than once, or never; each makes us fetch the object as it is then. So what can differ between two orders is
which of the moments were seen before the last one: all 2⁷ ways are tried, each moment twice, with the objects as Stripe gave them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, connections, transaction

from billing import mirror
from billing.changing import cancel_subscription, change_plan
from billing.checkout import apply_session
from billing.mirror import fetch_subscription, refresh_subscription
from billing.models import BillingAttempt, Payer, Subscription
from billing.shifts import version_of
from saas.core.schemas import PUBLIC, enter_schema
from tests.billing.shop import ACTOR, Shop
from tests.billing.story import FAILING, VISA, Story
from tests.cast import GLOBEX
from tests.limits.racing import ROUNDS

LIFE = ("created", "paid", "failed", "paid again", "updated", "cancelled", "deleted", "refunded")
# Of a trial whose card then fails, which is paid for late.
LATE_LIFE = ("created", "failed", "frozen", "paid", "deleted")
_LEFT_OUT = {"id", "seen_at", "reminded"}


def record(story: Story, taken: list[tuple[str, Any, Any]], name: str) -> None:
    """The object as Stripe gives it at this moment, and what of it is unpaid."""
    data = fetch_subscription(story.row().stripe_id)
    told = mirror._read(data or {})
    assert told is not None
    taken.append((name, data, mirror._read_unpaid(told) if told.is_unpaid else None))


def live(story: Story) -> list[tuple[str, Any, Any]]:
    """A life at the local Stripe, recorded at each of its moments."""
    taken: list[tuple[str, Any, Any]] = []
    with story.today():
        session = story.begin("growth")
        story.pay(session)
        apply_session(tenant_id=story.tenant.pk, session_id=session)
    record(story, taken, "created")
    story.pass_days(15)
    record(story, taken, "paid")
    story.use_card(FAILING)
    story.pass_days(32)
    record(story, taken, "failed")
    story.use_card(VISA)
    story.pay_open_invoice()
    story.look()
    record(story, taken, "paid again")
    with story.today():
        shown = story.preview("pro")
        wanted: dict[str, Any] = {"plan": "pro", "interval": "month", "proration_date": shown.proration_date}
        change_plan(tenant_id=story.tenant.pk, version=shown.version, actor=ACTOR, **wanted)
        record(story, taken, "updated")
        version = version_of(story.row())
        cancel_subscription(tenant_id=story.tenant.pk, version=version, actor=ACTOR)
    record(story, taken, "cancelled")
    story.pass_days(32)
    record(story, taken, "deleted")
    charge = story.stripe.v1.charges.list({"customer": story.row().payer.stripe_id or ""}).data[0]
    story.stripe.v1.refunds.create({"charge": charge.id})
    record(story, taken, "refunded")
    assert [name for name, _, _ in taken] == list(LIFE)
    return taken


def live_late(story: Story) -> list[tuple[str, Any, Any]]:
    """A trial with a card that fails when it ends: three days, then Free; paid all the same, and ended at Stripe's."""
    taken: list[tuple[str, Any, Any]] = []
    with story.today():
        session = story.begin("growth")
        story.pay(session)
        apply_session(tenant_id=story.tenant.pk, session_id=session)
    record(story, taken, "created")
    story.use_card(FAILING)
    story.pass_days(15)
    record(story, taken, "failed")
    story.pass_days(4)
    record(story, taken, "frozen")
    assert [unpaid and unpaid.is_first for _, _, unpaid in taken] == [None, True, True]
    story.use_card(VISA)
    story.pay_open_invoice()
    record(story, taken, "paid")
    story.stripe.v1.subscriptions.cancel(story.row().stripe_id)
    record(story, taken, "deleted")
    assert [name for name, _, _ in taken] == list(LATE_LIFE)
    return taken


def picture(story: Story) -> dict[str, Any]:
    """All that the product holds of the subscription, but for what was said to people and when we looked."""
    row = Subscription.objects.filter(tenant=story.tenant).values().get()
    phases = story.tenant.entitlements.get("phases", [])
    return {**{key: row[key] for key in row.keys() - _LEFT_OUT}, "phases": phases, "now": story.in_force()}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("life", "last", "times"),
    [
        (live, 7, 1),
        (live_late, 2, 1),
        (live_late, 4, 2),
        *(pytest.param(live, last, 2, marks=pytest.mark.faults) for last in range(8)),
    ],
)
def test_every_order_ends_in_the_same_state(
    db: None, shop: Shop, monkeypatch: pytest.MonkeyPatch, life: Any, last: int, times: int
) -> None:
    """`last`: the moment at which the news stops, in `make test` the end of the life, in `make faults` each."""
    story = Story(shop.server, shop.community).open()
    taken = life(story)
    stripe_id = story.row().stripe_id
    at: list[int] = [0]
    monkeypatch.setattr(mirror, "fetch_subscription", lambda _: taken[at[0]][1])
    monkeypatch.setattr(mirror, "_read_unpaid", lambda _: taken[at[0]][2])

    def see(index: int, times: int) -> None:
        at[0] = index
        with story.today():
            for _ in range(times):
                refresh_subscription(stripe_id=stripe_id)

    Subscription.objects.all().delete()
    type(story.tenant).objects.filter(pk=story.tenant.pk).update(entitlements={})
    found: list[dict[str, Any]] = []

    def go_on(before: tuple[int, ...]) -> None:
        """From where these were seen: the news stops here, or one more comes first. What two ways share is walked once."""
        with rolled_back():
            see(last, 2)
            found.append(picture(story))
        assert found[-1] == found[0], f"{taken[last][0]} after {[taken[index][0] for index in before]}"
        for index in range(before[-1] + 1 if before else 0, last):
            with rolled_back():
                see(index, times)
                go_on((*before, index))

    go_on(())
    assert len(found) == 2**last
    assert found[0]["status"] == taken[last][1]["status"]


@contextmanager
def rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


# --- what is not ours ---


@pytest.fixture
def paid(shop: Shop) -> Shop:
    shop.skip_trial()
    shop.buy()
    return shop


def facts() -> list[dict[str, Any]]:
    return list(
        Subscription.objects.order_by("pk").values(
            *sorted({"stripe_id", "plan", "tenant_id", "payer_id", "status"})
        )
    )


def other_subscription(shop: Shop, customer: str, **metadata: str) -> str:
    price = shop.stripe.v1.prices.list({"lookup_keys": ["pro_month"]}).data[0].id
    made = shop.stripe.v1.subscriptions.create(
        {"customer": customer, "items": [{"price": price}], "metadata": metadata, "trial_period_days": 5}
    )
    return made.id


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("forged", ["nothing", "tenant", "tenant and payer", "numbers that are none"])
def test_another_customer_s_object_changes_nothing(paid: Shop, forged: str) -> None:
    """Somebody has a subscription of their own at the same Stripe account and names our community in it."""
    stranger = paid.stripe.v1.customers.create({"email": "x@example.org"}).id
    metadata = {
        "nothing": {},
        "tenant": {"tenant_id": str(paid.tenant.pk)},
        "tenant and payer": {"tenant_id": str(paid.tenant.pk), "payer": paid.row().payer.key},
        "numbers that are none": {"tenant_id": "9" * 30, "payer": "<script>"},
    }[forged]
    before, version = facts(), paid.tenant.entitlements_version
    assert refresh_subscription(stripe_id=other_subscription(paid, stranger, **metadata)) is None
    assert (facts(), paid.tenant.entitlements_version) == (before, version)


@pytest.mark.usefixtures("db")
def test_a_payer_s_object_for_a_community_that_nobody_bought_for_changes_nothing(paid: Shop) -> None:
    """The payer is real and the customer is theirs; the community is somebody else's."""
    payer = paid.row().payer
    other = Shop(paid.server, GLOBEX)
    made = other_subscription(paid, payer.stripe_id or "", tenant_id=str(other.tenant.pk), payer=payer.key)
    assert refresh_subscription(stripe_id=made) is None
    assert not other.tenant.entitlements
    assert not Subscription.objects.filter(tenant=other.tenant).exists()


@pytest.mark.usefixtures("db")
def test_an_object_whose_customer_became_another_changes_nothing(paid: Shop) -> None:
    before = facts()
    Payer.objects.filter(pk=paid.row().payer_id).update(stripe_id="cus_other")
    assert refresh_subscription(stripe_id=paid.row().stripe_id) is None
    assert facts() == before


@pytest.mark.usefixtures("db")
def test_what_stripe_does_not_know_changes_nothing(paid: Shop) -> None:
    before = facts()
    assert refresh_subscription(stripe_id="sub_unknown") is None
    Subscription.objects.filter(pk=paid.row().pk).update(stripe_id="sub_lost")
    assert refresh_subscription(stripe_id="sub_lost") is None
    assert [row["status"] for row in facts()] == [row["status"] for row in before]


@pytest.mark.usefixtures("db")
def test_of_two_that_nobody_meant_the_first_stays_and_the_other_ends(paid: Shop) -> None:
    """Two checkout pages were paid at once, which the lock keeps from happening, and news of the second comes first."""
    row, attempt = paid.row(), BillingAttempt.objects.filter(kind="checkout").get()
    metadata = {"tenant_id": str(paid.tenant.pk), "payer": attempt.payer.key}
    second = other_subscription(paid, attempt.payer.stripe_id or "", **metadata)
    # Stripe counts whole seconds; of two made in one second the smaller id counts as the first.
    both = [paid.stripe.v1.subscriptions.retrieve(stripe_id) for stripe_id in (row.stripe_id, second)]
    first, later = (made.id for made in sorted(both, key=lambda made: (made.created, made.id)))
    for order in ((later, first), (first, later)):
        for stripe_id in order:
            refresh_subscription(stripe_id=stripe_id)
        assert paid.stripe.v1.subscriptions.retrieve(later).status == "canceled"
        assert Subscription.objects.get(ended_at=None).stripe_id == first


# --- what comes at once ---


@pytest.mark.race
@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("locked", [True, False])
def test_what_was_fetched_last_is_what_stays(
    committed_db: None, shop: Shop, monkeypatch: pytest.MonkeyPatch, locked: bool, rounds: int
) -> None:
    """A webhook fetched the object, Stripe changed it, another webhook fetched it and wrote; then the first one writes."""
    shop.skip_trial()
    stripe_id = shop.buy().stripe_id
    if not locked:
        monkeypatch.setattr(mirror, "holding_tenant", unlocked)
    for _ in range(rounds):
        with monkeypatch.context() as patch:
            fetch_across_a_change(shop, patch, stripe_id)
        assert (shop.row().cancel_at is not None) is locked
        shop.stripe.v1.subscriptions.update(stripe_id, {"cancel_at_period_end": False})
        refresh_subscription(stripe_id=stripe_id)


def fetch_across_a_change(shop: Shop, patch: pytest.MonkeyPatch, stripe_id: str) -> None:
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
        first = pool.submit(closing, refresh_subscription, stripe_id=stripe_id)
        assert fetched.wait(30)
        shop.stripe.v1.subscriptions.update(stripe_id, {"cancel_at_period_end": True})
        second = pool.submit(closing, refresh_subscription, stripe_id=stripe_id)
        wait_until_held_up(second)
        changed.set()
        first.result(30)
        second.result(30)


def wait_until_held_up(running: Future[Any]) -> None:
    """Or has ended."""
    deadline = time.monotonic() + 30
    while not running.done() and time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "select 1 from pg_locks l join pg_database d on d.oid = l.database "
                "where d.datname = current_database() and l.locktype = 'advisory' and not l.granted"
            )
            if cursor.fetchone():
                return
        time.sleep(0.005)


@contextmanager
def unlocked(tenant_id: int) -> Iterator[None]:
    """billing.locks.holding_tenant without its lock."""
    with enter_schema(PUBLIC), transaction.atomic():
        yield


def closing(act: Any, **arguments: Any) -> Any:
    try:
        return act(**arguments)
    finally:
        connections.close_all()
