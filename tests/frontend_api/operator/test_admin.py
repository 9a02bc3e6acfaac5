"""The two admins: read only, for operators alone, on the right host, and entering one is recorded."""

from __future__ import annotations

import pytest
from django.urls import reverse

from engagement.audit.models import AuditEntry
from engagement.members.models import Member
from engagement.rules.models import Rule
from frontend_api.operator.admin_community import community_site
from frontend_api.operator.admin_public import public_site
from tenants.context import TenantContext, enter_tenant
from tenants.models import ApiKey, Tenant, User
from tests.frontend_api.hosts import ACME, BASE, GLOBEX, PASSWORD, Browser

PUBLIC_MODELS = sorted(model._meta.model_name or "" for model in public_site._registry)
OF_A_COMMUNITY = sorted(model._meta.model_name or "" for model in community_site._registry)


@pytest.fixture
def operator(pages: Browser) -> User:
    return User.objects.create_user("op", "op@example.org", PASSWORD, is_operator=True)


def list_of(site: str, model: str) -> str:
    app = {"operator_admin": public_site, "community_admin": community_site}[site]
    (label,) = {one._meta.app_label for one in app._registry if one._meta.model_name == model}
    urls = "saas.urls.public" if site == "operator_admin" else "saas.urls.tenant"
    return reverse(f"{site}:{label}_{model}_changelist", urlconf=urls)


def test_every_public_list_opens_and_none_can_be_written(pages: Browser, operator: User) -> None:
    client = pages.on(BASE)
    client.post("/login/", {"name": "op", "password": PASSWORD})
    front = client.get("/ops/admin/")
    assert front.status_code == 200
    assert "unfold/helpers/app_list_default.html" in [template.name for template in front.templates]
    assert "Django administration" not in front.content.decode()
    for model in PUBLIC_MODELS:
        path = list_of("operator_admin", model)
        assert client.get(path, {"q": "acme"}).status_code == 200, model
        assert client.get(f"{path}add/").status_code == 403, model
    tenant = Tenant.objects.get(slug="acme")
    path = f"{list_of('operator_admin', 'tenant')}{tenant.pk}/"
    assert client.get(f"{path}change/").status_code == 200
    assert client.post(f"{path}change/", {"name": "Mine"}).status_code == 403
    assert client.post(f"{path}delete/", {"post": "yes"}).status_code == 403
    assert Tenant.objects.get(pk=tenant.pk).name == tenant.name


def test_secrets_are_not_shown(pages: Browser, operator: User) -> None:
    client = pages.on(BASE)
    client.post("/login/", {"name": "op", "password": PASSWORD})
    owner = User.objects.get(username="acme-owner")
    body = client.get(f"{list_of('operator_admin', 'user')}{owner.pk}/change/").content.decode()
    assert owner.password not in body
    assert not any(field in body for field in ("pbkdf2", "argon2", "md5$"))


def test_a_communitys_rows_are_its_own_and_looking_is_recorded(
    pages: Browser, operator: User, acme: TenantContext, globex: TenantContext
) -> None:
    with enter_tenant(acme):
        Member.objects.create(display_name="Acme Only")
    with enter_tenant(globex):
        Member.objects.create(display_name="Globex Only")
    pages.sign_in("op", host=ACME, path="/earn/")
    client = pages.on(ACME)
    body = client.get(list_of("community_admin", "member")).content.decode()
    assert "Acme Only" in body
    assert "Globex Only" not in body
    for model in OF_A_COMMUNITY:
        assert client.get(list_of("community_admin", model), {"q": "1"}).status_code == 200, model
    with enter_tenant(acme):
        entries = AuditEntry.objects.filter(action="operator.entered")
        assert [(one.actor_kind, one.actor_id) for one in entries] == [("operator", operator.pk)]


def test_a_rule_is_switched_off_through_its_service(
    pages: Browser, operator: User, acme: TenantContext
) -> None:
    pages.sign_in("op", host=ACME, path="/earn/")
    with enter_tenant(acme):
        rule = Rule.objects.filter(enabled=True).first()
    assert rule is not None
    answer = pages.on(ACME).post(
        list_of("community_admin", "rule"), {"action": "switch_off", "_selected_action": [rule.pk]}
    )
    assert answer.status_code == 302
    with enter_tenant(acme):
        assert not Rule.objects.get(pk=rule.pk).enabled
        last = AuditEntry.objects.filter(action="rule.disabled").get()
        assert last.actor_kind == "operator"


@pytest.mark.parametrize("username", ["acme-owner", "acme-moderator", "acme-member", "globex-owner"])
def test_teams_do_not_come_in(pages: Browser, username: str) -> None:
    pages.sign_in(username, host=ACME, path="/earn/")
    for model in ("member", "auditentry"):
        assert pages.on(ACME).get(list_of("community_admin", model)).status_code == 403
    assert pages.on(GLOBEX).get("/ops/admin/").status_code == 302


def test_keys_are_revoked_from_the_list(pages: Browser, operator: User, acme: TenantContext) -> None:
    from tenants.api_keys import issue_api_key

    key = issue_api_key(tenant_id=acme.tenant_id, name="Leaked", scopes=["members:read"], created_by=None).key
    client = pages.on(BASE)
    client.post("/login/", {"name": "op", "password": PASSWORD})
    client.post(list_of("operator_admin", "apikey"), {"action": "revoke", "_selected_action": [key.pk]})
    assert ApiKey.objects.get(pk=key.pk).revoked_at is not None
    with enter_tenant(acme):
        assert AuditEntry.objects.filter(action="key.revoked", actor_kind="operator").count() == 1
