"""The team's pages of credits: the queue, one request, many at once, kinds, who is trusted, moves, figures."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engagement.audit.models import AuditEntry
from engagement.credits.approvers import list_approvers
from engagement.credits.models import CreditMove, CreditRequest, CreditType
from engagement.submissions.reasons import save_reason
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tenants.models import User
from tenants.routing import get_routing
from tests.engagement.credits.holding import ADA, ask, grant, held, make_member, make_type, spend
from tests.frontend_api.hosts import ACME, GLOBEX, Browser
from tests.frontend_api.reading import words_of
from tests.plans import put_on_plan

LIST = "/dashboard/credits/"


@pytest.fixture
def desk(pages: Browser, acme: TenantContext) -> Browser:
    """Signed in as Acme's owner; two kinds of credits, one request each."""
    with enter_tenant(acme):
        make_type(acme, escalate_hours=1)
        make_type(acme, "lead", name="Lead", needs_reason=True)
        ask(acme, make_member("Grace"), 50, reason="A <script>poster</script>")
        ask(acme, make_member("Eve"), 7, key="lead", reason="Two companies")
    pages.sign_in("acme-owner", path="/earn/")
    return pages


def show(browser: Browser, path: str, **query: str) -> str:
    return words_of(browser.on(ACME).get(path, query))


def post(browser: Browser, path: str, data: dict[str, Any] | None = None) -> Any:
    return browser.on(ACME).post(path, data or {})


def one(context: TenantContext, **wanted: Any) -> CreditRequest:
    with enter_tenant(context):
        return CreditRequest.objects.select_related("type").get(**wanted)


def test_the_queue_is_searched_and_narrowed(desk: Browser, acme: TenantContext) -> None:
    whole = show(desk, LIST)
    assert "2 requests wait for you" in whole
    assert "AI: 50 credits" in whole
    assert "Grace" in show(desk, LIST, q="poster")
    assert "Eve" not in show(desk, LIST, q="poster")
    assert "Grace" not in show(desk, LIST, type=str(one(acme, amount=7).type_id))
    with clock.frozen_at(clock.now() + timedelta(hours=2)):
        assert "Overdue" in show(desk, LIST, overdue="yes")
        assert "Eve" not in show(desk, LIST, overdue="yes")
    assert "Nothing matches" in show(desk, LIST, state="approved")


def test_one_click_grants_and_a_second_one_says_who_did(desk: Browser, acme: TenantContext) -> None:
    row = one(acme, amount=50)
    path = f"{LIST}requests/{row.pk}/"
    page = desk.on(ACME).get(path)
    assert b"<script>poster" not in page.content
    assert "This is the first one" in words_of(page)

    post(desk, f"{path}grant/")
    assert "50 AI credits granted" in show(desk, path)
    other = Browser()
    other.sign_in("acme-moderator", path="/earn/")
    post(other, f"{path}grant/")

    assert "granted by" in show(other, path)
    with enter_tenant(acme):
        assert AuditEntry.objects.filter(action="credit_request.approved", via="web").count() == 1


def test_a_part_is_granted_with_a_note_and_never_more(desk: Browser, acme: TenantContext) -> None:
    row = one(acme, amount=50)
    path = f"{LIST}requests/{row.pk}/grant-a-part/"

    assert post(desk, path, {"amount": "51"}).status_code == 422
    assert post(desk, path, {"amount": "20", "text": "To begin with"}).status_code == 302

    decided = one(acme, pk=row.pk)
    assert (decided.granted, decided.note) == (20, "To begin with")
    assert "Granted 20" in show(desk, LIST)


def test_a_rejection_takes_a_sentence_that_the_team_keeps(desk: Browser, acme: TenantContext) -> None:
    with enter_tenant(acme):
        save_reason(text="Next month again.", outcome="rejected", actor=ADA)
    row = one(acme, amount=50)
    path = f"{LIST}requests/{row.pk}/reject/"

    assert "Say why" in words_of(post(desk, path))
    post(desk, path, {"ready": "Next month again."})
    assert one(acme, pk=row.pk).note == "Next month again."
    undone = post(desk, f"{LIST}requests/{row.pk}/undo/", {"confirmed": "1"})

    assert undone.status_code == 302
    assert one(acme, pk=row.pk).state == "pending"
    post(desk, f"{LIST}requests/{row.pk}/ask/", {"text": "Which poster?"})
    assert one(acme, pk=row.pk).state == "needs_info"
    assert "Which poster?" in show(desk, f"{LIST}requests/{row.pk}/")


