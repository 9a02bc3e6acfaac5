"""Who is refused a page is written down, with where they came from; strangers are asked to sign in and are not."""

from __future__ import annotations

from engagement.audit.models import AuditEntry
from tenants.context import TenantContext, enter_tenant
from tests.frontend_api.hosts import ACME, Browser


def refusals(context: TenantContext) -> list[AuditEntry]:
    with enter_tenant(context):
        return list(AuditEntry.objects.filter(action="permission.refused"))


def test_a_refused_page_is_recorded(pages: Browser, acme: TenantContext) -> None:
    pages.sign_in("acme-stranger", path="/earn/")
    pages.on(ACME).get("/dashboard/", REMOTE_ADDR="203.0.113.77")
    pages.on(ACME).get("/dashboard/", REMOTE_ADDR="203.0.113.77")

    [entry] = refusals(acme)
    assert (entry.actor_kind, entry.actor_name, entry.actor_role, entry.via) == (
        "user",
        "Acme Stranger",
        "stranger",
        "web",
    )
    assert (entry.target_id, entry.note, entry.address) == (
        "view_dashboard",
        "GET /dashboard/",
        "203.0.113.0/24",
    )
    assert entry.request_id


def test_another_communitys_owner_is_a_stranger_here(
    pages: Browser, acme: TenantContext, globex: TenantContext
) -> None:
    pages.sign_in("globex-owner", path="/earn/")
    assert pages.on(ACME).get("/dashboard/").status_code == 403

    assert [entry.actor_role for entry in refusals(acme)] == ["stranger"]
    assert refusals(globex) == []


def test_who_is_sent_to_sign_in_was_not_refused(pages: Browser, acme: TenantContext) -> None:
    assert pages.on(ACME).get("/dashboard/").status_code == 302
    assert refusals(acme) == []


def test_an_operator_without_a_role_here_acts_as_one(pages: Browser, acme: TenantContext) -> None:
    from tenants.models import User

    User.objects.filter(username="acme-stranger").update(is_operator=True)
    pages.sign_in("acme-stranger", path="/earn/")
    pages.on(ACME).get("/dashboard/")

    assert [(entry.actor_kind, entry.actor_role) for entry in refusals(acme)] == [("operator", "operator")]
