"""One supporter's page: how it stands, what it brought, every payment, and what can be done; found from wherever they are named."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engagement.members.models import Member
from engagement.supporters.models import Supporter, SupporterTier
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.frontend_api.hosts import ACME, Browser
from tests.frontend_api.portal.test_shop import text_of
from tests.frontend_api.supporting import connect, paid, support, tier

PEOPLE = "/dashboard/supporters/people/"
ROLE = "900000000000000123"


@pytest.fixture
def desk(pages: Browser, acme: TenantContext) -> Any:
    pages.sign_in("acme-owner", path="/earn/")
    connect(acme)
    return pages.on(ACME)


def page_of(desk: Any, row: Supporter) -> str:
    return text_of(desk.get(f"{PEOPLE}{row.key}/"))


def test_it_is_linked_from_the_lists_the_member_the_payment_and_the_news(
    desk: Any, acme: TenantContext
) -> None:
    row = support(acme, tier(acme))
    payment = paid(acme, row)
    for path in (
        PEOPLE,
        "/dashboard/supporters/payments/",
        f"/dashboard/supporters/payments/{payment.key}/",
        f"/dashboard/members/{row.member_id}/",
        "/dashboard/supporters/",
    ):
        assert f'href="{PEOPLE}{row.key}/"' in desk.get(path).content.decode(), path


def test_it_says_what_was_paid_given_back_and_left_over(desk: Any, acme: TenantContext) -> None:
    row = support(acme, tier(acme, points=50, perks=("<i>A badge</i>",)))
    paid(acme, row, days_ago=70, amount=500, fee=40)
    paid(acme, row, days_ago=40, amount=500, fee=0, refunded=500, refunded_at=clock.now())
    last = paid(acme, row, days_ago=1, amount=500, fee=40)
    text = page_of(desk, row)
    for words in (
        "$15.00",
        "$5.00 refunded",
        "Our fee: $0.80",
        "$9.20",
        "100 given",
        "&lt;i&gt;A badge",
        "Began to support with Friends",
    ):
        assert words in text, words
    assert f"payments/{last.key}/refund/?end=1" in text
    assert text.count("/dashboard/supporters/payments/") >= 3


def test_what_keeps_it_from_going_on_is_said_with_its_day(desk: Any, acme: TenantContext) -> None:
    now = clock.now()
    friends = tier(acme)
    late = support(acme, friends, state="late", late_since=now)
    assert "if nothing is paid by then, the support ends" in page_of(desk, late)
    ending = support(acme, friends, "Ada", 77_002, cancel_at=now + timedelta(days=9))
    assert "Until then they keep what they get and can resume it" in page_of(desk, ending)
    disputed = support(acme, friends, "Joan", 77_003)
    paid(acme, disputed, days_ago=31)
    paid(acme, disputed, fee=0, dispute="open", disputed=500, disputed_at=now)
    text = page_of(desk, disputed)
    assert "Their bank took a payment back" in text
    assert "Refund the last payment" not in text
    over = support(acme, friends, "Kay", 77_004, state="ended", ended_at=now)
    text = page_of(desk, over)
    assert "Ended" in text
    assert "Nothing was paid yet" in text


def test_a_role_that_was_not_given_says_why(desk: Any, acme: TenantContext) -> None:
    sold = tier(acme, role_id=ROLE)
    row = support(acme, sold)
    assert "it is tried again every two hours" in page_of(desk, row)
    with enter_tenant(acme):
        Member.objects.filter(pk=row.member_id).update(departed_at=clock.now())
    assert "they are not on the server" in page_of(desk, row)
    with enter_tenant(acme):
        Member.objects.filter(pk=row.member_id).update(departed_at=None, role_ids=[ROLE])
        SupporterTier.objects.filter(pk=sold.pk).update(amount=900)
    text = page_of(desk, row)
    assert "tried again" not in text
    assert "as agreed; the tier costs $9 a month by now" in text


def test_a_member_s_supports_stand_beside_each_other(desk: Any, acme: TenantContext) -> None:
    friends = tier(acme)
    first = support(acme, friends, begun_at=clock.now() - timedelta(days=90))
    support(
        acme, friends, reference=first.reference, state="ended", ended_at=clock.now() - timedelta(days=60)
    )
    second = support(acme, friends)
    assert "Other supports of theirs" in page_of(desk, second)
    assert f'href="{PEOPLE}{second.key}/"' in page_of(desk, first)


def test_it_asks_as_often_for_many_payments_as_for_one(desk: Any, acme: TenantContext) -> None:
    row = support(acme, tier(acme))
    paid(acme, row)

    def count() -> int:
        with CaptureQueriesContext(connection) as found:
            assert desk.get(f"{PEOPLE}{row.key}/").status_code == 200
        return len(found.captured_queries)

    count()
    few = count()
    for _ in range(20):
        paid(acme, row)
    assert count() == few


def test_another_communitys_is_not_there(desk: Any, globex: TenantContext) -> None:
    theirs = support(globex, tier(globex))
    assert desk.get(f"{PEOPLE}{theirs.key}/").status_code == 404
    assert desk.get(f"{PEOPLE}nobodys/").status_code == 404
