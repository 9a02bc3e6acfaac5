"""Acts on many members from the list: asked first, a result for each, undone; ticked ones or all that match."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engagement.ledger.models import LedgerBalance
from engagement.members.models import Member
from engagement.progression.bulk_acts import INLINE
from engagement.progression.models import BulkAct
from tenants.context import TenantContext, enter_tenant
from tests.frontend_api.dashboard.members.test_list import people
from tests.frontend_api.givers import give
from tests.frontend_api.hosts import ACME, Browser

LIST = "/dashboard/members/"
BULK = f"{LIST}bulk/"


def text_of(answer: Any) -> str:
    """The page, whatever its status."""
    return str(answer.content.decode())


@pytest.fixture
def desk(pages: Browser) -> Browser:
    pages.sign_in("acme-owner", path=LIST)
    return pages


def ask(desk: Browser, **form: object) -> tuple[str, dict[str, list[str]]]:
    """The page that asks, and what it would send."""
    text = text_of(desk.on(ACME).post(BULK, form))
    hidden: dict[str, list[str]] = {}
    for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', text):
        hidden.setdefault(name, []).append(value.replace("&amp;", "&"))
    return text, hidden


def go(desk: Browser, hidden: dict[str, list[str]], **form: object) -> Any:
    return desk.on(ACME).post(BULK, {**hidden, **form}, follow=True)


def test_points_for_the_ticked_and_the_whole_act_undone(desk: Browser, acme: TenantContext) -> None:
    ids = [give(acme, number, f"Person {number}", 10) for number in (1, 2, 3)]
    text, hidden = ask(desk, act="points", ids=ids[:2])
    assert "2 members" in text
    wrong = go(desk, hidden, way="give", amount="", reason="")
    assert wrong.status_code == 422
    with enter_tenant(acme):
        assert not BulkAct.objects.exists()
    done = go(desk, hidden, way="give", amount="25", reason="Helped")
    assert "+25 points for 2 members" in text_of(done)
    assert "2 done." in text_of(done)
    go(desk, hidden, way="give", amount="25", reason="Helped")
    with enter_tenant(acme):
        assert list(
            LedgerBalance.objects.filter(member_id__in=ids)
            .order_by("member_id")
            .values_list("lifetime", flat=True)
        ) == [35, 35, 10]
        (bulk,) = BulkAct.objects.all()
    undone = desk.on(ACME).post(f"{BULK}{bulk.pk}/undo/", follow=True)
    assert "Undone." in text_of(undone)
    with enter_tenant(acme):
        assert LedgerBalance.objects.get(member_id=ids[0], currency=0).lifetime == 10


def test_all_that_match_are_meant_not_only_this_page(desk: Browser, acme: TenantContext) -> None:
    people(acme, 120)
    give(acme, 1, "Ada", 10)
    text, hidden = ask(desk, act="hide", scope="all", query="q=crowd&sort=name")
    assert "Hide 120 members" in text
    assert "120 done." in text_of(go(desk, hidden))
    with enter_tenant(acme):
        assert Member.objects.filter(visibility="hidden").count() == 120


def test_many_become_a_job_with_progress(desk: Browser, acme: TenantContext) -> None:
    people(acme, INLINE + 1)
    text, hidden = ask(desk, act="hide", scope="all", query="q=crowd")
    assert "take a while" in text
    page = go(desk, hidden)
    assert "0 of 201" in text_of(page)
    assert "every 1s" in text_of(page)
    with enter_tenant(acme):
        (bulk,) = BulkAct.objects.all()
    part = desk.on(ACME).get(f"{BULK}{bulk.pk}/", headers={"HX-Request": "true", "HX-Target": "bulk-result"})
    assert "<html" not in text_of(part)


def test_one_who_is_refused_stops_nobody(desk: Browser, acme: TenantContext) -> None:
    ids = [give(acme, number, f"Person {number}", 10) for number in (1, 2)]
    _, hidden = ask(desk, act="delete", ids=[*ids, 999_999])
    text = text_of(go(desk, hidden))
    assert "2 done." in text
    assert "1 refused" in text
    assert "There is no such member" in text


def test_nothing_ticked_does_nothing(desk: Browser) -> None:
    answer = desk.on(ACME).post(BULK, {"act": "hide"}, follow=True)
    assert "Tick some members first" in text_of(answer)
    assert desk.on(ACME).post(BULK, {"act": "explode", "ids": ["1"]}).status_code == 422
    assert desk.on(ACME).post(BULK, {"act": "hide", "ids": ["x", "9" * 40]}, follow=True).status_code == 200


def test_a_selection_is_exported(desk: Browser, acme: TenantContext) -> None:
    ids = [give(acme, number, f"Person {number}", 10) for number in (1, 2, 3)]
    answer = desk.on(ACME).post(BULK, {"act": "export", "ids": ids[:2]})
    text = answer.getvalue().decode()
    assert "Person 1" in text
    assert "Person 3" not in text


def test_the_results_page_asks_as_often_for_2_as_for_200(desk: Browser, acme: TenantContext) -> None:
    counts = []
    for more in (2, 198):
        people(acme, more)
        _, hidden = ask(desk, act="hide", scope="all", query="q=crowd")
        answer = go(desk, hidden)
        with CaptureQueriesContext(connection) as queries:
            desk.on(ACME).get(answer.redirect_chain[-1][0])
        counts.append(len(queries))
    assert counts[0] == counts[1]
