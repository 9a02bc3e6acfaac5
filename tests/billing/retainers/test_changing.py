"""A retainer's terms become others without ending it: shown before in Stripe's own figures, at once or from the next period on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from billing.errors import StripeAwayError, StripeUnsureError
from billing.models import Retainer
from billing.phases import LATE_DAYS
from billing.reconciling import reconcile_billing
from billing.retainers.agreeing import end_retainer, renew_retainer
from billing.retainers.changing import TermsPreview, change_terms, preview_terms, undo_terms
from billing.retainers.covering import cover_community
from billing.retainers.errors import (
    FewerPlacesError,
    PlannedTermsError,
    RetainerChangedError,
    RetainerEndedError,
    RetainerEndsError,
    RetainerFullError,
    RetainerUnpaidError,
    SameTermsError,
)
from billing.retainers.mirroring import refresh_retainer
from billing.retainers.terms import Deal, deal_of, planned_of, version_of
from engagement.audit.models import AuditEntry
from saas.core import clock
from saas.core.errors import InvalidInputError
from tenants.context import TenantContext, enter_tenant
from tests.billing.shop import ACTOR, Shop
from tests.cast import GLOBEX

from .agreeing import agree

pytestmark = pytest.mark.usefixtures("db")
DAY = timedelta(days=1)


def cover(row: Retainer, shop: Shop) -> None:
    cover_community(key=row.key, tenant_id=shop.tenant.pk, actor=ACTOR)


def deal(**more: Any) -> Deal:
    return Deal(**{"plan": "growth", "amount": 4_000, "places": 2, "days_until_due": 30, **more})


def show(row: Retainer, wanted: Deal, when: str = "now") -> TermsPreview:
    return preview_terms(key=row.key, deal=wanted, when=when)


def change(row: Retainer, wanted: Deal, when: str = "now", **more: Any) -> Retainer:
    shown = show(row, wanted, when)
    given = {"proration_date": shown.proration_date, "version": shown.version, **more}
    return change_terms(key=row.key, deal=wanted, when=when, actor=ACTOR, **given)


def invoices(shop: Shop, row: Retainer) -> list[Any]:
    return list(shop.stripe.v1.invoices.list({"subscription": row.stripe_id or ""}).data)


def half_way(shop: Shop, row: Retainer) -> Any:
    """In the middle of the period, here and at Stripe's."""
    assert row.period_start is not None
    assert row.period_end is not None
    moment = row.period_start + (row.period_end - row.period_start) / 2
    shop.server.control.set_time(moment.timestamp())
    return clock.frozen_at(moment)


def test_more_at_once_costs_what_was_shown(shop: Shop) -> None:
    row = agree(shop, amount=40_000)
    cover(row, shop)
    with half_way(shop, row):
        shown = show(row, deal(plan="pro", amount=60_000, places=5))
        assert (shown.when, shown.next_amount, shown.next_at) == ("now", 60_000, row.period_end)
        assert 9_900 <= shown.total <= 10_100
        assert sum(line.amount for line in shown.lines) == shown.total
        assert len(invoices(shop, row)) == 1
        row = change(row, deal(plan="pro", amount=60_000, places=5, days_until_due=10))
        assert (row.plan, row.amount, row.places, row.days_until_due) == ("pro", 60_000, 5, 10)
        assert shop.plan_in_force(clock.now()) == ("pro", "paid")
        assert invoices(shop, row)[0].total == shown.total
        with enter_tenant(TenantContext.of(shop.tenant)):
            assert AuditEntry.objects.get(action="plan.cover_changed").after["plan"] == "Pro"


def test_less_at_once_becomes_credit(shop: Shop) -> None:
    row = agree(shop, amount=40_000)
    with half_way(shop, row):
        shown = show(row, deal(amount=20_000))
        assert -10_100 <= shown.total <= -9_900
        change(row, deal(amount=20_000))
        customer = shop.stripe.v1.customers.retrieve(row.payer.stripe_id or "")
        assert customer.balance == shown.total


