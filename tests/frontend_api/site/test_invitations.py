"""The page behind an invite's link: strangers come back to it, the button takes it, and it says what is wrong."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from allauth.account.models import EmailAddress

from engagement.audit.models import AuditEntry
from tenants.context import TenantContext, enter_tenant
from tenants.invites import get_invite_address, invite_person
from tenants.models import Membership, Tenant, User
from tenants.permissions import Role
from tests.frontend_api.hosts import ACME, BASE, PASSWORD, Browser
from tests.frontend_api.site.test_sign_up import STRONG, path_of
from tests.mailbox import link_in, only_mail, send_waiting


def invite(email: str | None = None) -> str:
    """The path of a fresh invite to Acme's team."""
    owner = User.objects.get(username="acme-owner")
    _, token = invite_person(
        tenant=Tenant.objects.get(slug="acme"), role=Role.MODERATOR, email=email, invited_by=owner
    )
    return urlsplit(get_invite_address(token)).path


def test_opening_it_changes_nothing_and_says_who_asks_for_what(pages: Browser) -> None:
    path = invite()
    text = pages.on(BASE).get(path).content.decode()
    assert "Acme Makers" in text
    assert "Acme Owner" in text
    assert "moderator" in text
    assert Membership.objects.filter(tenant__slug="acme").count() == 2


def test_somebody_with_a_login_signs_in_comes_back_and_joins(pages: Browser, acme: TenantContext) -> None:
    path = invite()
    away = pages.on(BASE).post(path)
    assert parse_qs(urlsplit(away["Location"]).query)["next"] == [path]
    form = {"name": "acme-stranger", "password": PASSWORD, "next": path}
    assert pages.on(BASE).post("/login/", form)["Location"] == path
    joined = pages.on(BASE).post(path)
    answer, host = pages.follow(joined, BASE)
    assert (answer.status_code, host, answer.request["PATH_INFO"]) == (200, ACME, "/dashboard/")
    assert pages.on(BASE).post(path).status_code == 302, "a second click is harmless"
    assert Membership.objects.filter(user__username="acme-stranger").count() == 1
    with enter_tenant(acme):
        (entry,) = AuditEntry.objects.filter(action="team.joined")
    assert (entry.actor_name, entry.after) == ("Acme Stranger", {"role": "moderator"})


def test_a_stranger_signs_up_confirms_comes_back_and_joins(pages: Browser) -> None:
    path = invite("guest@example.org")
    assert path_of(link_in(only_mail("guest@example.org"))) == path
    form = {"name": "Guest", "email": "guest@example.org", "password1": STRONG, "next": path}
    pages.on(BASE).post("/signup/", form)
    confirmed = pages.on(BASE).post(path_of(link_in(only_mail("guest@example.org"))))
    assert confirmed["Location"] == path
    pages.on(BASE).post(path)
    assert Membership.objects.get(user__email="guest@example.org").role == "moderator"


def test_two_browsers_one_invite(pages: Browser) -> None:
    path, other = invite(), Browser()
    for browser, username in ((pages, "acme-stranger"), (other, "globex-stranger")):
        browser.on(BASE).post("/login/", {"name": username, "password": PASSWORD})
        assert browser.on(BASE).get(path).status_code == 200
    assert pages.on(BASE).post(path).status_code == 302
    late = other.on(BASE).post(path)
    assert late.status_code == 409
    assert "works once" in late.content.decode() or "each works once" in late.content.decode()
    assert not Membership.objects.filter(user__username="globex-stranger").exists()


def test_one_that_names_an_address_is_for_that_address(pages: Browser) -> None:
    path = invite("guest@example.org")
    pages.on(BASE).post("/login/", {"name": "acme-stranger", "password": PASSWORD})
    answer = pages.on(BASE).post(path)
    assert answer.status_code == 403
    text = answer.content.decode()
    assert "g••••@example.org" in text
    assert "guest@example.org" not in text
    EmailAddress.objects.filter(user__username="acme-stranger").update(email="guest@example.org")
    assert pages.on(BASE).post(path).status_code == 302


def test_a_forged_one_is_gone_in_words(pages: Browser) -> None:
    for token in ("forged", "x" * 3000, "%00", "..%2F"):
        assert pages.on(BASE).get(f"/invites/{token}/").status_code == 404
    assert send_waiting() == []


def test_looking_for_invites_is_limited(pages: Browser) -> None:
    answers = [pages.on(BASE).get("/invites/forged/").status_code for _ in range(61)]
    assert answers[-1] == 429
