"""Who supports and what was paid, as lists and as files."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engagement.audit.models import AuditEntry
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.frontend_api.hosts import ACME, Browser
from tests.frontend_api.portal.test_shop import text_of
from tests.frontend_api.supporting import connect, paid, support, tier

PEOPLE, PAYMENTS = "/dashboard/supporters/people/", "/dashboard/supporters/payments/"


@pytest.fixture
def desk(pages: Browser, acme: TenantContext) -> Any:
    pages.sign_in("acme-moderator", path="/earn/")
    connect(acme)
    return pages.on(ACME)


def file_of(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode("utf-8-sig")


def test_empty_lists_lead_on(desk: Any) -> None:
    assert "Nobody supports yet" in text_of(desk.get(PEOPLE))
    assert "Nothing was paid yet" in text_of(desk.get(PAYMENTS))


def test_supporters_are_searched_and_narrowed(desk: Any, acme: TenantContext) -> None:
    friends, patrons = tier(acme), tier(acme, "Patrons", amount=2_000)
    support(acme, friends)
    support(acme, patrons, "Ada", 77_002)
    text = text_of(desk.get(PEOPLE))
    for words in ("Grace", "Ada", "Friends", "Patrons", "$5 a month", "$20 a month"):
        assert words in text
    assert "Grace" not in text_of(desk.get(f"{PEOPLE}?q=Ad"))
    assert "Grace" not in text_of(desk.get(f"{PEOPLE}?tier={patrons.key}"))
    assert [row.member.display_name for row in desk.get(f"{PEOPLE}?sort=-amount").context["list"].rows] == [
        "Ada",
        "Grace",
    ]


def test_a_late_one_is_not_said_to_be_paid(desk: Any, acme: TenantContext) -> None:
    friends = tier(acme)
    until = clock.now() + timedelta(days=20)
    support(acme, friends, period_end=until)
    support(acme, friends, "Ada", 77_002, period_end=until, state="late", late_since=clock.now())
    lines = file_of(desk.get(f"{PEOPLE}export.csv")).splitlines()
    assert {line.split(",")[0]: until.date().isoformat() in line for line in lines[1:]} == {
        "Grace": True,
        "Ada": False,
    }


def test_the_file_computes_nothing_and_is_recorded(desk: Any, acme: TenantContext) -> None:
    row = support(acme, tier(acme, "=2+5"), "=cmd|' /C calc'!A0")
    paid(acme, row, amount=1_234, fee=100)
    people = file_of(desk.get(f"{PEOPLE}export.csv"))
    assert "'=cmd" in people
    assert "'=2+5" in people
    payments = file_of(desk.get(f"{PAYMENTS}export.csv"))
    assert "12.34,1.00,11.34,0.00,USD" in payments
    assert desk.get(f"{PEOPLE}export.exe").status_code == 404
    with enter_tenant(acme):
        assert AuditEntry.objects.filter(action="supporter.exported").count() == 2


def test_lists_ask_as_often_for_many_as_for_few(desk: Any, acme: TenantContext) -> None:
    friends = tier(acme)
    paid(acme, support(acme, friends))

    def count(path: str) -> int:
        with CaptureQueriesContext(connection) as found:
            assert desk.get(path).status_code == 200
        return len(found.captured_queries)

    for path in (PEOPLE, PAYMENTS):
        desk.get(path)
    few = [count(path) for path in (PEOPLE, PAYMENTS)]
    for number in range(60):
        paid(acme, support(acme, friends, f"M{number}", 79_000 + number))
    assert [count(path) for path in (PEOPLE, PAYMENTS)] == few


def test_a_disputed_payment_says_so_and_offers_no_refund(desk: Any, acme: TenantContext) -> None:
    grace = support(acme, tier(acme))
    row = paid(acme, grace, fee=0, dispute="open", disputed=500, disputed_at=clock.now())
    page = text_of(desk.get(f"{PAYMENTS}{row.key}/"))
    assert "Disputed" in page
    assert "asked their bank to take this payment back" in page
    assert "It can be given back" not in page
    assert "Disputed" in text_of(desk.get(f"{PAYMENTS}?disputed=yes"))
    assert "Grace" not in text_of(desk.get(f"{PAYMENTS}?disputed=no"))


def test_a_payment_says_what_it_was_and_a_moderator_gives_nothing_back(
    desk: Any, acme: TenantContext
) -> None:
    row = paid(acme, support(acme, tier(acme)), amount=500, fee=40)
    text = text_of(desk.get(f"{PAYMENTS}{row.key}/"))
    for words in ("$5.00 from", "Grace", "$0.40", "$4.60", "Friends"):
        assert words in text
    assert "Refund and end now" not in text
    assert desk.get(f"{PAYMENTS}{row.key}/refund/").status_code == 403
    assert desk.get(f"{PAYMENTS}nobodys/").status_code == 404