def test_a_grant_that_is_spent_is_taken_back_by_force_alone(desk: Browser, acme: TenantContext) -> None:
    row = one(acme, amount=50)
    path = f"{LIST}requests/{row.pk}/"
    post(desk, f"{path}grant/")
    with enter_tenant(acme):
        from engagement.members.models import Member

        grace = Member.objects.get(pk=row.member_id)
        spend(acme, grace, 45)

    assert "stands as debt" in words_of(post(desk, f"{path}undo/", {"confirmed": "1"}))
    assert post(desk, f"{path}undo/", {"confirmed": "1", "force": "on"}).status_code == 302
    with enter_tenant(acme):
        assert held(grace, row.type) == (0, 45)


def test_many_at_once_say_what_became_of_each(desk: Browser, acme: TenantContext) -> None:
    rows = [one(acme, amount=50), one(acme, amount=7)]
    post(desk, f"{LIST}requests/{rows[0].pk}/grant/")
    desk = Browser()
    desk.sign_in("acme-moderator", path="/earn/")
    ids = ",".join(str(row.pk) for row in rows)

    asked = post(desk, f"{LIST}bulk/", {"act": "approve", "ids": [str(row.pk) for row in rows]})
    assert "Grant: 2 requests?" in words_of(asked)
    done = words_of(post(desk, f"{LIST}bulk/", {"act": "approve", "ids": ids, "confirmed": "1"}))

    assert "1 done. 1 refused" in done
    assert "granted by" in done
    assert "Tick some requests first" in words_of(
        desk.on(ACME).post(f"{LIST}bulk/", {"act": "approve"}, follow=True)
    )
    assert "Say why" in words_of(post(desk, f"{LIST}bulk/", {"act": "reject", "ids": ids, "confirmed": "1"}))


def test_all_that_match_are_meant_up_to_a_bound(desk: Browser, acme: TenantContext) -> None:
    _fill(acme, 201)
    body = {"act": "approve", "scope": "all", "query": "state=pending"}

    assert post(desk, f"{LIST}bulk/", body).status_code == 422
    asked = words_of(post(desk, f"{LIST}bulk/", body | {"query": "state=pending&q=eve"}))
    assert "Grant: 1 request?" in asked


def test_the_export_is_what_the_address_shows_and_is_recorded(desk: Browser, acme: TenantContext) -> None:
    answer = desk.on(ACME).get(f"{LIST}export.csv?col=member&col=amount&col=reason")

    text = b"".join(answer.streaming_content).decode()
    assert "Eve" in text
    assert "Two companies" in text
    with enter_tenant(acme):
        assert AuditEntry.objects.filter(action="credit_request.exported").exists()


def test_a_kind_is_made_changed_archived_and_brought_back(desk: Browser, acme: TenantContext) -> None:
    form = {
        "name": "Print", "key": "print", "unit": "sheets", "requestable": "on", "least": "1", "period": "week",
        "period_amount": "40", "automatic_most": "5", "automatic_min_level": "30",
    }  # fmt: skip
    wrong = words_of(post(desk, f"{LIST}kinds/new/", form | {"automatic_most": "", "most": "0"}))
    assert "Say up to which amount" in wrong or "greater than or equal to 1" in wrong
    assert post(desk, f"{LIST}kinds/new/", form).status_code == 302
    with enter_tenant(acme):
        row = CreditType.objects.get(key="print")
        assert (row.unit, row.period_amount, row.automatic) == ("sheets", 40, {"most": 5, "min_level": 30})
    path = f"{LIST}kinds/{row.pk}/"
    opened = re.search(r'name="opened" value="([^"]+)"', desk.on(ACME).get(path).content.decode())
    assert opened is not None

    sent = form | {"opened": opened[1], "least": "2"}
    assert post(desk, path, sent).status_code == 302
    assert post(desk, path, sent | {"least": "3"}).status_code == 409  # opened before the other change
    assert "Granted by itself: Up to 5 Print sheets" in show(desk, f"{LIST}kinds/")
    post(desk, f"{path}archive/")
    assert "Archived" in show(desk, f"{LIST}kinds/")
    post(desk, f"{path}restore/")
    with enter_tenant(acme):
        assert CreditType.objects.get(pk=row.pk).archived_at is None


def test_over_the_plan_the_newest_rest(desk: Browser, acme: TenantContext) -> None:
    put_on_plan(acme, credit_types=1)
    get_routing().load()

    page = show(desk, f"{LIST}kinds/")

    assert "1 rests" in page
    assert "Make a kind" not in page
    refused = post(
        desk, f"{LIST}kinds/new/", {"name": "X", "key": "x", "unit": "x", "least": "1", "period": "day"}
    )
    assert "1, and all of them are in use" in words_of(refused)


