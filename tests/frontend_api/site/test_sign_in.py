"""Signing in on BASE_DOMAIN and arriving on a community's host by a ticket; signing out; what is refused."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.sessions.models import Session

from tests.frontend_api.hosts import ACME, BASE, GLOBEX, PASSWORD, Browser


def test_the_journey_ends_signed_in_where_it_began(pages: Browser) -> None:
    answer = pages.sign_in("acme-owner", path="/dashboard/")
    assert answer.status_code == 200
    assert answer.request["PATH_INFO"] == "/dashboard/"
    assert pages.on(ACME).session["host"] == ACME
    cookie = pages.on(ACME).cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["domain"] == ""
    assert "sign_in_nonce" not in {name for name, value in pages.on(ACME).cookies.items() if value.value}


def test_an_email_signs_in_whatever_its_case(pages: Browser) -> None:
    answer = pages.on(BASE).post("/login/", {"name": "ACME-owner@Example.org", "password": PASSWORD})
    assert answer.status_code == 302
    assert pages.on(BASE).session["_auth_user_id"]


def test_an_email_of_two_people_signs_in_neither(pages: Browser) -> None:
    from tenants.models import User

    User.objects.filter(username__in=["acme-owner", "globex-owner"]).update(email="shared@example.org")
    answer = pages.on(BASE).post("/login/", {"name": "shared@example.org", "password": PASSWORD})
    assert answer.status_code == 422


@pytest.mark.parametrize(("name", "password"), [("acme-owner", "wrong"), ("nobody", PASSWORD)])
def test_a_wrong_name_and_a_wrong_password_read_the_same(pages: Browser, name: str, password: str) -> None:
    answer = pages.on(BASE).post("/login/", {"name": name, "password": password})
    assert answer.status_code == 422
    assert "do not belong together" in answer.content.decode()


def test_someone_already_known_on_base_domain_needs_no_second_password(pages: Browser) -> None:
    pages.sign_in("acme-owner", host=ACME)
    answer, host = pages.follow(pages.on(GLOBEX).get("/login/?next=/leaderboard/"), GLOBEX)
    assert (answer.status_code, host) == (200, GLOBEX)
    assert pages.on(GLOBEX).session["_auth_user_id"] == pages.on(ACME).session["_auth_user_id"]


def _ticket_address(pages: Browser, username: str = "acme-owner") -> str:
    pages.on(BASE).post("/login/", {"name": username, "password": PASSWORD})
    away = pages.on(ACME).get("/login/?next=/earn/")
    return str(pages.open(away["Location"])["Location"])


def test_a_ticket_is_worthless_in_another_browser(pages: Browser) -> None:
    address = _ticket_address(pages)
    thief = Browser().on(ACME).get(address.partition(ACME)[2])
    assert thief.status_code == 403
    assert "another browser" in thief.content.decode()
    assert pages.open(address).status_code == 403, "shown in the wrong place, it is spent"


def test_a_ticket_works_once(pages: Browser) -> None:
    address = _ticket_address(pages)
    nonce = pages.on(ACME).cookies["sign_in_nonce"].value
    assert pages.open(address).status_code == 302
    pages.on(ACME).cookies["sign_in_nonce"] = nonce
    assert pages.open(address).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "acme.localhost:9", "localhost", "", "nobody.localhost"])
def test_tickets_go_to_communities_hosts_only(pages: Browser, host: str) -> None:
    pages.on(BASE).post("/login/", {"name": "acme-owner", "password": PASSWORD})
    answer = pages.on(BASE).get("/login/continue/", {"host": host, "next": "/", "nonce": "x"})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "path", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"]
)
def test_next_never_leads_away(pages: Browser, path: str) -> None:
    answer = pages.on(BASE).post("/login/", {"name": "acme-owner", "password": PASSWORD, "next": path})
    assert answer["Location"] == "http://acme.localhost/login/?next=/dashboard/", (
        "home, as if nothing had been asked for"
    )
    away = pages.on(ACME).get("/login/", {"next": path})
    assert parse_qs(urlsplit(away["Location"]).query)["next"] == ["/"]


def test_a_session_is_refused_on_any_other_host(pages: Browser) -> None:
    pages.sign_in("acme-owner")
    pages.on(GLOBEX).cookies["sessionid"] = pages.on(ACME).cookies["sessionid"].value
    answer = pages.on(GLOBEX).get("/dashboard/")
    assert answer.status_code == 302
    assert pages.on(ACME).get("/dashboard/").status_code == 200, "its owner keeps it"


def test_signing_out_takes_a_post_and_ends_the_session_on_base_domain_too(pages: Browser) -> None:
    pages.sign_in("acme-owner")
    assert pages.on(ACME).get("/logout/").status_code == 405
    assert pages.on(ACME).post("/logout/").status_code == 302
    assert Session.objects.count() == 0
    answer, host = pages.follow(pages.on(ACME).get("/login/"), ACME)
    assert host == BASE
    assert "Password" in answer.content.decode()


def test_signing_out_needs_the_forms_token(pages: Browser) -> None:
    from django.test import Client

    pages.sign_in("acme-owner")
    strict = Client(enforce_csrf_checks=True, headers={"host": ACME})
    strict.cookies["sessionid"] = pages.on(ACME).cookies["sessionid"].value
    answer = strict.post("/logout/")
    assert answer.status_code == 403
    assert "reload the page" in answer.content.decode()


def test_six_tries_a_minute_are_too_many(pages: Browser) -> None:
    for _ in range(5):
        assert pages.on(BASE).post("/login/", {"name": "acme-owner", "password": "x"}).status_code == 422
    answer = pages.on(BASE).post("/login/", {"name": "Acme-Owner", "password": PASSWORD})
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert "seconds" in answer.content.decode()
    assert pages.on(BASE).post("/login/", {"name": "globex-owner", "password": PASSWORD}).status_code == 302


def test_a_login_that_was_switched_off_redeems_nothing(pages: Browser) -> None:
    from tenants.models import User

    address = _ticket_address(pages)
    User.objects.filter(username="acme-owner").update(is_active=False)
    assert pages.open(address).status_code == 403
