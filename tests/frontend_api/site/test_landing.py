"""The front door: what the product is, and for those signed in the way to their communities."""

from __future__ import annotations

from tests.frontend_api.hosts import BASE, PASSWORD, Browser


def open_as(pages: Browser, username: str) -> str:
    if username:
        pages.on(BASE).post("/login/", {"name": username, "password": PASSWORD})
    answer = pages.on(BASE).get("/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_a_stranger_reads_what_it_is_and_can_sign_in(pages: Browser) -> None:
    text = open_as(pages, "")
    assert "Every point can be explained" in text
    assert "/login/" in text


def test_the_team_is_led_to_its_communities_and_no_others(pages: Browser) -> None:
    text = open_as(pages, "acme-owner")
    assert "http://acme.localhost/login/?next=/dashboard/" in text
    assert "Owner" in text
    assert "globex" not in text


def test_somebody_on_no_team_is_told_what_to_do(pages: Browser) -> None:
    assert "You are on no community" in open_as(pages, "acme-stranger")
