"""Signing up by mail: confirmed before anything, the same answer for every address, one login for two clicks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from django.db import connections

from frontend_api.site import sign_up
from tenants.models import User
from tests.frontend_api.hosts import BASE, PASSWORD, Browser
from tests.limits.racing import meet
from tests.mailbox import link_in, only_mail, send_waiting

EMAIL = "ada@example.org"
STRONG = "an engine of analysis 1843"


def apply(pages: Browser, email: str = EMAIL, *, name: str = "Ada Lovelace", **more: str) -> Any:
    form = {"name": name, "email": email, "password1": STRONG, **more}
    return pages.on(BASE).post("/signup/", form)


def path_of(address: str) -> str:
    parts = urlsplit(address)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def user_in(pages: Browser) -> str:
    return str(pages.on(BASE).session.get("_auth_user_id", ""))


def test_signing_up_sends_a_link_that_says_what_for_and_lets_nobody_in(pages: Browser) -> None:
    answer = apply(pages)
    assert answer["Location"] == "/signup/mail/"
    assert EMAIL in pages.on(BASE).get("/signup/mail/").content.decode()
    assert user_in(pages) == ""
    arrived = only_mail(EMAIL)
    assert "signed up at EngageHub" in str(arrived.body)
    assert link_in(arrived).startswith("http://localhost/signup/confirm/")
    user = User.objects.get(email=EMAIL)
    assert user.display_name == "Ada Lovelace"
    assert EMAIL.partition("@")[0] not in user.username


def test_the_link_asks_first_and_then_lets_this_browser_in(pages: Browser) -> None:
    apply(pages)
    path = path_of(link_in(only_mail(EMAIL)))
    page = pages.on(BASE).get(path)
    assert page.status_code == 200
    assert not EmailAddress.objects.get(email=EMAIL).verified, "opening it, as scanners do, confirms nothing"
    answer = pages.on(BASE).post(path)
    assert answer.status_code == 302
    assert EmailAddress.objects.get(email=EMAIL).verified
    assert user_in(pages)
    assert pages.on(BASE).get(path).status_code == 410


def test_in_another_browser_it_confirms_but_lets_nobody_in(pages: Browser) -> None:
    apply(pages)
    path = path_of(link_in(only_mail(EMAIL)))
    other = Browser()
    assert other.on(BASE).post(path)["Location"] == "/signup/confirmed/"
    assert user_in(other) == ""
    answer = other.on(BASE).post("/login/", {"name": EMAIL.upper(), "password": STRONG})
    assert answer.status_code == 302
    assert user_in(other)


def test_before_the_confirmation_a_password_opens_nothing(pages: Browser) -> None:
    apply(pages)
    send_waiting()
    other = Browser()
    answer = other.on(BASE).post("/login/", {"name": EMAIL, "password": STRONG})
    assert answer["Location"] == "/signup/mail/"
    assert user_in(other) == ""
    assert other.on(BASE).get("/settings/").status_code == 302
    assert only_mail(EMAIL), "and the link is sent once more"


def test_a_known_address_gets_the_same_answer_and_its_owner_a_mail(pages: Browser) -> None:
    EmailAddress.objects.create(
        user=User.objects.get(username="acme-owner"),
        email="acme-owner@example.org",
        verified=True,
        primary=True,
    )
    unknown = apply(pages)
    send_waiting()
    known = apply(Browser(), "Acme-Owner@example.org")
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert User.objects.filter(email__iexact="acme-owner@example.org").count() == 1
    arrived = only_mail("acme-owner@example.org")
    assert "You have a login already" in arrived.subject


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.org", "acme-owner@example.org"])
def test_the_mail_once_more_reads_the_same_for_everybody(pages: Browser, email: str) -> None:
    apply(pages)
    send_waiting()
    answer = pages.on(BASE).post("/signup/mail/again/", {"email": email})
    assert answer["Location"] == "/signup/mail/?sent=1"
    assert [mail.to for mail in send_waiting()] == ([[EMAIL]] if email == EMAIL else [])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("password1", "password"),
        ("password1", "12345678901"),
        ("password1", "short"),
        ("email", "nobody"),
        ("email", "x" * 100_000 + "@example.org"),
        ("name", ""),
        ("name", "\u202e\u2066 \u0000"),
        ("name", "x" * 100_000),
    ],
)
def test_what_does_not_fit_is_said_beside_the_field(pages: Browser, field: str, value: str) -> None:
    answer = pages.on(BASE).post(
        "/signup/", {"name": "Ada", "email": EMAIL, "password1": STRONG, field: value}
    )
    assert answer.status_code == 422
    assert f'id="id_{field}-error"' in answer.content.decode()
    assert not User.objects.filter(email=EMAIL).exists()


def test_a_hostile_name_is_shown_and_mailed_safely(pages: Browser) -> None:
    apply(pages, name="<script>alert(1)</script>\u202e")
    arrived = only_mail(EMAIL)
    assert "<script>" not in str(arrived.alternatives[0][0])  # type: ignore[index]
    pages.on(BASE).post(path_of(link_in(arrived)))
    text = pages.on(BASE).get("/settings/").content.decode()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_whoever_came_for_a_page_arrives_there_from_any_browser(pages: Browser) -> None:
    apply(pages, next="/invites/abc/")
    path = path_of(link_in(only_mail(EMAIL)))
    assert Browser().on(BASE).post(path)["Location"] == "/invites/abc/"


@pytest.mark.parametrize("following", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_the_link_never_leads_away(pages: Browser, following: str) -> None:
    apply(pages, next=following)
    address = link_in(only_mail(EMAIL))
    assert "evil" not in address
    answer = Browser().on(BASE).post(f"{path_of(address)}?next={following}")
    assert "evil" not in answer["Location"]


@pytest.mark.parametrize("key", ["forged", "Mg:1abc:def", "x" * 3000])
def test_a_forged_link_says_that_it_does_not_work(pages: Browser, key: str) -> None:
    answer = pages.on(BASE).get(f"/signup/confirm/{key}/")
    assert answer.status_code == 410
    assert "no longer works" in answer.content.decode()


def test_five_mails_an_hour_to_one_address_are_enough(pages: Browser) -> None:
    for _ in range(5):
        assert apply(Browser()).status_code == 302
    assert apply(Browser()).status_code == 429


def test_twenty_new_logins_an_hour_from_one_place_are_enough(pages: Browser) -> None:
    for number in range(20):
        apply(Browser(), f"ada{number}@example.org")
    assert apply(Browser(), "ada21@example.org").status_code == 429


def test_a_mail_server_that_is_away_breaks_no_sign_up(
    pages: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.core.mail import EmailMultiAlternatives

    def fail(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(EmailMultiAlternatives, "send", fail)
    assert apply(pages).status_code == 302


@pytest.mark.race
@pytest.mark.parametrize("guarded", [True, False])
def test_two_clicks_make_one_login(
    committed_pages: Browser, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    if not guarded:
        monkeypatch.setattr(sign_up, "lock_address", lambda email: None)
    from frontend_api.site.forms import SignUpForm

    clean = SignUpForm.validate_unique_email
    made = []
    for number in range(3):
        email = f"twice{number}@example.org"
        together = meet(threading.Barrier(2))

        def look_together(form: Any, value: str, together: Callable[..., None] = together) -> str:
            found = str(clean(form, value))
            together()  # with the lock the second has not come so far
            return found

        monkeypatch.setattr(SignUpForm, "validate_unique_email", look_together)

        def click(_: int, email: str = email) -> int:
            try:
                return int(apply(Browser(), email).status_code)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(click, range(2))) == [302, 302]
        made.append(User.objects.filter(email=email).count())
    assert made == ([1, 1, 1] if guarded else [2, 2, 2])


def test_a_login_of_the_cast_still_opens_without_any_confirmation(pages: Browser) -> None:
    assert pages.on(BASE).post("/login/", {"name": "acme-owner", "password": PASSWORD}).status_code == 302


def test_empty_forms_of_many_people_never_lock_each_other_out(pages: Browser) -> None:
    for _ in range(7):
        assert apply(pages, "").status_code == 422
