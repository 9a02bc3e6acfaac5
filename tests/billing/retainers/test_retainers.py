"""A fixed price for several communities: agreed once, as many as agreed, renewed, left with a grace, ended, lost and found again."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from billing.checkout import begin_checkout
from billing.ending import end_for_deletion
from billing.errors import AlreadySubscribedError, PlanNotFoundError, StripeAwayError
from billing.models import Retainer, RetainerPlace
from billing.paying import list_books, list_unpaid_communities
from billing.phases import GRACE_DAYS, LATE_DAYS
from billing.reconciling import reconcile_billing
from billing.retainers.agreeing import end_retainer, renew_retainer
from billing.retainers.covering import cover_community, release_community
from billing.retainers.errors import (
    CoveredError,
    RetainerEndedError,
    RetainerFullError,
    RetainerNotFoundError,
    RetainerStandsError,
)
from billing.retainers.mirroring import refresh_retainer
from engagement.audit.models import AuditEntry
from saas.core import clock
from saas.core.errors import InvalidInputError
from tenants.context import TenantContext, enter_tenant
from tests.billing.shop import ACTOR, Shop
from tests.cast import GLOBEX
from tests.mailbox import send_waiting

from .agreeing import agree

pytestmark = pytest.mark.usefixtures("db")
DAY = timedelta(days=1)
GRACE = timedelta(days=GRACE_DAYS)


def cover(row: Retainer, shop: Shop) -> RetainerPlace:
    return cover_community(key=row.key, tenant_id=shop.tenant.pk, actor=ACTOR)


def release(row: Retainer, shop: Shop) -> RetainerPlace | None:
    return release_community(key=row.key, tenant_id=shop.tenant.pk, actor=ACTOR)


def test_one_price_is_invoiced_and_each_community_has_the_plan(shop: Shop) -> None:
    other, row = Shop(shop.server, GLOBEX), agree(shop)
    for one in (shop, other):
        assert cover(row, one).pk == cover(row, one).pk
        assert one.plan_in_force(clock.now()) == ("growth", "paid")
    told = shop.stripe.v1.subscriptions.retrieve(row.stripe_id or "")
    assert (told.collection_method, told.days_until_due) == ("send_invoice", 30)
    (invoice,) = shop.stripe.v1.invoices.list({"subscription": row.stripe_id or ""}).data
    assert (invoice.total, invoice.currency) == (4_000, "usd")
    (book,) = [one for one in list_books(user=shop.owner) if one.payer == row.payer]
    assert (book.totals, book.communities) == ({"usd": {"month": 4_000}}, 2)
    assert shop.tenant not in list_unpaid_communities(user=shop.owner)
    with enter_tenant(TenantContext.of(shop.tenant)):
        assert AuditEntry.objects.filter(action="plan.covered").count() == 1


def test_the_same_terms_are_the_same_retainer_and_others_are_refused(shop: Shop) -> None:
    first = agree(shop)
    assert agree(shop).pk == first.pk
    with pytest.raises(RetainerStandsError, match=first.key):
        agree(shop, amount=5_000)
    assert agree(shop, company="Another Ltd", amount=5_000).pk != first.pk
    assert len(shop.stripe.v1.subscriptions.list().data) == 2


def test_a_lost_answer_makes_one(shop: Shop) -> None:
    for path in ("/v1/prices", "/v1/subscriptions"):
        shop.server.control.faults(cut=True, after=True, method="POST", path=path)
        with pytest.raises(StripeAwayError):
            agree(shop)
        shop.server.control.clear_faults()
    assert agree(shop).status == "active"
    assert len(shop.stripe.v1.subscriptions.list().data) == 1
    assert Retainer.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 0}, {"amount": 10**8}, {"places": 0}, {"places": 1_001}, {"days_until_due": 0}, {"plan": "free"},
        {"interval": "day"}, {"currency": "xxx"}, {"ends_at": clock.now() - DAY},
    ],
)  # fmt: skip
def test_terms_that_are_none_change_nothing(shop: Shop, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        agree(shop, **wrong)
    with pytest.raises(PlanNotFoundError):
        agree(shop, plan="platinum")
    assert not Retainer.objects.exists()


def test_no_more_are_covered_than_were_agreed_and_nobody_pays_twice(shop: Shop) -> None:
    other, row = Shop(shop.server, GLOBEX), agree(shop, places=1)
    cover(row, shop)
    with pytest.raises(RetainerFullError):
        cover(row, other)
    with pytest.raises(CoveredError):
        cover(agree(shop, company="Another Ltd"), shop)
    with pytest.raises(CoveredError):
        begin_checkout(
            tenant_id=shop.tenant.pk, user=shop.owner, plan="pro", interval="month", currency="usd"
        )
    other.skip_trial()
    other.buy("starter")
    release(row, shop)
    with pytest.raises(AlreadySubscribedError):
        cover(row, other)
    with pytest.raises(RetainerNotFoundError):
        cover_community(key="none", tenant_id=shop.tenant.pk, actor=ACTOR)


def test_who_leaves_keeps_the_plan_for_the_grace_and_is_written_to(shop: Shop) -> None:
    row = agree(shop)
    cover(row, shop)
    assert release(row, shop) is not None
    assert release(row, shop) is None
    now = clock.now()
    assert shop.plan_in_force(now + DAY) == ("growth", "grace")
    assert shop.plan_in_force(now + GRACE + DAY) == ("free", "")
    assert {one.subject for one in send_waiting()} == {"Acme Makers is no longer part of a retainer"}
    # Somebody may choose a plan meanwhile, or take it in again.
    cover(row, shop)
    assert shop.plan_in_force(now + GRACE + DAY)[0] == "growth"


def test_it_renews_and_without_news_the_days_of_delay_are_given(shop: Shop) -> None:
    row = agree(shop)
    cover(row, shop)
    end = row.period_end
    assert end is not None
    assert shop.plan_in_force(end + timedelta(days=LATE_DAYS - 1))[0] == "growth"
    assert shop.plan_in_force(end + timedelta(days=LATE_DAYS + 1))[0] == "free"
    shop.server.control.set_time((end + DAY).timestamp())
    with clock.frozen_at(end + DAY):
        reconcile_billing()
    assert shop.plan_in_force(end + timedelta(days=LATE_DAYS + 1))[0] == "growth"


def test_an_invoice_that_is_not_paid_runs_into_the_grace_and_then_free(shop: Shop) -> None:
    row = agree(shop)
    cover(row, shop)
    since = clock.now()
    Retainer.objects.update(status="past_due", unpaid_since=since)
    from billing.retainers.covering import rewrite_covered

    rewrite_covered(row)
    assert shop.plan_in_force(since + DAY) == ("growth", "grace")
    assert shop.plan_in_force(since + GRACE + DAY) == ("free", "frozen")
    refresh_retainer(stripe_id=row.stripe_id or "")
    assert shop.plan_in_force(since + DAY) == ("growth", "paid")


def test_its_end_is_dated_taken_back_and_then_comes(shop: Shop) -> None:
    row = agree(shop)
    cover(row, shop)
    for _ in range(2):
        row = end_retainer(key=row.key)
    end = row.cancel_at
    assert end == row.period_end
    assert end is not None
    assert shop.plan_in_force(end + DAY) == ("growth", "grace")
    assert shop.plan_in_force(end + GRACE + DAY) == ("free", "")
    assert renew_retainer(key=row.key).cancel_at is None
    end_retainer(key=row.key)
    shop.server.control.set_time((end + DAY).timestamp())
    with clock.frozen_at(end + DAY):
        refresh_retainer(stripe_id=row.stripe_id or "")
        row.refresh_from_db()
        assert row.ended_at is not None
        assert not RetainerPlace.objects.filter(left_at=None).exists()
        assert shop.plan_in_force(end + DAY) == ("growth", "grace")
        assert shop.plan_in_force(end + GRACE + DAY) == ("free", "")
        with pytest.raises(RetainerEndedError):
            cover(row, shop)
        with pytest.raises(RetainerEndedError):
            renew_retainer(key=row.key)


def test_an_agreed_end_stands_at_stripe(shop: Shop) -> None:
    until = clock.now().replace(microsecond=0) + 200 * DAY
    assert agree(shop, ends_at=until).cancel_at == until


def test_ended_at_once_what_is_left_becomes_credit(shop: Shop) -> None:
    row = agree(shop)
    cover(row, shop)
    row = end_retainer(key=row.key, at_once=True)
    assert row.ended_at is not None
    assert shop.plan_in_force(clock.now() + DAY) == ("growth", "grace")


def test_a_community_that_is_deleted_gives_its_place_back(shop: Shop) -> None:
    row = agree(shop, places=1)
    cover(row, shop)
    end_for_deletion(tenant_id=shop.tenant.pk, actor=ACTOR)
    assert cover(row, Shop(shop.server, GLOBEX)).pk


def test_the_command_agrees_covers_and_lists(shop: Shop) -> None:
    told = StringIO()
    facts = ["--user", shop.owner.username, "--company", "Agency Ltd", "--email", "b@agency.example"]
    call_command(
        "retainer", "agree", *facts, "--plan", "pro", "--price", "99.50", "--places", "3", stdout=told
    )
    row = Retainer.objects.get()
    assert "Pro for 3 communities, 99.50 USD a month" in told.getvalue()
    call_command("retainer", "cover", row.key, "acme", stdout=told)
    call_command("retainer", "list", stdout=(listed := StringIO()))
    assert json.loads(listed.getvalue())["communities"] == ["acme"]
    other = ["change", row.key, "--price", "120", "--days", "10"]
    call_command("retainer", *other, stdout=(shown := StringIO()))
    assert "Next invoice: 120.00 USD" in shown.getvalue()
    assert "Nothing was changed." in shown.getvalue()
    call_command("retainer", *other, "--confirm", stdout=(done := StringIO()))
    assert "on: Pro for 3 communities, 120.00 USD a month." in done.getvalue()
    call_command("retainer", "undo", row.key, stdout=told)
    call_command("retainer", *other, "--when", "now", "--confirm", stdout=(done := StringIO()))
    assert "Due at once: 20.50 USD." in done.getvalue()
    ahead = [
        "--company",
        "Later Ltd",
        "--from",
        "2031-05-01",
        "--plan",
        "pro",
        "--price",
        "5",
        "--places",
        "3",
    ]
    call_command("retainer", "agree", *facts, *ahead, stdout=(done := StringIO()))
    assert "It begins on 1 May 2031." in done.getvalue()
    call_command("retainer", "call-off", Retainer.objects.get(status="not_started").key, stdout=told)
    call_command("retainer", "release", row.key, "acme", stdout=told)
    call_command("retainer", "end", row.key, stdout=told)
    call_command("retainer", "renew", row.key, stdout=told)
    for wrong in (
        ["cover", "none", "acme"],
        ["agree", *facts, "--plan", "pro", "--price", "x", "--places", "3"],
        ["agree", *facts, "--plan", "pro", "--price", "5", "--places", "3", "--from", "tomorrow"],
        ["change", row.key, "--places", "2000"],
        ["call-off", row.key],
    ):
        with pytest.raises(CommandError):
            call_command("retainer", *wrong, stdout=told)


def test_one_that_cannot_be_compared_is_one_finding_and_not_the_end_of_the_comparison(shop: Shop) -> None:
    row = agree(shop)
    shop.buy()
    for stripe_id in (str(row.stripe_id), shop.row().stripe_id):
        shop.stripe.v1.subscriptions.update(stripe_id, {"cancel_at_period_end": True})
    shop.server.control.faults(status=503, method="GET", path=f"/v1/subscriptions/{row.stripe_id}")
    found = {one.about: one.kind for one in reconcile_billing().findings if one.kind != "event"}
    assert found == {row.stripe_id: "error", shop.row().stripe_id: "differs"}
    assert shop.row().cancel_at is not None
    shop.server.control.clear_faults()
    reconcile_billing()
    row.refresh_from_db()
    assert row.cancel_at is not None
