"""What the team reads on its pages about the plan."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import BillingAttempt
from billing.notices import Notice, list_notices
from saas.core import clock
from tests.billing.making import at, attempted, subscribed, tenant_of
from tests.billing.objects import NOON
from tests.cast import GLOBEX

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture(autouse=True)
def sold(settings: Any) -> None:
    settings.BILLING_ON = True


def notices(day: int = 2) -> list[Notice]:
    with clock.frozen_at(at(day)):
        return list_notices(tenant=tenant_of())


@pytest.mark.parametrize(
    ("facts", "day", "kind", "level", "target", "moment"),
    [
        ({"status": "past_due", "unpaid_since": NOON}, 2, "grace", "warn", "pay", at(15)),
        ({"status": "past_due", "unpaid_since": NOON}, 15, "frozen", "bad", "pay", at(15)),
        ({"status": "past_due", "unpaid_since": NOON, "first_unpaid": True}, 2, "grace", "warn", "pay", at(4)),
        ({"status": "past_due", "unpaid_since": NOON, "first_unpaid": True}, 4, "frozen", "bad", "pay", at(4)),
        ({"cancel_at": at(20)}, 2, "cancelled", "info", "plan", at(20)),
        ({"status": "trialing", "trial_end": at(9)}, 2, "trial", "info", "plan", at(9)),
        ({"next_plan": "starter", "next_interval": "year"}, 2, "planned", "info", "plan", NOON.replace(month=4)),
        ({"status": "canceled", "ended_at": at(1)}, 2, "ended", "info", "choose", at(1)),
        (
            {"status": "canceled", "ended_at": at(1), "reminded": {"deletion": "x"}}, 2, "restored", "info", "choose", at(1),
        ),
    ],
)  # fmt: skip
def test_each_case_has_its_notice(
    facts: dict[str, Any], day: int, kind: str, level: str, target: str, moment: object
) -> None:
    subscribed(**facts)
    (notice,) = notices(day)
    assert (notice.kind, notice.level, notice.target, notice.at) == (kind, level, target, moment)
    assert "{at}" in notice.text
    assert "Growth" in notice.title + notice.text or kind in {"grace", "frozen"}


@pytest.mark.parametrize("facts", [{}, {"status": "trialing", "trial_end": at(14)}])
def test_while_all_is_well_there_is_none(facts: dict[str, Any]) -> None:
    subscribed(**facts)
    assert notices() == []


def test_an_end_of_long_ago_and_an_end_before_another_plan_are_no_news() -> None:
    subscribed(status="canceled", ended_at=at(1), stripe_id="sub_old")
    assert notices(31 - 1) != []
    with clock.frozen_at(at(1) + timedelta(days=31)):
        assert list_notices(tenant=tenant_of()) == []
    subscribed()
    assert notices() == []


def test_a_grace_that_a_cancellation_ends_sooner_names_that_day() -> None:
    subscribed(status="past_due", unpaid_since=NOON, cancel_at=at(6))
    assert [(notice.kind, notice.at) for notice in notices()] == [("grace", at(6)), ("cancelled", at(6))]


def test_the_first_payment_is_called_that() -> None:
    row = subscribed(status="past_due", unpaid_since=NOON, first_unpaid=True)
    assert notices()[0].title == "The first payment failed"
    assert "The first payment has been open" in notices(9)[0].text
    row.first_unpaid = False
    row.save()
    assert notices()[0].title == "The last payment failed"


def test_a_trial_with_a_card_says_what_is_charged_and_one_without_what_ends() -> None:
    row = subscribed(status="trialing", trial_end=at(5), has_method=True)
    assert "first payment" in notices()[0].text
    row.has_method = False
    row.save()
    assert "Add a card" in notices()[0].text


def test_a_change_that_turned_out_to_have_failed_is_told_for_a_day_and_one_that_failed_at_once_is_not() -> (
    None
):
    subscribed()
    made = attempted(kind="change", state="failed", created_at=at(2, 9), settled_at=at(2, 10))
    assert [notice.kind for notice in notices()] == ["failed"]
    assert notices(4) == []
    BillingAttempt.objects.filter(pk=made.pk).update(settled_at=made.created_at)
    assert notices() == []


def test_where_nothing_is_sold_and_for_another_community_there_is_none(settings: Any) -> None:
    subscribed(status="past_due", unpaid_since=NOON)
    with clock.frozen_at(at(2)):
        assert list_notices(tenant=tenant_of(GLOBEX)) == []
    settings.BILLING_ON = False
    assert notices() == []


def test_it_costs_three_queries_however_many_plans_there_were() -> None:
    for number in range(30):
        subscribed(status="canceled", ended_at=at(1), stripe_id=f"sub_{number}")
    tenant = tenant_of()
    with (
        CaptureQueriesContext(
            connection,
        ) as queries,
        clock.frozen_at(at(2)),
    ):
        list_notices(tenant=tenant)
    assert len([one for one in queries if not one["sql"].startswith("SET")]) == 3