def test_somebody_is_trusted_with_a_quota_and_no_longer(desk: Browser, acme: TenantContext) -> None:
    kind = one(acme, amount=50).type_id
    moderator = User.objects.get(username="acme-moderator").pk
    path = f"{LIST}kinds/{kind}/"

    assert (
        post(
            desk, f"{path}trust/", {"who": f"user:{moderator}", "quota": "100", "period": "week"}
        ).status_code
        == 302
    )
    assert "0 of 100 granted this week" in show(desk, path)
    assert post(desk, f"{path}trust/", {"who": "user:999999", "period": "week"}).status_code == 422
    with enter_tenant(acme):
        approver = list_approvers(context=acme)[0].approver.pk
    post(desk, f"{path}trust/{approver}/remove/")
    with enter_tenant(acme):
        assert list_approvers(context=acme) == []


def test_by_hand_is_booked_once_told_and_taken_back(desk: Browser, acme: TenantContext) -> None:
    member = one(acme, amount=50).member_id
    form = {
        "member": str(member),
        "way": "grant",
        "type": "ai",
        "amount": "30",
        "reason": "Welcome",
        "token": "T1",
    }

    for _ in range(2):
        assert post(desk, f"{LIST}moves/new/", form).status_code == 302
    assert "+30 AI for Grace, who now has 30" in show(desk, f"{LIST}moves/")
    with enter_tenant(acme):
        move = CreditMove.objects.get()
    too_many = post(desk, f"{LIST}moves/new/", form | {"way": "revoke", "amount": "31", "token": "T2"})
    assert "30 are there: 1 more" in words_of(too_many)
    assert "Choose a member" in words_of(post(desk, f"{LIST}moves/new/", form | {"member": ""}))
    post(desk, f"{LIST}moves/{move.pk}/undo/")

    assert "Taken back" in show(desk, f"{LIST}moves/")
    with enter_tenant(acme):
        assert CreditMove.objects.filter(kind="undo").count() == 1


def test_figures_stand_with_their_table(desk: Browser, acme: TenantContext) -> None:
    post(desk, f"{LIST}requests/{one(acme, amount=50).pk}/grant/")

    for days in ("30", "90", "365", "nonsense"):
        page = show(desk, f"{LIST}figures/", days=days)
        assert "100 %" in page
        assert "1 granted, 0 rejected" in page
    assert "50 credits" in page


def test_a_queue_of_ten_thousand_takes_the_queries_of_a_short_one(desk: Browser, acme: TenantContext) -> None:
    paths = [
        f"{LIST}?state=pending&sort=when&q=e",
        f"{LIST}kinds/",
        f"{LIST}moves/",
        f"{LIST}requests/{one(acme, amount=50).pk}/",
    ]
    _fill(acme, 60)
    few = [_count(desk, path) for path in paths]
    _fill(acme, 9_940)
    assert [_count(desk, path) for path in paths] == few


def test_another_communitys_are_not_found(desk: Browser, acme: TenantContext) -> None:
    row = one(acme, amount=50)
    desk = Browser()
    desk.sign_in("globex-owner", host=GLOBEX, path="/earn/")
    for path in (f"requests/{row.pk}/", f"kinds/{row.type_id}/", "moves/1/undo/"):
        assert desk.on(GLOBEX).get(f"{LIST}{path}").status_code == 404
    assert desk.on(GLOBEX).post(f"{LIST}requests/{row.pk}/grant/").status_code == 404
    assert one(acme, pk=row.pk).state == "pending"


def _count(browser: Browser, path: str) -> int:
    browser.on(ACME).get(path)
    with CaptureQueriesContext(connection) as taken:
        assert browser.on(ACME).get(path).status_code == 200
    return len(taken)


def _fill(context: TenantContext, many: int) -> None:
    """So many requests that wait, of forty members, and a move of each."""
    with enter_tenant(context):
        row = CreditType.objects.get(key="ai")
        people = [make_member(f"Mele {number}") for number in range(40)]
        start = CreditRequest.objects.count()
        now = clock.now()
        CreditRequest.objects.bulk_create(
            CreditRequest(
                key=f"fill-{start + number}", type=row, member_id=people[number % 40].pk, amount=1 + number, via="web",
                requested_at=now - timedelta(minutes=number), reason=f"Poster {number}",
            )
            for number in range(many)
        )  # fmt: skip
        for person in people:
            grant(context, person, 5)