def test_other_places_or_days_for_the_same_price_bill_nothing(shop: Shop) -> None:
    row = agree(shop)
    shown = show(row, deal(places=7, days_until_due=14))
    assert (shown.total, shown.lines, shown.next_amount) == (0, (), 4_000)
    row = change(row, deal(places=7, days_until_due=14))
    assert (row.places, row.days_until_due) == (7, 14)
    assert len(invoices(shop, row)) == 1


def test_from_the_next_period_on_nothing_is_billed_before(shop: Shop) -> None:
    row = agree(shop)
    cover(row, shop)
    end = row.period_end
    assert end is not None
    shown = show(row, deal(plan="pro", amount=9_000, places=5), "next")
    assert (shown.when, shown.total, shown.next_amount, shown.effective_at) == ("next", 0, 9_000, end)
    row = change(row, deal(plan="pro", amount=9_000, places=5), "next")
    assert (row.plan, row.amount, row.places) == ("growth", 4_000, 2)
    assert planned_of(row) is not None
    assert len(invoices(shop, row)) == 1
    # Dated, so that it begins with no news at all.
    assert shop.plan_in_force(end - DAY) == ("growth", "paid")
    assert shop.plan_in_force(end + DAY) == ("pro", "paid")
    assert shop.plan_in_force(end + (LATE_DAYS + 1) * DAY)[0] == "free"
    shop.server.control.set_time((end + DAY).timestamp())
    with clock.frozen_at(end + DAY):
        reconcile_billing()
        row.refresh_from_db()
        assert (row.plan, row.amount, row.places, row.planned) == ("pro", 9_000, 5, {})
        assert [one.total for one in invoices(shop, row)] == [9_000, 4_000]
        assert not [one for one in reconcile_billing().findings if one.kind == "differs"]


def test_a_plan_is_replaced_by_another_and_taken_back(shop: Shop) -> None:
    row = agree(shop)
    change(row, deal(amount=9_000), "next")
    row = change(row, deal(amount=8_000), "next")
    planned = planned_of(row)
    assert planned is not None
    assert (planned.amount, row.amount) == (8_000, 4_000)
    for _ in range(2):
        row = undo_terms(key=row.key, version=version_of(row), actor=ACTOR)
        assert (row.planned, row.amount) == ({}, 4_000)
    end = row.period_end
    assert end is not None
    # The same plan once more is another change, not the answer to the former.
    change(row, deal(amount=9_000), "next")
    shop.server.control.set_time((end + DAY).timestamp())
    assert [one.total for one in invoices(shop, row)] == [9_000, 4_000]


def test_fewer_places_than_are_covered_are_refused_now_and_later(shop: Shop) -> None:
    other, row = Shop(shop.server, GLOBEX), agree(shop)
    cover(row, shop)
    cover(row, other)
    for when in ("now", "next"):
        with pytest.raises(
            FewerPlacesError, match=r"covers 2 communities, and 1 would have a place\. Take 1 out"
        ):
            change(row, deal(places=1, amount=2_000), when)


def test_places_that_are_planned_to_go_are_not_given_any_more(shop: Shop) -> None:
    row = agree(shop)
    cover(row, shop)
    change(row, deal(places=1, amount=2_000), "next")
    with pytest.raises(RetainerFullError):
        cover(row, Shop(shop.server, GLOBEX))
    row = change(row, deal(places=4, amount=6_000), "next")
    cover(row, Shop(shop.server, GLOBEX))
    undo_terms(key=row.key, version=version_of(row), actor=ACTOR)


def test_what_was_seen_has_to_hold_and_the_same_form_twice_is_one_change(shop: Shop) -> None:
    row = agree(shop)
    first, other = show(row, deal(amount=6_000)), show(row, deal(amount=7_000))
    for _ in range(2):
        done = change_terms(
            key=row.key, deal=deal(amount=6_000), when="now", proration_date=first.proration_date,
            version=first.version, actor=ACTOR,
        )  # fmt: skip
        assert done.amount == 6_000
    assert len(invoices(shop, row)) == 2
    with pytest.raises(RetainerChangedError):
        change_terms(
            key=row.key, deal=deal(amount=7_000), when="now", proration_date=other.proration_date,
            version=other.version, actor=ACTOR,
        )  # fmt: skip


