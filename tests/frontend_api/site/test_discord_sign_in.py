"""Signing in with Discord against the local one: newcomers, the linked, state, PKCE, and every way in which it goes wrong."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress

from ops.sandbox.discord.faults import RestFault
from tenants.models import User
from tests.cast import ACME as ACME_CAST
from tests.frontend_api.hosts import BASE, PASSWORD, Browser
from tests.frontend_api.local_discord import LocalPeople

CALLBACK = "/oauth/discord/callback"
NEWCOMER = 710_000_000_000_000_001


def begin(pages: Browser, *, following: str = "", process: str = "login") -> str:
    """Press the button; the address of Discord's page."""
    answer = pages.on(BASE).post("/login/discord/", {"process": process, "next": following})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def arrive(pages: Browser, back: dict[str, str]) -> Any:
    return pages.on(BASE).get(CALLBACK, back)


def walk(pages: Browser, discord: LocalPeople, user_id: int, **how: str) -> Any:
    discord.person(user_id)
    return arrive(pages, discord.decide(begin(pages, **how), user_id))


def newcomer(discord: LocalPeople, *, email: str | None = "new@example.org", verified: bool = True) -> Any:
    person = discord.person(NEWCOMER, "newcomer")
    person.email, person.email_verified = email, verified
    return person


def signed_in_as(pages: Browser) -> User | None:
    key = pages.on(BASE).session.get("_auth_user_id")
    return User.objects.get(pk=key) if key else None


def test_it_asks_for_who_and_mail_alone_with_pkce_at_the_settings_addresses(
    pages: Browser, discord: LocalPeople
) -> None:
    address = urlsplit(begin(pages))
    query = {key: value[0] for key, value in parse_qs(address.query).items()}
    assert f"{address.scheme}://{address.netloc}" == discord.server.web_url
    assert set(query["scope"].split()) == {"identify", "email"}
    assert query["code_challenge_method"] == "S256"
    assert query["redirect_uri"] == "http://localhost/oauth/discord/callback"


def test_the_button_asks_for_nothing_else_whatever_its_address_says(
    pages: Browser, discord: LocalPeople
) -> None:
    address = (
        "/login/discord/?scope=guilds.join&auth_params=prompt%3Dnone&process=connect&action=reauthenticate"
    )
    query = parse_qs(urlsplit(pages.on(BASE).post(address)["Location"]).query)
    assert set(query["scope"][0].split()) == {"identify", "email"}
    assert "prompt" not in query
    assert pages.on(BASE).get(address).status_code == 405


def test_a_newcomer_gets_a_login_with_a_confirmed_address(pages: Browser, discord: LocalPeople) -> None:
    newcomer(discord).global_name = "New\u202e <b>Comer</b>"
    answer = walk(pages, discord, NEWCOMER)
    assert answer.status_code == 302
    user = signed_in_as(pages)
    assert user is not None
    assert (user.discord_id, user.email, user.display_name) == (
        NEWCOMER,
        "new@example.org",
        "New <b>Comer</b>",
    )
    assert not user.has_usable_password()
    assert EmailAddress.objects.get(user=user).verified
    assert pages.on(BASE).session["host"] == BASE


def test_whoever_is_known_by_their_discord_id_gets_in_whatever_their_address(
    pages: Browser, discord: LocalPeople
) -> None:
    discord.person(ACME_CAST.discord_id("owner")).email = None
    answer = walk(pages, discord, ACME_CAST.discord_id("owner"), following="/settings/")
    assert answer["Location"] == "/settings/"
    assert str(signed_in_as(pages)) == "Acme Owner"
    before = User.objects.count()
    walk(pages, discord, ACME_CAST.discord_id("owner"))
    assert User.objects.count() == before


@pytest.mark.parametrize(("email", "verified"), [("new@example.org", False), (None, False), (None, True)])
def test_without_a_confirmed_address_no_login_is_made(
    pages: Browser, discord: LocalPeople, email: str | None, verified: bool
) -> None:
    newcomer(discord, email=email, verified=verified)
    answer = walk(pages, discord, NEWCOMER)
    assert answer.status_code == 422
    assert "no confirmed e-mail" in answer.content.decode()
    assert signed_in_as(pages) is None
    assert not User.objects.filter(discord_id=NEWCOMER).exists()


@pytest.mark.parametrize("verified", [True, False])
def test_an_address_alone_never_opens_somebody_elses_login(
    pages: Browser, discord: LocalPeople, verified: bool
) -> None:
    newcomer(discord, email="ACME-owner@example.org", verified=verified)
    answer = walk(pages, discord, NEWCOMER)
    assert answer.status_code == (409 if verified else 422)
    assert signed_in_as(pages) is None
    assert User.objects.get(username="acme-owner").discord_id == ACME_CAST.discord_id("owner")


def test_somebody_elses_unconfirmed_sign_up_is_not_taken_over_either(
    pages: Browser, discord: LocalPeople
) -> None:
    squatter = User.objects.create_user("squatter", "new@example.org", PASSWORD)
    EmailAddress.objects.create(user=squatter, email="new@example.org", primary=True, verified=False)
    newcomer(discord)
    assert walk(pages, discord, NEWCOMER).status_code == 409
    assert signed_in_as(pages) is None


