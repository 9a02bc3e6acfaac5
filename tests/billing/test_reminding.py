"""Reminders of failed payments and of trials that end: to payer and owner, each once, on their day."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing import reminding
from billing.jobs import remind_everybody, remind_one
from billing.models import Payer, Subscription
from billing.reminding import list_to_remind, remind
from saas.core import clock
from saas.core.schemas import enter_schema
from saas.events.jobs import PUBLIC
from saas.events.models import TenantEvent
from tenants.models import Tenant
from tests.billing.making import at, owner_of, subscribed, tenant_of
from tests.billing.objects import NOON
from tests.mailbox import send_waiting

pytestmark = pytest.mark.usefixtures("db")
HOUR = timedelta(hours=1)


def walk(row: Subscription, days: int) -> list[tuple[int, str]]:
    """(day, what was told) while somebody looks every five hours."""
    told = []
    for hour in range(0, 24 * days, 5):
        with clock.frozen_at(NOON + hour * HOUR):
            told += [(hour // 24, name) for name in remind(subscription_id=row.pk)]
            assert remind(subscription_id=row.pk) == []
    return told


def events() -> list[tuple[str, str]]:
    with enter_schema(tenant_of().schema_name):
        found = list(TenantEvent.objects.filter(type__startswith="Payment").order_by("pk"))
    return [(event.type, event.data.get("stage", "")) for event in found]


def test_a_failed_payment_is_told_on_five_days() -> None:
    row = subscribed(status="past_due", unpaid_since=NOON)
    assert walk(row, 20) == [
        (0, "grace:start"), (7, "grace:half"), (11, "grace:three_days"), (13, "grace:one_day"), (14, "grace:over"),
    ]  # fmt: skip
    mails = send_waiting()
    assert [mail.subject for mail in mails] == [
        "The payment for Acme Makers failed",
        "Acme Makers: one week left to pay",
        "Acme Makers: three days left to pay",
        "Acme Makers: one day left to pay",
        "Acme Makers is on the Free plan’s limits now",
    ]
    assert all("15 March 2026, 12:00 (UTC)" in str(mail.body) for mail in mails)
    assert events() == [
        ("PaymentOverdue", name) for name in ("start", "half", "three_days", "one_day", "over")
    ]


def test_the_first_payment_after_a_trial_is_told_on_three_days() -> None:
    row = subscribed(status="past_due", unpaid_since=NOON, trial_end=NOON, first_unpaid=True)
    assert walk(row, 9) == [(0, "grace:start"), (2, "grace:one_day"), (3, "grace:over")]
    mails = send_waiting()
    assert [mail.subject for mail in mails] == [
        "The first payment for Acme Makers failed",
        "Acme Makers: one day left to pay",
        "Acme Makers is on the Free plan’s limits now",
    ]
    assert all("4 March 2026, 12:00 (UTC)" in str(mail.body) for mail in mails)
    assert "The first payment for Growth has been open for three days" in str(mails[-1].body)
    assert events() == [("PaymentOverdue", name) for name in ("start", "one_day", "over")]


def test_owner_and_payer_are_told_each_once() -> None:
    row = subscribed(status="past_due", unpaid_since=NOON)
    Payer.objects.filter(pk=row.payer_id).update(email="billing@example.com")
    with clock.frozen_at(at(1)):
        remind(subscription_id=row.pk)
    assert [mail.to for mail in send_waiting()] == [["billing@example.com"], [owner_of().email]]


def test_the_recovery_is_told_and_a_second_failure_begins_anew() -> None:
    row = subscribed(status="past_due", unpaid_since=NOON)
    walk(row, 9)
    Subscription.objects.filter(pk=row.pk).update(status="active", unpaid_since=None)
    with clock.frozen_at(at(10)):
        assert remind(subscription_id=row.pk) == ["grace:recovered"]
        assert remind(subscription_id=row.pk) == []
    Subscription.objects.filter(pk=row.pk).update(status="past_due", unpaid_since=at(20))
    with clock.frozen_at(at(20, 13)):
        assert remind(subscription_id=row.pk) == ["grace:start"]
    assert "is paid again" in send_waiting()[-2].subject


def test_another_open_invoice_begins_another_grace() -> None:
    row = subscribed(status="past_due", unpaid_since=NOON)
    walk(row, 9)
    Subscription.objects.filter(pk=row.pk).update(unpaid_since=at(9))
    with clock.frozen_at(at(10)):
        assert remind(subscription_id=row.pk) == ["grace:start"]


def test_nothing_is_told_of_what_ended_or_of_a_deleted_community() -> None:
    row = subscribed(status="past_due", unpaid_since=NOON)
    walk(row, 1)
    Subscription.objects.filter(pk=row.pk).update(ended_at=at(3), status="canceled")
    with clock.frozen_at(at(9)):
        assert remind(subscription_id=row.pk) == []
    Subscription.objects.filter(pk=row.pk).update(ended_at=None, status="past_due")
    Tenant.objects.filter(pk=row.tenant_id).update(state="deleted")
    with clock.frozen_at(at(9)):
        assert remind(subscription_id=row.pk) == []


def test_a_trial_is_told_three_days_and_one_day_before_its_end() -> None:
    row = subscribed(status="trialing", trial_end=at(15))
    assert walk(row, 20) == [(11, "trial:three_days"), (13, "trial:one_day")]
    Subscription.objects.filter(pk=row.pk).update(status="canceled", ended_at=at(15))
    with clock.frozen_at(at(15, 13)):
        assert remind(subscription_id=row.pk) == ["trial:over"]
        assert remind(subscription_id=row.pk) == []
    assert [mail.subject for mail in send_waiting()] == [
        "Acme Makers: the trial of Growth ends in three days",
        "Acme Makers: the trial of Growth ends in one day",
        "Acme Makers: the trial of Growth is over",
    ]


def test_who_cancelled_the_trial_is_not_reminded_and_an_old_end_is_no_news() -> None:
    row = subscribed(status="trialing", trial_end=at(15), cancel_at=at(15))
    assert walk(row, 15) == []
    Subscription.objects.filter(pk=row.pk).update(status="canceled", ended_at=at(15))
    with clock.frozen_at(at(28)):
        assert remind(subscription_id=row.pk) == []


def test_the_hourly_job_looks_at_those_of_whom_something_may_be_due(redis_cache: object) -> None:
    row = subscribed(status="past_due", unpaid_since=NOON)
    with clock.frozen_at(at(2)):
        assert list_to_remind() == [row.pk]
        remind_everybody(tenant=PUBLIC)
        remind_one(tenant=PUBLIC, subscription_id=row.pk)
        assert remind(subscription_id=row.pk) == []
    Subscription.objects.filter(pk=row.pk).update(status="active", unpaid_since=None, reminded={})
    with clock.frozen_at(at(2)):
        assert list_to_remind() == []
    assert timedelta(days=7) == reminding._NEWS
