"""Passwords forgotten, changed and guessed."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from tenants.models import User
from tests.frontend_api.hosts import ACME, BASE, PASSWORD, Browser
from tests.mailbox import link_in, only_mail, send_waiting

EMAIL = "acme-owner@example.org"
NEW = "an engine of analysis 1843"


def enter(pages: Browser, password: str = PASSWORD, name: str = "acme-owner") -> Any:
    return pages.on(BASE).post("/login/", {"name": name, "password": password})


def user_in(pages: Browser, host: str = BASE) -> str:
    return str(pages.on(host).session.get("_auth_user_id", ""))


def ask(pages: Browser, email: str = EMAIL) -> Any:
    return pages.on(BASE).post("/password/", {"email": email})


def open_link(pages: Browser) -> str:
    """Open the link of the mail; the path of the form that it leads to."""
    answer = pages.on(BASE).get(urlsplit(link_in(only_mail(EMAIL))).path)
    assert answer.status_code == 302
    return str(answer["Location"])


def test_a_forgotten_password_is_set_anew_once_and_ends_every_session(pages: Browser) -> None:
    pages.sign_in("acme-owner")
    other = Browser()
    ask(other)
    link = urlsplit(link_in(only_mail(EMAIL))).path
    form = str(other.on(BASE).get(link)["Location"])
    assert link not in form, "the key is not kept in the address"
    answer = other.on(BASE).post(form, {"password1": NEW, "password2": NEW})
    assert answer.status_code == 302
    assert user_in(other), "whoever holds the mailbox is in"
    assert pages.on(ACME).get("/dashboard/").status_code == 302
    assert pages.on(BASE).get("/settings/").status_code == 302
    assert "reset" in only_mail(EMAIL).subject
    third = Browser()
    assert third.on(BASE).get(link).status_code == 200
    assert "no longer works" in third.on(BASE).get(link).content.decode()
    assert enter(third, NEW).status_code == 302


def test_whether_an_address_has_a_login_is_not_told(pages: Browser) -> None:
    known, unknown = ask(pages), ask(pages, "nobody@example.org")
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert [mail.to for mail in send_waiting()] == [[EMAIL]], "nobody else gets mail"


def test_two_passwords_that_differ_change_nothing(pages: Browser) -> None:
    ask(pages)
    form = open_link(pages)
    answer = pages.on(BASE).post(form, {"password1": NEW, "password2": NEW + "x"})
    assert answer.status_code == 422
    assert enter(Browser()).status_code == 302


def test_changing_it_takes_the_old_one_and_ends_the_others(pages: Browser) -> None:
    other = Browser()
    other.sign_in("acme-owner")
    enter(pages)
    wrong = {"oldpassword": "x", "password1": NEW, "password2": NEW}
    assert pages.on(BASE).post("/settings/sign-in/password/", wrong).status_code == 422
    answer = pages.on(BASE).post("/settings/sign-in/password/", {**wrong, "oldpassword": PASSWORD})
    assert answer.status_code == 302
    assert pages.on(BASE).get("/settings/").status_code == 200
    assert other.on(BASE).get("/settings/").status_code == 302
    assert other.on(ACME).get("/dashboard/").status_code == 302
    assert "changed" in only_mail(EMAIL).subject


def test_many_wrong_passwords_are_told_to_the_person_once(pages: Browser, redis_cache: Any) -> None:
    for number in range(12):
        enter(pages, "wrong")
        if number % 4 == 3:
            _forget_minutes(redis_cache)
    arrived = only_mail(EMAIL)
    assert "10 wrong passwords" in str(arrived.body)


def _forget_minutes(redis: Any) -> None:
    """As if a minute had passed: the limit of five tries a minute starts over, that of the hour stays."""
    for key in redis.keys("*"):
        if 0 < redis.ttl(key) <= 120:
            redis.delete(key)


def test_after_twenty_in_an_hour_the_door_stays_shut_and_says_until_when(
    pages: Browser, redis_cache: Any
) -> None:
    for number in range(21):
        enter(pages, "wrong", EMAIL if number % 2 else "acme-owner")
        _forget_minutes(redis_cache)
    answer = enter(pages)
    assert answer.status_code == 429
    assert "minutes" in answer.content.decode()
    assert int(answer["Retry-After"]) > 60
    assert enter(pages, name="globex-owner").status_code == 302, "others are not kept out"


def test_the_right_password_by_two_names_shares_one_count(pages: Browser) -> None:
    for number in range(5):
        enter(pages, "wrong", EMAIL if number % 2 else "acme-owner")
    assert enter(pages, name=EMAIL).status_code == 429


@pytest.mark.parametrize("name", ["\x00", "x" * 300, "' or 1=1", "\u202e"])
def test_hostile_names_are_wrong_names(pages: Browser, name: str) -> None:
    assert enter(pages, name=name).status_code == 422


def test_somebody_from_discord_can_set_a_first_password(pages: Browser) -> None:
    enter(pages)
    User.objects.filter(username="acme-owner").update(password="!")
    client = pages.on(BASE)
    client.force_login(User.objects.get(username="acme-owner"))
    session = client.session
    session["host"] = BASE
    session.save()
    assert client.get("/settings/sign-in/password/set/")["Location"].startswith("/prove/")
