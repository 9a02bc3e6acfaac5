"""The list of sessions, and ending them: a community's session ends with the one that it descends from."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from frontend_api.site import sessions, sign_in
from frontend_api.site.sessions import mask_address, name_device
from saas.core import clock
from tenants.models import User
from tests.frontend_api.hosts import ACME, BASE, GLOBEX, PASSWORD, Browser
from tests.limits.racing import holds_up_another, wait_until

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.0 Mobile/15E148 Safari/604.1"
)


def enter(browser: Browser, agent: str = FIREFOX) -> Browser:
    for host in (BASE, ACME, GLOBEX):
        browser.on(host).defaults["HTTP_USER_AGENT"] = agent
    browser.sign_in("acme-owner")
    return browser


def page(browser: Browser) -> str:
    return str(browser.on(BASE).get("/settings/sessions/").content.decode())


def key_of(browser: Browser, host: str = BASE) -> str:
    return str(browser.on(host).session.session_key)


def is_in(browser: Browser, host: str, path: str) -> bool:
    return bool(browser.on(host).get(path).status_code == 200)


def test_each_browser_is_one_line_with_what_it_is_and_where_it_is_signed_in(pages: Browser) -> None:
    phone = enter(Browser(), SAFARI)
    enter(pages)
    pages.follow(pages.on(GLOBEX).get("/login/?next=/leaderboard/"), GLOBEX)
    text = page(pages)
    assert text.count("<li>") >= 2
    assert "Firefox on Windows" in text
    assert "Safari on iPhone" in text
    assert "also on acme.localhost, globex.localhost" in text
    assert text.count("This browser") == 1
    assert "127.0.0" not in text
    assert page(phone)


def test_ending_one_ends_its_sessions_on_every_host_and_no_other(pages: Browser) -> None:
    other = enter(Browser())
    enter(pages)
    pages.on(BASE).post("/settings/sessions/", {"end": key_of(other)})
    assert not is_in(other, ACME, "/dashboard/")
    assert not is_in(other, BASE, "/settings/")
    assert is_in(pages, ACME, "/dashboard/")
    assert is_in(pages, BASE, "/settings/")


def test_ending_all_others_keeps_this_browser_everywhere(pages: Browser) -> None:
    others = [enter(Browser()), enter(Browser())]
    enter(pages)
    pages.on(BASE).post("/settings/sessions/", {"end": "others"})
    assert is_in(pages, ACME, "/dashboard/")
    assert is_in(pages, BASE, "/settings/")
    assert not any(is_in(other, ACME, "/dashboard/") for other in others)
    assert Session.objects.count() == UserSession.objects.count() == 2


def test_nobody_ends_somebody_elses(pages: Browser) -> None:
    enter(pages)
    stranger = Browser()
    stranger.on(BASE).post("/login/", {"name": "globex-owner", "password": PASSWORD})
    for key in (key_of(pages), key_of(pages, ACME), "", "x" * 5000, "\u202e"):
        stranger.on(BASE).post("/settings/sessions/", {"end": key})
    assert is_in(pages, ACME, "/dashboard/")


def test_signing_out_on_base_domain_ends_the_communities_too(pages: Browser) -> None:
    enter(pages)
    pages.on(BASE).post("/logout/")
    assert not is_in(pages, ACME, "/dashboard/")


def test_signing_out_of_a_community_ends_its_siblings(pages: Browser) -> None:
    enter(pages)
    pages.follow(pages.on(GLOBEX).get("/login/?next=/leaderboard/"), GLOBEX)
    pages.on(ACME).post("/logout/")
    assert not Session.objects.exists()


def test_a_ticket_of_a_session_that_ended_is_worth_nothing(pages: Browser) -> None:
    enter(pages)
    away = pages.on(GLOBEX).get("/login/?next=/leaderboard/")
    ticket = pages.open(away["Location"])["Location"]
    pages.on(BASE).post("/logout/")
    answer = pages.open(ticket)
    assert answer.status_code == 403
    assert "signed out" in answer.content.decode()


def test_the_list_costs_the_same_however_long_it_is(pages: Browser) -> None:
    enter(pages)

    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            page(pages)
        return len(caught)

    few = count()
    user = User.objects.get(username="acme-owner")
    later = clock.now() + timedelta(days=1)
    Session.objects.bulk_create(
        Session(session_key=f"k{n}", session_data="", expire_date=later) for n in range(500)
    )
    UserSession.objects.bulk_create(
        UserSession(user=user, session_key=f"k{n}", ip="0.0.0.0", user_agent=FIREFOX) for n in range(500)
    )
    assert count() == few


def test_last_seen_is_kept_to_ten_minutes_and_costs_nothing_between(pages: Browser) -> None:
    enter(pages)
    row = UserSession.objects.get(session_key=key_of(pages, ACME))
    pages.on(ACME).get("/earn/")
    assert UserSession.objects.get(pk=row.pk).last_seen_at == row.last_seen_at
    with clock.frozen_at(clock.now() + timedelta(minutes=11)):
        pages.on(ACME).get("/earn/")
    assert UserSession.objects.get(pk=row.pk).last_seen_at > row.last_seen_at


@pytest.mark.parametrize(
    ("given", "kept"),
    [("203.0.113.77", "203.0.113.0"), ("2001:db8:1:2::9", "2001:db8:1::"), ("", "0.0.0.0"), ("?", "0.0.0.0")],
)
def test_an_address_is_kept_as_its_network(given: str, kept: str) -> None:
    assert mask_address(given) == kept


@pytest.mark.parametrize("agent", ["", "\u202e<script>", "x" * 100_000, "Chrome/"])
def test_any_browser_has_a_name_of_ours(agent: str) -> None:
    assert name_device(agent) in {"A browser", "Chrome"}


@pytest.mark.race
@pytest.mark.parametrize("guarded", [True, False])
def test_a_session_that_opens_while_its_parent_ends_ends_too(
    committed_pages: Browser, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """Ticket and "end all" at once: with the parent's row locked, whichever comes first, nothing survives."""
    survived = 0
    for _ in range(3):
        pages = Browser()
        pages.on(BASE).post("/login/", {"name": "acme-owner", "password": PASSWORD})
        ticket = pages.open(pages.on(ACME).get("/login/?next=/earn/")["Location"])["Location"]
        looked, ended = threading.Event(), threading.Event()

        def look(*, key: str, user_id: int, looked: Any = looked, ended: Any = ended) -> bool:
            if guarded:
                found = sessions.lock_session(key=key, user_id=user_id)
            else:
                found = UserSession.objects.filter(session_key=key, user_id=user_id).exists()
            looked.set()
            # With the lock held the other one waits for us instead.
            wait_until(lambda: ended.is_set() or holds_up_another())
            return found

        monkeypatch.setattr(sign_in, "lock_session", look)

        def redeem(ticket: str = ticket, pages: Browser = pages) -> None:
            try:
                pages.on(ACME).get(urlsplit(ticket).path + "?" + urlsplit(ticket).query)
            finally:
                connections.close_all()

        def end(looked: Any = looked, ended: Any = ended, key: str = key_of(pages)) -> None:
            try:
                looked.wait(30)
                sessions.end_sessions([key])
                ended.set()
            finally:
                connections.close_all()

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda act: act(), [redeem, end]))
        survived += Session.objects.count()
        Session.objects.all().delete()
    assert survived == (0 if guarded else 3)
