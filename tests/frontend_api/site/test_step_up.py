"""Step-up: a proof that is older than 15 minutes is asked for again, on our own host and from a community's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from frontend_api.site.step_up import PROOF_KEY, require_recent_proof
from saas.core import clock
from tenants.models import User
from tenants.routing import get_routing
from tests.cast import ACME as ACME_CAST
from tests.frontend_api.hosts import ACME, BASE, PASSWORD, Browser
from tests.frontend_api.local_discord import LocalPeople

DELETE = "/settings/delete/"


def enter(pages: Browser) -> None:
    pages.on(BASE).post("/login/", {"name": "acme-owner", "password": PASSWORD})


def grow_old(pages: Browser, *hosts: str) -> None:
    """As if the last proof were 16 minutes ago."""
    for host in hosts:
        session = pages.on(host).session
        session[PROOF_KEY] = (clock.now() - timedelta(minutes=16)).timestamp()
        session.save()


def test_a_fresh_sign_in_is_proof_enough(pages: Browser) -> None:
    enter(pages)
    assert pages.on(BASE).get(DELETE).status_code == 200


def test_an_old_one_is_asked_for_again_and_leads_back(pages: Browser) -> None:
    enter(pages)
    grow_old(pages, BASE)
    away = pages.on(BASE).get(DELETE)
    assert away["Location"] == "/prove/?next=%2Fsettings%2Fdelete%2F"
    page = pages.on(BASE).get(away["Location"])
    assert "Is it you" in page.content.decode()
    assert pages.on(BASE).post("/prove/", {"next": DELETE, "password": "wrong"}).status_code == 422
    assert pages.on(BASE).get(DELETE).status_code == 302
    answer = pages.on(BASE).post("/prove/", {"next": DELETE, "password": PASSWORD})
    assert answer["Location"] == DELETE
    assert pages.on(BASE).get(DELETE).status_code == 200


def test_a_form_that_comes_too_late_does_nothing(pages: Browser) -> None:
    enter(pages)
    grow_old(pages, BASE)
    answer = pages.on(BASE).post(
        DELETE, {"typed": "Acme Owner"}, headers={"referer": f"http://{BASE}/settings/delete/?x=1"}
    )
    assert answer["Location"] == "/prove/?next=%2Fsettings%2Fdelete%2F%3Fx%3D1"
    assert User.objects.filter(username="acme-owner").exists()


@pytest.mark.parametrize("following", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_the_proof_leads_nowhere_else(pages: Browser, following: str) -> None:
    enter(pages)
    answer = pages.on(BASE).post("/prove/", {"next": following, "password": PASSWORD})
    assert answer["Location"] == "/settings/"
    grow_old(pages, BASE)
    away = pages.on(BASE).post(DELETE, {}, headers={"referer": following})
    assert away["Location"] == "/prove/?next=%2F"


def test_guessing_is_limited(pages: Browser) -> None:
    enter(pages)
    for _ in range(6):
        assert pages.on(BASE).post("/prove/", {"password": "x"}).status_code == 422
    assert pages.on(BASE).post("/prove/", {"password": PASSWORD}).status_code == 429


def test_a_stranger_signs_in(pages: Browser) -> None:
    assert pages.on(BASE).get(DELETE)["Location"] == "/login/?next=%2Fsettings%2Fdelete%2F"
    assert pages.on(BASE).get("/prove/").status_code == 302


def test_discord_proves_those_who_have_nothing_else(pages: Browser, discord: LocalPeople) -> None:
    discord_id = ACME_CAST.discord_id("owner")
    discord.person(discord_id)
    discord.person(discord_id + 50)
    enter(pages)
    User.objects.filter(username="acme-owner").update(password="!")
    pages.on(BASE).force_login(User.objects.get(username="acme-owner"))
    assert "Confirm with Discord" in pages.on(BASE).get("/prove/").content.decode()
    for user_id, status in ((discord_id + 50, 403), (discord_id, 302)):
        address = pages.on(BASE).post("/login/discord/", {"process": "prove", "next": DELETE})["Location"]
        assert parse_qs(urlsplit(address).query)["prompt"] == ["consent"]
        answer = pages.on(BASE).get("/oauth/discord/callback", discord.decide(address, user_id))
        assert answer.status_code == status
    assert pages.on(BASE).get(DELETE).status_code == 200


def test_discord_does_not_stand_in_for_a_password(pages: Browser, discord: LocalPeople) -> None:
    discord.person(ACME_CAST.discord_id("owner"))
    enter(pages)
    grow_old(pages, BASE)
    address = pages.on(BASE).post("/login/discord/", {"process": "prove"})["Location"]
    pages.on(BASE).get("/oauth/discord/callback", discord.decide(address, ACME_CAST.discord_id("owner")))
    assert pages.on(BASE).get(DELETE).status_code == 302


# --- from a community's host ---


@require_recent_proof
def sensitive(request: HttpRequest) -> HttpResponse:
    return HttpResponse("done")


def call(pages: Browser, method: str = "get", **headers: str) -> Any:
    """A sensitive view of a community's host, called with the browser's session there."""
    factory = RequestFactory()
    request = getattr(factory, method)("/dashboard/danger/?id=1", headers={"host": ACME, **headers})
    match = get_routing().context_for_host(ACME)
    request.context = match.context if match else None
    SessionMiddleware(lambda _: HttpResponse()).process_request(request)
    request.session = pages.on(ACME).session
    user_id = request.session.get("_auth_user_id")
    request.user = User.objects.get(pk=user_id)
    return sensitive(request)


def test_from_a_community_the_proof_is_made_on_base_domain_and_comes_back_by_ticket(pages: Browser) -> None:
    pages.sign_in("acme-owner", path="/earn/")
    assert call(pages).content == b"done"
    grow_old(pages, BASE, ACME)
    away = call(pages)
    assert away["Location"] == "/login/?prove=1&next=%2Fdashboard%2Fdanger%2F%3Fid%3D1"
    answer = pages.on(ACME).get(away["Location"])
    proof = pages.open(answer["Location"])
    assert urlsplit(proof["Location"]).path == "/prove/"
    following = parse_qs(urlsplit(proof["Location"]).query)["next"][0]
    back = pages.on(BASE).post("/prove/", {"next": following, "password": PASSWORD})
    ticket = pages.open(back["Location"])
    assert urlsplit(ticket["Location"]).netloc == ACME
    assert pages.open(ticket["Location"])["Location"] == "/dashboard/danger/?id=1"
    assert call(pages).content == b"done"


def test_a_proof_that_base_domain_remembers_needs_no_second_one(pages: Browser) -> None:
    pages.sign_in("acme-owner", path="/earn/")
    grow_old(pages, ACME)
    answer, host = pages.follow(pages.on(ACME).get("/login/?prove=1&next=/earn/"), ACME)
    assert (host, answer.request["PATH_INFO"]) == (ACME, "/earn/")
    assert call(pages).content == b"done"


def test_a_ticket_carries_the_proofs_moment_and_makes_it_no_younger(pages: Browser) -> None:
    pages.on(BASE).post("/login/", {"name": "acme-owner", "password": PASSWORD})
    grow_old(pages, BASE)
    pages.follow(pages.on(ACME).get("/login/?next=/earn/"), ACME)
    assert call(pages).status_code == 302


def test_htmx_is_led_by_a_header_and_back_to_its_page(pages: Browser) -> None:
    pages.sign_in("acme-owner", path="/earn/")
    grow_old(pages, ACME)
    answer = call(
        pages, "post", **{"hx-request": "true", "hx-current-url": f"http://{ACME}/dashboard/members/?page=2"}
    )
    assert answer.status_code == 200
    assert answer["HX-Redirect"] == "/login/?prove=1&next=%2Fdashboard%2Fmembers%2F%3Fpage%3D2"
    assert answer.content == b""


def test_coming_back_as_somebody_else_switches_nobody(pages: Browser) -> None:
    pages.sign_in("acme-owner", path="/earn/")
    pages.on(BASE).cookies.clear()
    pages.on(BASE).post("/login/", {"name": "acme-moderator", "password": PASSWORD})
    grow_old(pages, ACME)
    away = pages.on(ACME).get("/login/?prove=1&next=/earn/")
    answer = pages.open(pages.open(away["Location"])["Location"])
    assert answer.status_code == 409
    assert "Acme Moderator" in answer.content.decode()
    assert pages.on(ACME).session["_auth_user_id"] == str(User.objects.get(username="acme-owner").pk)
