"""The page behind the link of a mail: looking decides nothing, the form decides once, and the address says what became of it."""

from __future__ import annotations

from typing import Any

import pytest

from engagement.credits.mailing import link_of
from engagement.credits.models import CreditRequest
from tenants.context import TenantContext, enter_tenant
from tenants.models import User
from tests.engagement.credits.holding import ask, make_member, make_type
from tests.frontend_api.hosts import ACME, GLOBEX, Browser
from tests.frontend_api.portal.test_leaderboard import text_of

PATH = "/decide/"
NASTY = "<script>alert(1)</script>\u202e"


@pytest.fixture
def token(pages: Browser, acme: TenantContext) -> str:
    with enter_tenant(acme):
        make_type(acme)
        request = ask(acme, make_member(NASTY), 500, reason=NASTY)
        address = link_of(acme, request, User.objects.get(username="acme-moderator").pk)
    return address.partition("ticket=")[2]


def look(pages: Browser, token: str, host: str = ACME) -> Any:
    return pages.on(host).get(PATH, {"ticket": token})


def send(pages: Browser, token: str, **facts: str) -> Any:
    return pages.on(ACME).post(PATH, {"ticket": token, **facts}, follow=True)


def state(acme: TenantContext) -> tuple[str, int]:
    with enter_tenant(acme):
        row = CreditRequest.objects.get()
        return row.state, row.granted


def test_opening_it_shows_the_request_and_decides_nothing(
    pages: Browser, acme: TenantContext, token: str
) -> None:
    for _ in range(2):
        answer = look(pages, token)
        assert "asks for 500" in text_of(answer)
        assert "<script>alert" not in answer.content.decode()
    assert answer["Referrer-Policy"] == "no-referrer"
    assert pages.on(ACME).head(PATH, {"ticket": token}).status_code == 200
    assert state(acme) == ("pending", 0)


def test_approving_in_part_grants_it_and_the_link_is_over(
    pages: Browser, acme: TenantContext, token: str
) -> None:
    text = text_of(send(pages, token, do="approve", amount="200", note="For now"))
    assert "This was granted" in text
    assert "200 of 500 were granted" in text
    assert state(acme) == ("approved", 200)
    again = text_of(send(pages, token, do="reject", note="No"))
    assert "This was granted" in again
    assert state(acme) == ("approved", 200)


def test_rejecting_needs_a_reason_which_is_asked_for(pages: Browser, acme: TenantContext, token: str) -> None:
    refused = send(pages, token, do="reject", note="", amount="77")
    assert refused.status_code == 422
    assert "Say why" in refused.content.decode()
    assert 'value="77"' in refused.content.decode()
    assert "This was rejected" in text_of(send(pages, token, do="reject", note="Not now"))
    assert state(acme) == ("rejected", 0)


@pytest.mark.parametrize(
    "facts", [{"do": "approve", "amount": "many"}, {"do": "approve", "amount": "501"}, {"do": "dance"}, {}]
)
def test_bad_input_gets_an_answer_and_changes_nothing(
    pages: Browser, acme: TenantContext, token: str, facts: dict[str, str]
) -> None:
    refused = send(pages, token, **facts)
    assert refused.status_code == 422
    assert state(acme) == ("pending", 0)


def test_a_link_that_is_none_is_refused_in_words(pages: Browser, acme: TenantContext, token: str) -> None:
    for bad, host in (("", ACME), (f"{token}x", ACME), (token, GLOBEX)):
        answer = look(pages, bad, host)
        assert answer.status_code == 403
        assert "This link is not whole" in answer.content.decode()
    assert state(acme) == ("pending", 0)
