"""The pages of API keys: made with a recent proof, shown once, replaced, revoked."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from engagement.audit.models import AuditEntry
from saas.core import clock
from tenants.api_keys import authenticate_api_key, issue_api_key
from tenants.context import TenantContext, enter_tenant
from tenants.errors import BadApiKeyError
from tenants.models import ApiKey
from tests.frontend_api.hosts import ACME, Browser
from tests.frontend_api.portal.test_leaderboard import text_of

KEYS = "/dashboard/keys/"
NEW = f"{KEYS}new/"


@pytest.fixture
def desk(pages: Browser) -> Browser:
    pages.sign_in("acme-owner", path="/earn/")
    return pages


def token_on(page: str) -> str:
    found = re.search(r'value="(ehk_live_[^"]+)"', page)
    assert found is not None
    return found[1]


def test_a_key_is_shown_once_and_works(desk: Browser, acme: TenantContext) -> None:
    answer = desk.on(ACME).post(NEW, {"name": "Shop", "scopes": ["members:read"], "expires_on": ""})
    token = token_on(text_of(answer))
    assert "no-store" in answer["Cache-Control"]
    assert authenticate_api_key(token=token, tenant_id=acme.tenant_id).scopes == ["members:read"]
    listed = text_of(desk.on(ACME).get(KEYS))
    assert "Shop" in listed
    assert "last used" in listed
    assert token not in listed
    with enter_tenant(acme):
        assert token not in str(list(AuditEntry.objects.values()))


def test_it_ends_with_the_day_in_the_communitys_zone(desk: Browser) -> None:
    day = (clock.now() + timedelta(days=30)).date()
    desk.on(ACME).post(NEW, {"name": "Shop", "scopes": ["members:read"], "expires_on": day.isoformat()})
    key = ApiKey.objects.get()
    assert key.expires_at is not None
    assert key.expires_at.date() == day + timedelta(days=1)


@pytest.mark.parametrize(
    "form",
    [
        {"name": "", "scopes": ["members:read"]},
        {"name": "Shop"},
        {"name": "Shop", "scopes": ["wings:write"]},
        {"name": "Shop", "scopes": ["members:read"], "expires_on": "1999-01-01"},
        {"name": "Shop", "scopes": ["members:read"], "expires_on": "soon"},
        {"name": "\u202ex\x00", "scopes": ["members:read"]},
    ],
)
def test_a_wrong_form_makes_no_key(desk: Browser, form: dict[str, object]) -> None:
    answer = desk.on(ACME).post(NEW, form)
    assert answer.status_code == 422
    assert not ApiKey.objects.exists()


def test_without_a_recent_proof_one_proves_first(desk: Browser) -> None:
    with clock.frozen_at(clock.now() + timedelta(minutes=20)):
        for answer in (
            desk.on(ACME).get(NEW),
            desk.on(ACME).post(NEW, {"name": "Shop", "scopes": ["members:read"]}),
        ):
            assert answer.status_code == 302
            assert "prove=1" in answer["Location"]
        assert desk.on(ACME).get(KEYS).status_code == 200
    assert not ApiKey.objects.exists()


def test_replacing_leaves_the_old_one_a_day(desk: Browser, acme: TenantContext) -> None:
    old = issue_api_key(tenant_id=acme.tenant_id, name="Shop", scopes=["members:read"], created_by=None)
    path = f"{KEYS}{old.key.pk}/replace/"
    assert "24 hours" in text_of(desk.on(ACME).get(path))
    new = token_on(text_of(desk.on(ACME).post(path, {"confirmed": "1"})))
    for token in (old.token, new):
        assert authenticate_api_key(token=token, tenant_id=acme.tenant_id)


def test_revoking_asks_first_and_ends_it(desk: Browser, acme: TenantContext) -> None:
    made = issue_api_key(tenant_id=acme.tenant_id, name="Shop", scopes=["members:read"], created_by=None)
    path = f"{KEYS}{made.key.pk}/revoke/"
    text_of(desk.on(ACME).get(path))
    assert authenticate_api_key(token=made.token, tenant_id=acme.tenant_id)
    desk.on(ACME).post(path, {"confirmed": "1"})
    with pytest.raises(BadApiKeyError, match="revoked"):
        authenticate_api_key(token=made.token, tenant_id=acme.tenant_id)
    assert "Revoked" in text_of(desk.on(ACME).get(KEYS))


def test_anothers_key_is_not_there(desk: Browser, globex: TenantContext) -> None:
    theirs = issue_api_key(
        tenant_id=globex.tenant_id, name="Theirs", scopes=["members:read"], created_by=None
    )
    for act in ("revoke", "replace"):
        answers = [
            desk.on(ACME).post(f"{KEYS}{number}/{act}/", {"confirmed": "1"})
            for number in (theirs.key.pk, 10**9)
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
    assert "Theirs" not in text_of(desk.on(ACME).get(KEYS))
    assert ApiKey.objects.get().revoked_at is None


def test_the_page_leads_to_the_reference(desk: Browser) -> None:
    found = re.search(r'href="([^"]+)">How the API works', desk.on(ACME).get(KEYS).content.decode())
    assert found
    assert desk.on(ACME).get(found[1], headers={"accept": "text/html"}).status_code == 200