@pytest.mark.parametrize("when", ["now", "next"])
def test_a_lost_answer_changes_it_once(shop: Shop, when: str) -> None:
    row = agree(shop)
    wanted, shown = deal(amount=6_000), show(row, deal(amount=6_000), when)
    given = {"when": when, "proration_date": shown.proration_date, "version": shown.version}
    shop.server.control.faults(cut=True, after=True, method="POST", path="/v1/subscriptions")
    with pytest.raises(StripeUnsureError):
        change_terms(key=row.key, deal=wanted, **given)
    shop.server.control.clear_faults()
    # Until it is known the row says what held; whoever asks again, and the hourly comparison, find out.
    row.refresh_from_db()
    assert (row.amount, row.planned) == (4_000, {})
    done = change_terms(key=row.key, deal=wanted, **given)
    planned = planned_of(done)
    assert (planned.amount if planned else done.amount) == 6_000
    assert len(invoices(shop, row)) == (2 if when == "now" else 1)


def test_with_stripe_away_nothing_changes(shop: Shop) -> None:
    row = agree(shop)
    shown = show(row, deal(amount=6_000))
    shop.server.control.faults(cut=True, path="/v1")
    for act in (
        lambda: show(row, deal(amount=6_000)),
        lambda: change_terms(key=row.key, deal=deal(amount=6_000), when="now", version=shown.version),
        lambda: undo_terms(key=row.key, version=shown.version),
    ):
        with pytest.raises(StripeAwayError):
            act()
    shop.server.control.clear_faults()
    refresh_retainer(stripe_id=row.stripe_id or "")
    row.refresh_from_db()
    assert deal_of(row).is_same(deal())
    assert len(invoices(shop, row)) == 1


def test_at_once_waits_for_what_is_planned_or_not_paid(shop: Shop) -> None:
    row = agree(shop)
    change(row, deal(amount=6_000), "next")
    with pytest.raises(PlannedTermsError):
        show(row, deal(amount=7_000))
    with pytest.raises(PlannedTermsError):
        end_retainer(key=row.key, at_once=True)
    row.refresh_from_db()
    undo_terms(key=row.key, version=version_of(row))
    later = clock.now() + 31 * DAY
    shop.server.control.set_time(later.timestamp())
    with clock.frozen_at(later):
        row = refresh_retainer(stripe_id=row.stripe_id or "") or row
        assert row.unpaid_since is not None
        with pytest.raises(RetainerUnpaidError):
            show(row, deal(amount=7_000))
        assert show(row, deal(amount=7_000), "next").next_amount == 7_000


def test_one_that_ends_has_no_next_period(shop: Shop) -> None:
    row = end_retainer(key=agree(shop).key)
    with pytest.raises(RetainerEndsError):
        show(row, deal(amount=6_000), "next")
    assert change(row, deal(amount=6_000)).cancel_at == row.cancel_at
    renew_retainer(key=row.key)
    change(row, deal(amount=7_000), "next")
    end_retainer(key=row.key)
    row = renew_retainer(key=row.key)
    assert planned_of(row) is not None
    undo_terms(key=row.key, version=version_of(row))
    end_retainer(key=row.key, at_once=True)
    with pytest.raises(RetainerEndedError):
        show(row, deal(amount=8_000))


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 0},
        {"amount": 10**8},
        {"places": 0},
        {"places": 1_001},
        {"days_until_due": 91},
        {"plan": "free"},
    ],
)
def test_terms_that_are_none_change_nothing(shop: Shop, wrong: dict[str, Any]) -> None:
    row = agree(shop)
    for when in ("now", "next"):
        with pytest.raises(InvalidInputError):
            show(row, deal(**wrong), when)
    with pytest.raises(InvalidInputError):
        show(row, deal(amount=1), "yesterday")
    with pytest.raises(SameTermsError):
        show(row, deal())