def test_no_is_an_answer(pages: Browser, discord: LocalPeople) -> None:
    back = discord.decide(begin(pages, following="/settings/"), newcomer(discord).id, answer="cancel")
    assert back["error"] == "access_denied"
    answer = arrive(pages, back)
    assert answer.status_code == 403
    text = answer.content.decode()
    assert "You cancelled at Discord" in text
    assert "/login/?next=%2Fsettings%2F" in text


def test_a_state_is_good_once(pages: Browser, discord: LocalPeople) -> None:
    back = discord.decide(begin(pages), newcomer(discord).id)
    assert arrive(pages, back).status_code == 302
    pages.on(BASE).post("/logout/")
    answer = arrive(pages, back)
    assert answer.status_code == 403
    assert "did not begin here" in answer.content.decode()
    assert signed_in_as(pages) is None


@pytest.mark.parametrize("state", ["forged", "", "x" * 5000, "\u202e"])
def test_a_forged_state_is_worth_nothing(pages: Browser, discord: LocalPeople, state: str) -> None:
    back = discord.decide(begin(pages), newcomer(discord).id)
    assert arrive(pages, {**back, "state": state}).status_code == 403
    assert signed_in_as(pages) is None


def test_a_state_of_another_browser_is_worth_nothing(pages: Browser, discord: LocalPeople) -> None:
    """Session A's answer in session B would sign B in as A's person, or link A's Discord to B."""
    other = Browser()
    back = discord.decide(begin(other), newcomer(discord).id)
    begin(pages)
    answer = arrive(pages, back)
    assert answer.status_code == 403
    assert signed_in_as(pages) is None
    assert arrive(other, back).status_code == 302, "its owner can still finish"


def test_a_state_that_is_too_old_is_refused(
    pages: Browser, discord: LocalPeople, monkeypatch: pytest.MonkeyPatch
) -> None:
    from allauth.socialaccount.internal import statekit

    back = discord.decide(begin(pages), newcomer(discord).id)
    monkeypatch.setattr(statekit, "STATE_TTL", -1)
    assert arrive(pages, back).status_code == 403
    assert signed_in_as(pages) is None


def test_a_code_of_another_journey_fails_at_pkce(pages: Browser, discord: LocalPeople) -> None:
    theirs = discord.decide(begin(Browser()), newcomer(discord).id)
    mine = discord.decide(begin(pages), newcomer(discord).id)
    answer = arrive(pages, {**mine, "code": theirs["code"]})
    assert answer.status_code == 403
    assert "did not confirm who you are" in answer.content.decode()
    assert signed_in_as(pages) is None


@pytest.mark.parametrize("match", ["/oauth2/token", "/users/@me"])
@pytest.mark.parametrize("status", [500, 503, 429, -1])
def test_a_discord_that_is_away_is_told_apart(
    pages: Browser, discord: LocalPeople, match: str, status: int
) -> None:
    back = discord.decide(begin(pages), newcomer(discord).id)
    discord.server.discord.faults.rest.append(RestFault(status=status, match=match))
    answer = arrive(pages, back)
    assert answer.status_code == 503
    assert "Discord does not answer" in answer.content.decode()
    assert answer["Retry-After"]
    assert signed_in_as(pages) is None


def test_an_error_of_ours_at_discord_is_not_the_persons(
    pages: Browser, discord: LocalPeople, settings: Any
) -> None:
    back = discord.decide(begin(pages), newcomer(discord).id)
    settings.DISCORD_CLIENT_SECRET = "wrong"
    answer = arrive(pages, back)
    assert answer.status_code == 503
    assert "not set up" in answer.content.decode()


def test_any_other_error_is_refused_without_repeating_it(pages: Browser, discord: LocalPeople) -> None:
    back = discord.decide(begin(pages), newcomer(discord).id)
    answer = arrive(pages, {"state": back["state"], "error": "<script>alert(1)</script>"})
    assert answer.status_code == 403
    assert "<script>alert" not in answer.content.decode()


@pytest.mark.parametrize("following", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_it_leads_nowhere_else(pages: Browser, discord: LocalPeople, following: str) -> None:
    newcomer(discord)
    assert "evil" not in walk(pages, discord, NEWCOMER, following=following)["Location"]


def test_without_an_application_there_is_no_button_and_a_word_of_explanation(
    pages: Browser, settings: Any
) -> None:
    settings.DISCORD_CLIENT_ID = ""
    assert "Continue with Discord" not in pages.on(BASE).get("/login/").content.decode()
    assert pages.on(BASE).post("/login/discord/").status_code == 503


def test_a_login_that_was_switched_off_stays_off(pages: Browser, discord: LocalPeople) -> None:
    User.objects.filter(username="acme-owner").update(is_active=False)
    answer = walk(pages, discord, ACME_CAST.discord_id("owner"))
    assert answer["Location"] == "/login/off/"
    assert signed_in_as(pages) is None


def test_nothing_of_discords_answer_is_kept(pages: Browser, discord: LocalPeople) -> None:
    from allauth.socialaccount.models import SocialAccount, SocialToken

    newcomer(discord)
    walk(pages, discord, NEWCOMER)
    assert SocialAccount.objects.get(uid=str(NEWCOMER)).extra_data == {}
    assert SocialToken.objects.count() == 0
