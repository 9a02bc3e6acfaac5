"""Two-step sign-in: enrolment with a picture, the second step, recovery codes, and how it is guessed at."""

from __future__ import annotations

import base64
import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from frontend_api.site.step_up import PROOF_KEY
from tests.cast import ACME as ACME_CAST
from tests.frontend_api.hosts import ACME, BASE, PASSWORD, Browser
from tests.frontend_api.local_discord import LocalPeople
from tests.mailbox import send_waiting


def enter(pages: Browser, following: str = "") -> Any:
    return pages.on(BASE).post("/login/", {"name": "acme-owner", "password": PASSWORD, "next": following})


def code_of(secret: str, *, steps: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def enrol(pages: Browser) -> str:
    """Switch it on; the secret."""
    enter(pages)
    page = pages.on(BASE).get("/settings/two-step/on/").content.decode()
    found = re.search(r'<code class="secret">(\w+)</code>', page)
    assert found
    answer = pages.on(BASE).post("/settings/two-step/on/", {"code": code_of(found[1])})
    assert answer["Location"] == "/settings/two-step/codes/"
    return found[1]


def user_in(pages: Browser) -> str:
    return str(pages.on(BASE).session.get("_auth_user_id", ""))


def test_enrolment_shows_a_picture_that_the_policy_allows(pages: Browser) -> None:
    enter(pages)
    answer = pages.on(BASE).get("/settings/two-step/on/")
    found = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', answer.content.decode())
    assert found
    assert base64.b64decode(found[1]).lstrip().startswith(b"<?xml")
    assert "img-src 'self' data:" in answer["Content-Security-Policy"]


def test_a_wrong_code_switches_nothing_on(pages: Browser) -> None:
    enter(pages)
    pages.on(BASE).get("/settings/two-step/on/")
    assert pages.on(BASE).post("/settings/two-step/on/", {"code": "000000"}).status_code == 422
    assert not Authenticator.objects.exists()


def test_it_is_on_with_ten_codes_and_a_mail_and_the_secret_lies_sealed(
    pages: Browser, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        secret = enrol(pages)
    page = pages.on(BASE).get("/settings/two-step/codes/").content.decode()
    assert len(re.findall(r"<li><code>\d{8}</code></li>", page)) == 10
    assert "Two-step sign-in is on" in {mail.subject for mail in send_waiting()}
    assert secret not in str(Authenticator.objects.get(type="totp").data)
    assert "10 left" in pages.on(BASE).get("/settings/two-step/").content.decode()


def test_the_password_alone_opens_nothing_then(pages: Browser) -> None:
    secret = enrol(pages)
    other = Browser()
    answer = enter(other, "/settings/")
    assert answer["Location"] == "/login/code/"
    assert user_in(other) == ""
    assert other.on(BASE).get("/settings/").status_code == 302
    assert other.on(BASE).post("/login/code/", {"code": "000000"}).status_code == 422
    answer = other.on(BASE).post("/login/code/", {"code": code_of(secret, steps=1)})
    assert answer["Location"] == "/settings/"
    assert user_in(other)


def test_neither_does_discord(pages: Browser, discord: LocalPeople) -> None:
    enrol(pages)
    other = Browser()
    discord.person(ACME_CAST.discord_id("owner"))
    address = other.on(BASE).post("/login/discord/")["Location"]
    answer = other.on(BASE).get(
        "/oauth/discord/callback", discord.decide(address, ACME_CAST.discord_id("owner"))
    )
    assert answer["Location"] == "/login/code/"
    assert user_in(other) == ""


def test_nor_does_a_link_to_set_a_new_password(pages: Browser) -> None:
    from tests.frontend_api.site.test_passwords import NEW, ask, open_link

    enrol(pages)
    send_waiting()
    other = Browser()
    ask(other)
    form = open_link(other)
    assert other.on(BASE).post(form, {"password1": NEW, "password2": NEW})["Location"] == "/login/code/"
    assert user_in(other) == ""


def test_a_code_is_good_once(pages: Browser) -> None:
    secret = enrol(pages)
    code = code_of(secret, steps=1)
    for expected in (302, 422):
        other = Browser()
        enter(other)
        assert other.on(BASE).post("/login/code/", {"code": code}).status_code == expected


def test_a_recovery_code_is_good_once(pages: Browser) -> None:
    enrol(pages)
    page = pages.on(BASE).get("/settings/two-step/codes/").content.decode()
    code = re.findall(r"<code>(\d{8})</code>", page)[3]
    for expected in (302, 422):
        other = Browser()
        enter(other)
        assert other.on(BASE).post("/login/code/", {"code": code}).status_code == expected
    assert "9 left" in pages.on(BASE).get("/settings/two-step/").content.decode()


def test_guessing_codes_is_limited_over_all_browsers(pages: Browser) -> None:
    secret = enrol(pages)
    for number in range(7):
        other = Browser()
        if number % 4 == 0:
            _forget_minutes(pages)
        enter(other)
        answer = other.on(BASE).post("/login/code/", {"code": "000000"})
    assert answer.status_code == 429
    assert other.on(BASE).post("/login/code/", {"code": code_of(secret, steps=1)}).status_code == 429


def _forget_minutes(pages: Browser) -> None:
    from saas.core.redis_clients import cache_redis

    redis = cache_redis()
    for key in redis.keys("*"):
        if 0 < redis.ttl(key) <= 120:
            redis.delete(key)


def test_without_a_sign_in_that_waits_there_is_no_second_step(pages: Browser) -> None:
    assert pages.on(BASE).get("/login/code/")["Location"] == "/login/"
    assert pages.on(BASE).post("/login/code/", {"code": "000000"})["Location"] == "/login/"


def test_step_up_asks_for_the_code_and_not_for_the_password(pages: Browser) -> None:
    secret = enrol(pages)
    session = pages.on(BASE).session
    session[PROOF_KEY] = 0
    session.save()
    assert pages.on(BASE).post("/prove/", {"password": PASSWORD}).status_code == 422
    answer = pages.on(BASE).post("/prove/", {"code": code_of(secret, steps=1), "next": "/settings/"})
    assert answer["Location"] == "/settings/"
    assert pages.on(BASE).session[PROOF_KEY] > 0


@pytest.mark.parametrize("path", ["on/", "off/", "codes/", "codes/new/"])
def test_changing_it_needs_a_fresh_proof(pages: Browser, path: str) -> None:
    if path != "on/":
        enrol(pages)
    enter(pages)
    session = pages.on(BASE).session
    session[PROOF_KEY] = 0
    session.save()
    for method in ("get", "post"):
        answer = getattr(pages.on(BASE), method)(f"/settings/two-step/{path}")
        assert answer["Location"].startswith("/prove/")
    assert Authenticator.objects.filter(type="totp").exists() == (path != "on/")


def test_switched_off_the_password_is_enough_and_a_mail_says_so(pages: Browser) -> None:
    enrol(pages)
    send_waiting()
    assert pages.on(BASE).get("/settings/two-step/off/").status_code == 200
    pages.on(BASE).post("/settings/two-step/off/")
    assert not Authenticator.objects.exists()
    assert "Two-step sign-in is off" in {mail.subject for mail in send_waiting()}
    other = Browser()
    enter(other)
    assert user_in(other)


def test_a_community_is_reached_after_both_steps(pages: Browser) -> None:
    secret = enrol(pages)
    other = Browser()
    answer, at = other.follow(other.on(ACME).get("/login/?next=/dashboard/"), ACME)
    assert at == BASE
    form = {"name": "acme-owner", "password": PASSWORD, "next": answer.context["next"]}
    answer, _ = other.follow(other.on(BASE).post("/login/", form), BASE)
    assert "Enter your code" in answer.content.decode()
    done = other.on(BASE).post("/login/code/", {"code": code_of(secret, steps=1)})
    answer, at = other.follow(done, BASE)
    assert (answer.status_code, at, answer.request["PATH_INFO"]) == (200, ACME, "/dashboard/")
