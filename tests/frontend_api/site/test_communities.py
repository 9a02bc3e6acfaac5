"""The list of communities, what its owner does with one, and the page of a closed one."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.test import Client

from engagement.audit.models import AuditEntry
from engagement.members.models import Member
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tenants.lifecycle import offer_ownership, suspend_community
from tenants.models import Membership, Tenant, User
from tenants.routing import get_routing
from tests.frontend_api.hosts import ACME, BASE, Browser


def person(username: str) -> User:
    return User.objects.get(username=username)


def acme_row() -> Tenant:
    found: Tenant = Tenant.objects.get(slug="acme")
    return found


def known(pages: Browser, username: str, *, proved: bool = True) -> Client:
    client = pages.on(BASE)
    client.force_login(person(username))
    session = client.session
    session["host"] = BASE
    if proved:
        session["proof_at"] = clock.now().timestamp()
    session.save()
    return client


def test_a_stranger_signs_in_first(pages: Browser) -> None:
    assert pages.on(BASE).get("/communities/")["Location"].startswith("/login/?next=")
    for act in ("restore", "accept", "decline"):
        assert pages.on(BASE).post(f"/communities/{acme_row().pk}/{act}/").status_code in {302, 404}


def test_switching_needs_no_second_login(pages: Browser) -> None:
    client = known(pages, "acme-owner")
    page = client.get("/communities/").content.decode()
    assert "Acme Makers" in page
    assert "Globex" not in page
    answer, host = pages.follow(pages.open("http://acme.localhost/login/?next=/dashboard/"), ACME)
    assert (answer.status_code, host) == (200, ACME)
    assert "<h1>Home</h1>" in answer.content.decode()


def test_the_owner_deletes_and_restores(pages: Browser) -> None:
    pages.sign_in("acme-owner", path="/dashboard/")
    client = pages.on(ACME)
    path = "/dashboard/settings/community/delete/"
    assert client.post(path, {"confirmed": "1", "typed": "Globex"}).status_code == 422
    assert acme_row().state == "active"
    answer = client.post(path, {"confirmed": "1", "typed": "Acme Makers"})
    assert answer["Location"] == "http://localhost/communities/"
    get_routing().load()
    closed = client.get("/dashboard/")
    assert closed.status_code == 410
    assert "This community was closed" in closed.content.decode()
    program = client.get("/api/v1/members/")
    assert (program.status_code, program["Content-Type"]) == (410, "application/problem+json")
    assert client.post("/login/").status_code == 410
    owner = known(pages, "acme-owner")
    assert "It can be restored" in owner.get("/communities/").content.decode()
    owner.post(f"/communities/{acme_row().pk}/restore/")
    get_routing().load()
    assert client.get("/leaderboard/").status_code == 200


def test_the_page_of_deletion_counts_who_is_there(pages: Browser, acme: TenantContext) -> None:
    pages.sign_in("acme-owner", path="/dashboard/")
    with enter_tenant(acme):
        there = Member.objects.filter(is_bot=False, deleted_at=None).count()
        Member.objects.create(display_name="Here")
        Member.objects.create(display_name="Deleted", deleted_at=clock.now())
    page = pages.on(ACME).get("/dashboard/settings/community/delete/").content.decode()
    assert f"{there + 1} member{'' if there == 0 else 's'} among them" in page


@pytest.mark.parametrize("username", ["acme-moderator", "acme-stranger", "globex-owner"])
def test_nobody_else_restores(pages: Browser, username: str) -> None:
    Tenant.objects.filter(slug="acme").update(state="deleted", deleted_at=clock.now())
    client = known(pages, username)
    missing = client.post("/communities/999999/restore/").status_code
    assert client.post(f"/communities/{acme_row().pk}/restore/").status_code == missing == 404
    assert acme_row().state == "deleted"


@pytest.mark.parametrize("act", ["restore", "accept"])
def test_what_is_grave_needs_a_recent_proof(pages: Browser, act: str) -> None:
    Tenant.objects.filter(slug="acme").update(state="deleted", deleted_at=clock.now())
    client = known(pages, "acme-owner", proved=False)
    answer = client.post(f"/communities/{acme_row().pk}/{act}/")
    assert answer["Location"].startswith("/prove/")
    assert acme_row().state == "deleted"


def test_the_heir_takes_over_on_the_list(pages: Browser) -> None:
    tenant = acme_row()
    offer_ownership(
        tenant_id=tenant.pk, owner_id=person("acme-owner").pk, heir_id=person("acme-moderator").pk
    )
    client = known(pages, "acme-moderator")
    assert "offers you this community" in client.get("/communities/").content.decode()
    assert urlsplit(client.post(f"/communities/{tenant.pk}/accept/")["Location"]).netloc == ACME
    roles = dict(Membership.objects.filter(tenant=tenant).values_list("user__username", "role"))
    assert roles == {"acme-owner": "admin", "acme-moderator": "owner"}
    assert client.post(f"/communities/{tenant.pk}/accept/").status_code == 409


def test_the_owner_offers_and_takes_it_back(pages: Browser, acme: TenantContext) -> None:
    pages.sign_in("acme-owner", path="/dashboard/")
    client = pages.on(ACME)
    path = "/dashboard/settings/community/hand-over/"
    assert client.post(path, {"confirmed": "1", "heir": str(person("globex-owner").pk)}).status_code == 422
    client.post(path, {"confirmed": "1", "heir": str(person("acme-moderator").pk)})
    assert acme_row().heir == person("acme-moderator")
    assert "It is offered to" in client.get("/dashboard/settings/community/").content.decode()
    client.post(f"{path}withdraw/")
    with enter_tenant(acme):
        told = AuditEntry.objects.filter(action__startswith="tenant.offer").order_by("pk")
        assert [(one.action, one.actor_id) for one in told] == [
            ("tenant.offered", person("acme-owner").pk),
            ("tenant.offer_ended", person("acme-owner").pk),
        ]
    assert acme_row().heir is None


@pytest.mark.parametrize("username", ["acme-moderator", "globex-owner", "acme-stranger"])
def test_only_the_owner_may(pages: Browser, username: str) -> None:
    pages.sign_in(username, path="/earn/")
    client = pages.on(ACME)
    for part, data in (
        ("address", {"confirmed": "1", "slug": "stolen"}),
        ("hand-over", {"confirmed": "1", "heir": str(person("acme-moderator").pk)}),
        ("hand-over/withdraw", {}),
        ("delete", {"confirmed": "1", "typed": "Acme Makers"}),
    ):
        assert client.post(f"/dashboard/settings/community/{part}/", data).status_code == 403, part
    row = acme_row()
    assert (row.slug, row.heir, row.state) == ("acme", None, "active")


def test_the_address_moves_and_the_former_one_follows(pages: Browser) -> None:
    pages.sign_in("acme-owner", path="/dashboard/")
    client = pages.on(ACME)
    path = "/dashboard/settings/community/address/"
    for taken in ("globex", "www", "<script>"):
        answer = client.post(path, {"confirmed": "1", "slug": taken})
        assert answer.status_code == 422
        assert "<script>" not in answer.content.decode()
    answer = client.post(path, {"confirmed": "1", "slug": "acme-makers"})
    assert urlsplit(answer["Location"]).netloc == "acme-makers.localhost"
    get_routing().load()
    moved = client.get("/leaderboard/")
    assert (moved.status_code, moved["Location"]) == (308, "http://acme-makers.localhost/leaderboard/")


def test_a_suspended_community_says_so(pages: Browser) -> None:
    suspend_community(tenant_id=acme_row().pk, reason="<b>Spam</b>")
    get_routing().load()
    answer = pages.on(ACME).get("/")
    assert answer.status_code == 403
    assert "This community is suspended" in answer.content.decode()
    assert "Spam" not in answer.content.decode()
    page = known(pages, "acme-owner").get("/communities/").content.decode()
    assert "&lt;b&gt;Spam&lt;/b&gt;" in page
