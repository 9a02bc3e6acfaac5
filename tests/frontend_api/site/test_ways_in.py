"""Linking and unlinking Discord, from a person's settings; a person's name, e-mail and the end of their login."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress

from frontend_api.site.step_up import PROOF_KEY
from tenants.models import Membership, Tenant, User
from tests.cast import ACME as ACME_CAST
from tests.frontend_api.hosts import ACME, BASE, PASSWORD, Browser
from tests.frontend_api.local_discord import LocalPeople
from tests.mailbox import link_in, only_mail, send_waiting

OTHER = 730_000_000_000_000_001


def enter(pages: Browser, username: str = "acme-owner") -> None:
    assert pages.on(BASE).post("/login/", {"name": username, "password": PASSWORD}).status_code == 302


def person(username: str = "acme-owner") -> User:
    return User.objects.get(username=username)


def link(pages: Browser, discord: LocalPeople, user_id: int) -> Any:
    discord.person(user_id)
    address = pages.on(BASE).post("/login/discord/", {"process": "connect"})["Location"]
    return pages.on(BASE).get("/oauth/discord/callback", discord.decide(address, user_id))


def unlink(pages: Browser) -> Any:
    return pages.on(BASE).post("/settings/sign-in/discord/unlink/")


def test_discord_is_unlinked_and_linked_again_and_mails_say_so(pages: Browser, discord: LocalPeople) -> None:
    enter(pages)
    assert unlink(pages)["Location"] == "/settings/sign-in/?done=unlinked"
    assert person().discord_id is None
    assert only_mail("acme-owner@example.org").subject == "Discord was unlinked"
    assert link(pages, discord, ACME_CAST.discord_id("owner"))["Location"] == "/settings/sign-in/?done=linked"
    assert person().discord_id == ACME_CAST.discord_id("owner")
    assert only_mail("acme-owner@example.org").subject == "Discord was linked"
    page = pages.on(BASE).get("/settings/sign-in/?done=linked").content.decode()
    assert "Discord is linked" in page
    assert "Linked. One button signs you in" in page


def test_another_one_has_to_wait_and_the_page_says_until_when(pages: Browser, discord: LocalPeople) -> None:
    enter(pages)
    unlink(pages)
    answer = link(pages, discord, OTHER)
    assert answer.status_code == 409
    assert "can be linked from" in answer.content.decode()
    assert person().discord_id is None


def test_an_account_of_another_login_shows_both_and_changes_nothing(
    pages: Browser, discord: LocalPeople
) -> None:
    enter(pages)
    unlink(pages)
    answer = link(pages, discord, ACME_CAST.discord_id("moderator"))
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "Acme Makers (moderator)" in text
    assert "Acme Makers (owner)" in text
    assert "acme-moderator@example.org" not in text
    assert person("acme-moderator").discord_id == ACME_CAST.discord_id("moderator")
    assert person().discord_id is None
    assert pages.on(BASE).session["_auth_user_id"] == str(person().pk)


def test_the_only_way_in_stays(pages: Browser) -> None:
    enter(pages)
    User.objects.filter(pk=person().pk).update(password="!")
    pages.on(BASE).force_login(person())
    session = pages.on(BASE).session
    session[PROOF_KEY] = 10**11
    session.save()
    assert unlink(pages).status_code == 302, "a proof from the future is none"
    from saas.core import clock

    session[PROOF_KEY] = clock.now().timestamp()
    session.save()
    answer = unlink(pages)
    assert answer.status_code == 409
    assert "only way in" in answer.content.decode()
    assert person().discord_id is not None


def test_neither_happens_without_a_fresh_proof(pages: Browser, discord: LocalPeople) -> None:
    enter(pages)
    session = pages.on(BASE).session
    session[PROOF_KEY] = 0
    session.save()
    assert unlink(pages)["Location"].startswith("/prove/")
    answer = pages.on(BASE).post("/login/discord/", {"process": "connect"})
    assert answer["Location"].startswith("/prove/")
    assert person().discord_id is not None


def test_an_answer_that_comes_after_signing_out_links_nothing(pages: Browser, discord: LocalPeople) -> None:
    enter(pages)
    unlink(pages)
    discord.person(OTHER)
    address = pages.on(BASE).post("/login/discord/", {"process": "connect"})["Location"]
    back = discord.decide(address, OTHER)
    pages.on(BASE).post("/logout/")
    assert pages.on(BASE).get("/oauth/discord/callback", back).status_code == 403
    assert not User.objects.filter(discord_id=OTHER).exists()


def test_one_persons_answer_in_anothers_browser_links_nothing(pages: Browser, discord: LocalPeople) -> None:
    """The attack on linking: my Discord, slipped into your session."""
    attacker = Browser()
    enter(attacker, "globex-owner")
    unlink(attacker)
    discord.person(OTHER)
    address = attacker.on(BASE).post("/login/discord/", {"process": "connect"})["Location"]
    enter(pages)
    unlink(pages)
    answer = pages.on(BASE).get("/oauth/discord/callback", discord.decide(address, OTHER))
    assert answer.status_code == 403
    assert person().discord_id is None


# --- the person ---


def test_name_and_zone_are_kept_and_times_follow(pages: Browser) -> None:
    enter(pages)
    form = {"name": "Ada\u202e Lovelace", "timezone": "Asia/Tokyo"}
    assert pages.on(BASE).post("/settings/", form)["Location"] == "/settings/?done=saved"
    assert (person().display_name, person().timezone) == ("Ada Lovelace", "Asia/Tokyo")
    assert "JST" in pages.on(BASE).get("/settings/sessions/").content.decode()
    assert pages.on(BASE).post("/settings/", {"name": " ", "timezone": "Mars"}).status_code == 422


def test_a_new_address_counts_once_it_is_confirmed_and_the_old_one_is_told(pages: Browser) -> None:
    enter(pages)
    form = {"email": "new@example.org", "action_add": "1"}
    assert pages.on(BASE).post("/settings/email/", form).status_code == 302
    assert person().email == "acme-owner@example.org"
    assert "new@example.org" in pages.on(BASE).get("/settings/email/").content.decode()
    link_path = urlsplit(link_in(only_mail("new@example.org"))).path
    pages.on(BASE).post(link_path)
    assert person().email == "new@example.org"
    assert [mail.to for mail in send_waiting()] == [["acme-owner@example.org"]]
    assert list(EmailAddress.objects.filter(user=person()).values_list("email", flat=True)) == [
        "new@example.org"
    ]


def test_an_address_of_somebody_else_is_neither_told_nor_taken(pages: Browser) -> None:
    other = person("globex-owner")
    EmailAddress.objects.create(user=other, email=other.email, verified=True, primary=True)
    enter(pages)
    answer = pages.on(BASE).post("/settings/email/", {"email": other.email, "action_add": "1"})
    assert answer.status_code == 302
    for arrived in send_waiting():
        if "confirm" in str(arrived.body).lower() and "/signup/confirm/" in str(arrived.body):
            pages.on(BASE).post(urlsplit(link_in(arrived)).path)
    assert person().email == "acme-owner@example.org"
    assert person("globex-owner").email == "globex-owner@example.org"


def test_the_owner_of_a_community_is_told_why_they_cannot_go(pages: Browser) -> None:
    other = Browser()
    enter(other)
    enter(pages)
    page = pages.on(BASE).get("/settings/delete/").content.decode()
    assert "You are the only owner of Acme Makers" in page
    assert "Type your name" not in page
    answer = pages.on(BASE).post("/settings/delete/", {"typed": "Acme Owner"})
    assert answer.status_code == 422
    assert other.on(BASE).get("/settings/").status_code == 200, "their other browser stays signed in"
    assert "Acme Makers" in answer.content.decode()
    assert User.objects.filter(username="acme-owner").exists()


def test_others_go_after_typing_their_name_and_their_sessions_end(pages: Browser) -> None:
    other = Browser()
    other.sign_in("acme-moderator")
    enter(pages, "acme-moderator")
    assert pages.on(BASE).post("/settings/delete/", {"typed": "acme moderatör"}).status_code == 422
    assert pages.on(BASE).post("/settings/delete/", {"typed": "Acme Moderator"})["Location"] == "/deleted/"
    assert not User.objects.filter(username="acme-moderator").exists()
    assert other.on(ACME).get("/dashboard/").status_code == 302
    assert pages.on(BASE).get("/deleted/").status_code == 200
    assert pages.on(BASE).get("/settings/").status_code == 302


@pytest.mark.parametrize("communities", [0, 1, 2])
def test_after_signing_in_one_comes_home(pages: Browser, communities: int) -> None:
    user = person("acme-stranger")
    for slug in ("acme", "globex")[:communities]:
        Membership.objects.create(user=user, tenant=Tenant.objects.get(slug=slug), role="analyst")
    answer = pages.on(BASE).post("/login/", {"name": "acme-stranger", "password": PASSWORD})
    if communities == 1:
        assert answer["Location"] == "http://acme.localhost/login/?next=/dashboard/"
    else:
        assert pages.on(BASE).get(answer["Location"]).status_code == 200
        assert answer["Location"].startswith("/")
