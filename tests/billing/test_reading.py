"""What a subscription of Stripe's says, in our words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from billing.reading import plan_of_price, read_subscription, unpaid_since, was_ever_paid
from tests.billing.objects import NOON, price, seconds, subscription


def test_a_subscription_is_read() -> None:
    told = read_subscription(subscription(trial_end=seconds(NOON)))
    assert (told.plan, told.interval, told.currency, told.quantity, told.item_id) == (
        "growth", "month", "usd", 1, "si_1",
    )  # fmt: skip
    assert (told.tenant_id, told.payer_key, told.customer_id) == (7, "01PAYER", "cus_1")
    assert (told.period_start, told.period_end) == (NOON, NOON.replace(month=4))
    assert (told.trial_end, told.cancel_at, told.ended_at) == (NOON, None, None)
    assert not told.has_method
    assert not told.is_unpaid


def test_a_price_that_lost_its_lookup_key_is_known_by_its_metadata_and_a_metered_one_is_no_plan() -> None:
    assert plan_of_price(price("pro", "year", lookup_key=None)) == ("pro", "year")
    assert plan_of_price(price("pro", "year", metadata={})) == ("pro", "year")
    assert plan_of_price(price("pro", metadata={}, lookup_key="gold_month")) is None
    metered = price("growth", recurring={"interval": "month", "usage_type": "metered"})
    assert plan_of_price(metered) is None
    data = subscription()
    data["items"]["data"].insert(0, {**data["items"]["data"][0], "id": "si_0", "price": metered})
    assert read_subscription(data).item_id == "si_1"


def test_what_is_no_plan_of_ours_is_refused() -> None:
    with pytest.raises(LookupError):
        read_subscription(subscription("gold"))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"cancel_at_period_end": True}, NOON.replace(month=4)),
        ({"cancel_at": seconds(NOON.replace(day=9))}, NOON.replace(day=9)),
        ({}, None),
    ],
)
def test_when_it_will_end(changes: dict[str, Any], expected: object) -> None:
    assert read_subscription(subscription(**changes)).cancel_at == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"status": "canceled", "ended_at": seconds(NOON.replace(day=9)), "cancel_at": 1},
            NOON.replace(day=9),
        ),
        ({"status": "incomplete_expired"}, NOON),
        ({"status": "past_due"}, None),
    ],
)
def test_when_it_ended(changes: dict[str, Any], expected: object) -> None:
    told = read_subscription(subscription(**changes))
    assert told.ended_at == expected
    assert told.cancel_at is None


def planned(plan: str, quantity: str = "1", status: str = "active", at: int = 40) -> dict[str, Any]:
    began = seconds(NOON)
    wanted = {"plan": plan, "interval": "month", "quantity": quantity}
    return {
        "id": "sub_sched_1",
        "status": status,
        "current_phase": {"start_date": began},
        "phases": [
            {"start_date": began, "metadata": {}, "items": []},
            {"start_date": began + at, "metadata": wanted, "items": []},
        ],
    }


def test_what_is_planned_for_the_next_period() -> None:
    told = read_subscription(subscription(schedule=planned("starter")))
    assert (told.next_plan, told.next_interval, told.next_quantity) == ("starter", "month", 1)
    assert told.schedule_id == "sub_sched_1"
    fewer = read_subscription(subscription("course", schedule=planned("course", "2")))
    assert (fewer.next_plan, fewer.next_quantity) == ("course", 2)
    for schedule in (
        planned("growth"),
        planned("gold"),
        planned("starter", status="released"),
        planned("starter", at=0),
        "sub_sched_1",
    ):
        assert read_subscription(subscription(schedule=schedule)).next_plan == ""
    assert read_subscription(subscription(status="canceled", schedule=planned("starter"))).next_plan == ""


def test_whether_the_next_payment_can_be_taken() -> None:
    def customer(**facts: Any) -> dict[str, Any]:
        return {"id": "cus_1", "invoice_settings": {"default_payment_method": None}, **facts}

    def has(**changes: Any) -> bool:
        return read_subscription(subscription(**changes)).has_method

    assert has(default_payment_method="pm_1")
    assert has(collection_method="send_invoice")
    assert has(customer=customer(default_source="card_1"))
    assert has(customer=customer(invoice_settings={"default_payment_method": "pm_1"}))
    assert not has(customer=customer())


def test_since_when_it_is_unpaid_is_the_oldest_open_invoice_s() -> None:
    later = {"status": "open", "created": 300, "status_transitions": {"finalized_at": 310}}
    first = {"status": "open", "created": 100, "status_transitions": {"finalized_at": 110}}
    paid = {"status": "paid", "created": 1}
    found = unpaid_since([later, paid, first])
    assert found is not None
    assert seconds(found) == 110
    sent = unpaid_since([{"status": "open", "created": 100, "due_date": 900}])
    assert sent == found + timedelta(seconds=790)
    assert unpaid_since([paid]) is None


@pytest.mark.parametrize("number", ["x", "-3", "9" * 40, None, 7])
def test_metadata_that_names_no_tenant(number: object) -> None:
    assert read_subscription(subscription(metadata={"tenant_id": number})).tenant_id is None


@pytest.mark.parametrize(
    ("invoices", "paid"),
    [
        ([], False),
        ([("paid", 0)], False),  # a trial, or a period for nothing
        ([("paid", 0), ("open", 2500), ("void", 2500), ("uncollectible", 2500)], False),
        ([("paid", -900)], False),
        ([("open", 2500), ("paid", 2500), ("paid", 0)], True),
    ],
)
def test_a_trial_s_invoice_is_no_payment(invoices: list[tuple[str, int]], paid: bool) -> None:
    assert was_ever_paid([{"status": status, "total": total} for status, total in invoices]) is paid
