"""Handing a community over to a client, and copying settings from one community into another."""

from __future__ import annotations

import pytest
from django.test import Client

from engagement.audit.models import AuditEntry
from tenants.community import get_facts
from tenants.context import TenantContext, enter_tenant
from tenants.models import Membership, Tenant, User
from tests.billing.shop import Shop
from tests.frontend_api.hosts import BASE, PASSWORD, Browser
from tests.frontend_api.portal.test_leaderboard import text_of

COPY = "/billing/copy/"


def sign_in(pages: Browser, username: str) -> Client:
    client = pages.on(BASE)
    client.post("/login/", {"name": username, "password": PASSWORD})
    return client


@pytest.fixture
def client_of_agency(db: None) -> User:
    Membership.objects.filter(user__username="acme-moderator").update(role="admin")
    found: User = User.objects.get(username="acme-moderator")
    return found


def test_community_and_payment_are_offered_together_and_taken_back(
    pages: Browser, shop: Shop, client_of_agency: User
) -> None:
    shop.skip_trial()
    shop.buy()
    client = sign_in(pages, "acme-owner")
    page = f"/billing/communities/{shop.tenant.pk}/hand-over/"
    assert "one to take the community, one to take the payment" in text_of(client.get(page))
    assert client.post(page, {"do": "offer", "heir": client_of_agency.pk})["Location"] == page
    text = text_of(client.get(page))
    assert "can accept it until" in text
    assert "You pay until they have paid" in text
    with enter_tenant(TenantContext.of(shop.tenant)):
        actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"plan.payer_offered", "tenant.offered"} <= actions
    client.post(page, {"do": "withdraw"})
    assert "On its way" not in text_of(client.get(page))
    assert Tenant.objects.get(slug="acme").heir is None


def test_the_client_takes_the_community_and_then_the_payment(
    pages: Browser, shop: Shop, client_of_agency: User
) -> None:
    shop.skip_trial()
    shop.buy()
    page = f"/billing/communities/{shop.tenant.pk}/hand-over/"
    sign_in(pages, "acme-owner").post(page, {"do": "offer", "heir": client_of_agency.pk})
    other = Browser()
    heir = sign_in(other, "acme-moderator")
    heir.post(f"/communities/{shop.tenant.pk}/accept/")
    assert Membership.objects.get(user=client_of_agency, tenant=shop.tenant).role == "owner"
    assert shop.row().payer.user.username == "acme-owner"
    other.follow(other.on("acme.localhost").get("/login/", {"next": "/earn/"}), "acme.localhost")
    answer = other.on("acme.localhost").post("/dashboard/billing/payer/", {"do": "take", "payer": "me"})
    shop.pay(shop.session())
    other.open(f"/dashboard/billing/return/?session_id={shop.session()}", "acme.localhost")
    assert answer.status_code == 302
    assert shop.row().payer.user == client_of_agency


def test_half_a_handover_is_none(pages: Browser, shop: Shop, client_of_agency: User) -> None:
    shop.skip_trial()
    shop.buy()
    Membership.objects.filter(user=client_of_agency).update(role="moderator")
    client = sign_in(pages, "acme-owner")
    page = f"/billing/communities/{shop.tenant.pk}/hand-over/"
    assert client.post(page, {"do": "offer", "heir": client_of_agency.pk}).status_code == 422
    assert Tenant.objects.get(slug="acme").heir is None
    assert "Your client has to be on the team as an admin first" in text_of(client.get(page))


def test_a_community_of_others_is_not_there(pages: Browser, shop: Shop) -> None:
    client = sign_in(pages, "globex-owner")
    for tenant_id in (shop.tenant.pk, 999_999):
        assert client.get(f"/billing/communities/{tenant_id}/hand-over/").status_code == 404
        assert (
            client.post(
                f"/billing/communities/{tenant_id}/hand-over/", {"do": "offer", "heir": "1"}
            ).status_code
            == 404
        )


def ids() -> tuple[int, int]:
    return Tenant.objects.get(slug="acme").pk, Tenant.objects.get(slug="globex").pk


