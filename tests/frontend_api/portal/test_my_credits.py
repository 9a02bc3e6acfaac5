"""A member's own credits: balances, limits beside the form, one's own requests alone; and the queue of who is trusted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engagement.credits.approvers import add_approver
from engagement.credits.deciding import approve_request, ask_about_request
from engagement.credits.models import CreditRequest
from engagement.members.models import Member
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.cast import ACME as CAST
from tests.engagement.credits.holding import ADA, ask, grant, make_member, make_type
from tests.frontend_api.givers import give
from tests.frontend_api.hosts import ACME, Browser
from tests.frontend_api.reading import words_of


@pytest.fixture
def mia(pages: Browser, acme: TenantContext) -> Member:
    """Acme's member, who has been here for long; AI and Lead credits exist."""
    member_id = give(acme, CAST.discord_id("member"), "Mia", 0)
    with enter_tenant(acme):
        Member.objects.filter(pk=member_id).update(joined_at=clock.now() - timedelta(days=90))
        make_type(acme, least=5, most=100, period_amount=120, description="For pictures")
        make_type(acme, "lead", name="Lead", requestable=False)
        member = Member.objects.get(pk=member_id)
    pages.sign_in("acme-member", path="/earn/")
    return member


def show(pages: Browser, path: str) -> str:
    return words_of(pages.on(ACME).get(path))


def send(pages: Browser, **data: Any) -> Any:
    return pages.on(ACME).post("/credits/request/", {"type": "ai", "amount": "60", "token": "t-1"} | data)


def test_limits_stand_beside_the_form_and_in_the_refusal(pages: Browser, mia: Member) -> None:
    form = show(pages, "/credits/request/")
    assert "5 to 100 credits at once" in form
    assert "Lead" not in form

    made = send(pages, reason="<script>x</script>")
    again = send(pages, reason="<script>x</script>")
    assert made["Location"] == again["Location"]
    page = pages.on(ACME).get(made["Location"])
    assert b"<script>x" not in page.content
    assert "It is with the team now" in words_of(page)
    refused = send(pages, amount="61", token="t-2")

    assert refused.status_code == 422
    assert "60 are left" in words_of(refused)
    assert "60 of 120 used this month" in show(pages, "/credits/")
    for wrong in ("0", "-5", "x", "", "99999999999999999999"):
        assert send(pages, amount=wrong, token="t-3").status_code == 422


def test_balances_and_every_change_are_told(pages: Browser, mia: Member, acme: TenantContext) -> None:
    assert "You have not asked for any yet" in show(pages, "/credits/")
    with enter_tenant(acme):
        grant(acme, mia, 30, reason="Welcome to us")
        request = ask(acme, mia, 60, reason="Poster")
        approve_request(context=acme, request_id=request.pk, actor=ADA, amount=40, note="To begin with")

    mine = show(pages, "/credits/")
    assert "70 credits to use" in mine
    assert "Granted 40" in mine
    history = show(pages, "/credits/history/")
    assert "Welcome to us" in history
    assert "+40 AI" in history


def test_a_question_is_answered_and_a_request_cancelled(
    pages: Browser, mia: Member, acme: TenantContext
) -> None:
    with enter_tenant(acme):
        request = ask(acme, mia, 60)
        ask_about_request(context=acme, request_id=request.pk, actor=ADA, question="Which poster?")
    path = f"/credits/requests/{request.pk}/"

    assert "Which poster?" in show(pages, path)
    assert pages.on(ACME).post(f"{path}answer/", {"answer": " "}).status_code == 422
    pages.on(ACME).post(f"{path}answer/", {"answer": "The big one"})
    assert "The big one" in show(pages, path)
    pages.on(ACME).post(f"{path}cancel/")

    with enter_tenant(acme):
        assert CreditRequest.objects.get(pk=request.pk).state == "cancelled"


def test_another_members_request_is_a_404(pages: Browser, mia: Member, acme: TenantContext) -> None:
    with enter_tenant(acme):
        theirs = ask(acme, make_member("Eve"), 60).pk
    for answer in (
        pages.on(ACME).get(f"/credits/requests/{theirs}/"),
        pages.on(ACME).post(f"/credits/requests/{theirs}/cancel/"),
        pages.on(ACME).post(f"/credits/requests/{theirs}/answer/", {"answer": "x"}),
        pages.on(ACME).get(f"/credits/requests/{10**30}/"),
        pages.on(ACME).get("/credits/decide/"),
        pages.on(ACME).post(f"/credits/decide/{theirs}/", {"act": "approve"}),
    ):
        assert answer.status_code == 404


def test_who_is_trusted_decides_up_to_the_quota(pages: Browser, mia: Member, acme: TenantContext) -> None:
    with enter_tenant(acme):
        request = ask(acme, make_member("Eve"), 60, reason="A poster")
        other = ask(acme, make_member("Bob"), 50)
        own = ask(acme, mia, 10)
        add_approver(type_id=request.type_id, name="@helpers", role_id=555, quota=70, actor=ADA)
        Member.objects.filter(pk=mia.pk).update(role_ids=["555"])

    assert "See what waits" in show(pages, "/credits/")
    assert "70 of 70 left this month" in show(pages, "/credits/decide/")
    done = pages.on(ACME).post(f"/credits/decide/{request.pk}/", {"act": "approve", "amount": "60"})
    assert done.status_code == 302
    over = pages.on(ACME).post(f"/credits/decide/{other.pk}/", {"act": "approve", "amount": "50"})
    assert (over.status_code, "10 are left" in words_of(over)) == (403, True)
    assert "your own request" in words_of(
        pages.on(ACME).post(f"/credits/decide/{own.pk}/", {"act": "approve"})
    )
    assert pages.on(ACME).post(f"/credits/decide/{other.pk}/", {"act": "reject"}).status_code == 422
    pages.on(ACME).post(f"/credits/decide/{other.pk}/", {"act": "reject", "note": "Later"})

    with enter_tenant(acme):
        states = {row.pk: (row.state, row.decided_by) for row in CreditRequest.objects.all()}
    assert states[request.pk][0] == "approved"
    assert states[other.pk][0] == "rejected"
    assert states[own.pk][0] == "pending"
