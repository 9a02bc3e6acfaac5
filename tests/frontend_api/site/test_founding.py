"""`/new/`: from the form to the community's own host."""

from __future__ import annotations

import pytest
from django.test import Client

from engagement.kinds.jobs import provision_community
from saas.events.jobs import PUBLIC
from tenants.models import Tenant, User
from tests.frontend_api.hosts import BASE, Browser

FORM = {
    "key": "01ABC",
    "name": "Initech",
    "kind": "saas",
    "slug": "initech",
    "timezone": "Europe/Berlin",
    "first_weekday": "6",
    "locale": "de",
    "points_name": "karma",
}


def known(pages: Browser, username: str = "acme-stranger") -> Client:
    client = pages.on(BASE)
    client.force_login(User.objects.get(username=username))
    session = client.session
    session["host"] = BASE
    session.save()
    return client


def test_a_stranger_signs_in_first(pages: Browser) -> None:
    for path in ("/new/", "/new/1/"):
        answer = pages.on(BASE).get(path)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/login/?next=")
    assert pages.on(BASE).post("/new/1/retry/").status_code == 302
    assert pages.on(BASE).get("/new/address/", {"slug": "x"}).status_code == 404


def test_the_form_makes_a_community_and_shows_it_coming(pages: Browser) -> None:
    client = known(pages)
    assert "What kind is it?" in client.get("/new/").content.decode()
    answer = client.post("/new/", FORM)
    tenant = Tenant.objects.get(slug="initech")
    assert (answer.status_code, answer["Location"]) == (302, f"/new/{tenant.pk}/")
    assert (tenant.timezone, tenant.first_weekday, tenant.locale) == ("Europe/Berlin", 6, "de")
    page = client.get(answer["Location"]).content.decode()
    assert "Setting up <bdi>Initech</bdi>" in page
    part = client.get(answer["Location"], headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "are being made" in part
    again = client.post("/new/", FORM)
    assert again["Location"] == answer["Location"]
    assert Tenant.objects.filter(slug="initech").count() == 1


def test_once_it_is_there_the_browser_goes_to_its_checklist(
    committed_pages: Browser,
) -> None:
    client = known(committed_pages)
    client.post("/new/", FORM)
    tenant = Tenant.objects.get(slug="initech")
    provision_community(tenant=PUBLIC, event_id=1, event={"tenant_id": tenant.pk})
    answer = client.get(f"/new/{tenant.pk}/", headers={"HX-Request": "true"})
    assert answer["HX-Redirect"] == "http://initech.localhost/login/?next=%2Fdashboard%2Fsetup%2F"


def test_a_failure_is_shown_with_a_way_on(pages: Browser) -> None:
    client = known(pages)
    client.post("/new/", FORM)
    tenant = Tenant.objects.get(slug="initech")
    Tenant.objects.filter(pk=tenant.pk).update(founding_error="Our database did not take it. Ref 7F3K.")
    page = client.get(f"/new/{tenant.pk}/").content.decode()
    assert "Ref 7F3K" in page
    assert "Try again now" in page
    assert client.post(f"/new/{tenant.pk}/retry/").status_code == 302
    assert "Ref 7F3K" not in client.get(f"/new/{tenant.pk}/").content.decode()


@pytest.mark.parametrize("username", ["acme-owner", "globex-owner", "acme-member"])
def test_anybody_elses_is_a_404(pages: Browser, username: str) -> None:
    known(pages).post("/new/", FORM)
    tenant = Tenant.objects.get(slug="initech")
    other = known(pages, username)
    missing = other.get("/new/999999/").status_code
    assert other.get(f"/new/{tenant.pk}/").status_code == missing == 404
    assert other.post(f"/new/{tenant.pk}/retry/").status_code == 404


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"slug": "acme"}, "belongs to another community"),
        ({"slug": "www"}, "it is reserved"),
        ({"slug": ""}, "Choose an address."),
        ({"name": "\u202e"}, "must have 1 to 100 characters"),
        ({"timezone": "Mars/Base"}, "is not known; use a name such as Europe/Berlin"),
        ({"points_name": "p" * 400}, "must have 1 to 30 characters"),
        ({"kind": "club"}, "choose one of"),
        ({"first_weekday": "9"}, "Select a valid choice"),
        ({"name": "x" * 100_000}, "at most 2000 characters"),
    ],
)
def test_what_does_not_fit_is_said_and_what_was_written_stays(
    pages: Browser, changes: dict[str, str], told: str
) -> None:
    answer = known(pages).post("/new/", FORM | {"points_name": "my karma"} | changes)
    page = answer.content.decode()
    assert answer.status_code in {409, 422}
    assert told in page
    assert "my karma" in page or "points_name" in changes
    assert not Tenant.objects.filter(slug="initech").exists()


def test_everything_that_does_not_fit_is_said_at_once(pages: Browser) -> None:
    wrong = {
        "slug": "www",
        "name": "\u202e",
        "timezone": "Mars/Base",
        "points_name": "p" * 400,
        "kind": "club",
    }
    answer = known(pages).post("/new/", FORM | wrong)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == set(wrong)


def test_hostile_names_are_shown_as_text(pages: Browser) -> None:
    client = known(pages)
    client.post("/new/", FORM | {"name": "<script>alert(1)</script>"})
    tenant = Tenant.objects.get(slug="initech")
    page = client.get(f"/new/{tenant.pk}/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_who_is_not_reachable_is_told_what_to_do(pages: Browser) -> None:
    User.objects.filter(username="acme-stranger").update(discord_id=None)
    client = known(pages)
    assert "not confirmed yet" in client.get("/new/").content.decode()
    answer = client.post("/new/", FORM)
    assert answer.status_code == 403
    assert "Confirm your e-mail address" in answer.content.decode()


def test_the_address_follows_the_name_until_somebody_writes_one(pages: Browser) -> None:
    client = known(pages)
    followed = client.get(
        "/new/address/", {"name": "Acme", "slug": "", "touched": ""}, headers={"HX-Target": "address"}
    ).content.decode()
    assert 'value="acme-hq"' in followed
    assert "acme-hq.localhost is free" in followed
    own = client.get(
        "/new/address/",
        {"name": "Acme", "slug": "acme", "touched": "1"},
        headers={"HX-Target": "address-state"},
    ).content.decode()
    assert "<input" not in own
    assert "belongs to another community" in own
    assert "Use acme-hq" in own


def test_looking_at_addresses_has_a_limit(pages: Browser) -> None:
    client = known(pages)
    # Two minutes' worth: the minute may turn meanwhile, and counting begins anew.
    codes = (client.get("/new/address/", {"slug": "x"}).status_code for _ in range(250))
    assert next(codes) == 200
    assert 429 in codes