def test_settings_are_copied_as_they_were_shown_and_taken_back(
    agency: Client, acme: TenantContext, globex: TenantContext
) -> None:
    Tenant.objects.filter(slug="acme").update(colour="#2b8a3e", points_name="stars")
    source, target = ids()
    query = {"from": source, "to": target, "part": ["look", "levels"]}
    answer = agency.get(COPY, query)
    assert "What would change in" in text_of(answer)
    assert "#2b8a3e" in text_of(answer)
    done = agency.post(COPY, {**query, "digest": answer.context["plan"].digest})
    assert done["Location"] == f"{COPY}?to={target}&done=copied"
    assert get_facts(tenant_id=target)["points_name"] == "stars"
    text = text_of(agency.get(done["Location"]))
    assert "Copied. It holds in" in text
    assert "came from <bdi>Acme Makers</bdi>" in text
    with enter_tenant(globex):
        entry = AuditEntry.objects.get(action="settings.copied")
        assert (entry.actor_name, entry.actor_role) == ("Acme Owner", "owner")
    with enter_tenant(acme):
        assert AuditEntry.objects.filter(action="settings.lent").exists()
    undone = agency.post(f"{COPY}{target}/undo/")
    assert undone["Location"] == f"{COPY}?to={target}&done=undone"
    assert get_facts(tenant_id=target)["points_name"] == "points"


def test_what_was_confirmed_must_still_stand(agency: Client) -> None:
    source, target = ids()
    Tenant.objects.filter(slug="acme").update(colour="#2b8a3e")
    query = {"from": source, "to": target, "part": ["look"]}
    shown = agency.get(COPY, query).context["plan"].digest
    Tenant.objects.filter(slug="acme").update(colour="#112233")
    answer = agency.post(COPY, {**query, "digest": shown})
    assert answer.status_code == 409
    assert "Nothing was copied" in answer.content.decode()
    assert get_facts(tenant_id=target)["colour"] != "#112233"


def test_both_communities_must_be_ones_own(pages: Browser) -> None:
    source, target = ids()
    client = sign_in(pages, "globex-owner")
    for query in (
        {"from": source, "to": target},
        {"from": target, "to": source},
        {"from": target, "to": 999_999},
    ):
        given = {**query, "part": ["look"], "digest": "x"}
        assert client.get(COPY, given).status_code == 404
        assert client.post(COPY, given).status_code == 404
    assert client.post(f"{COPY}{source}/undo/").status_code == 404


def test_a_part_that_one_may_not_change_is_refused_in_either(agency: Client, globex: TenantContext) -> None:
    source, target = ids()
    row = Membership.objects.get(tenant_id=source, user__username="acme-owner")
    Membership.objects.filter(pk=row.pk).update(role="admin", taken=["change_levels"])
    query = {"from": source, "to": target, "part": ["levels"], "digest": "x"}
    answer = agency.post(COPY, query)
    assert answer.status_code == 403
    assert "Acme Makers: " in answer.content.decode()
    assert agency.get(COPY, {**query, "part": ["look"]}).status_code == 200
    with enter_tenant(globex):
        assert not AuditEntry.objects.filter(action="settings.copied").exists()


def test_a_community_is_not_copied_into_itself(agency: Client) -> None:
    source, _ = ids()
    query = {"from": source, "to": source, "part": ["look"], "digest": "x"}
    assert "cannot be copied into itself" in text_of(agency.get(COPY, query))
    assert agency.post(COPY, query).status_code == 409


def test_who_has_one_community_is_told_what_it_takes(pages: Browser) -> None:
    assert "This needs two communities" in text_of(sign_in(pages, "acme-owner").get(COPY))


def test_nothing_to_take_back_is_said(agency: Client) -> None:
    _, target = ids()
    assert agency.post(f"{COPY}{target}/undo/").status_code == 409


def test_a_link_that_names_one_community_asks_for_the_rest(agency: Client) -> None:
    source, target = ids()
    text = text_of(agency.get(COPY, {"from": source}))
    assert "Choose two communities" not in text
    assert text.count("checked") == 6
    assert "Choose two communities and at least one part" in text_of(
        agency.get(COPY, {"from": source, "to": target})
    )
