"""The operators' pages on BASE_DOMAIN and both admins: our own staff come in, and nobody else, whatever they are in a community."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest
from django.contrib.admin.sites import all_sites
from django.contrib.admin.sites import site as djangos_own
from django.core import mail
from django.db import transaction
from django.urls import URLPattern

from frontend_api.access import PUBLIC_ROUTES
from frontend_api.operator.admin_community import community_site
from frontend_api.operator.admin_public import public_site
from frontend_api.operator.admin_sites import LookOnly, OperatorAdminSite
from saas.urls import public
from tenants.context import TenantContext
from tenants.models import User
from tests.frontend_api.hosts import ACME, BASE, Browser
from tests.permissions.digest import Snapshot, differing
from tests.permissions.scene import KINDS, Kind, address_of

SignIn = Callable[..., Browser]
FORM: Final = {
    "confirmed": "1",
    "reason": "Spam from end to end.",
    "action": "delete_selected",
    "post": "yes",
}
PATTERNS: Final = [
    one
    for one in public.urlpatterns
    if isinstance(one, URLPattern) and PUBLIC_ROUTES[str(one.name)] == "operate"
]
SITES: Final = ((BASE, public_site, "saas.urls.public"), (ACME, community_site, "saas.urls.tenant"))
# Acts of the admins: each calls a service, and is recorded.
ACTS: Final = {
    "tenant": {"open_again"},
    "user": {"end_sessions"},
    "apikey": {"revoke"},
    "rule": {"switch_off"},
}


def addresses(things: dict[str, Any]) -> list[tuple[str, str]]:
    """Every operator's page, and of each admin its front and, for every model, the list, the form and its writes."""
    found = [(BASE, address_of(pattern, "saas.urls.public", things)) for pattern in PATTERNS]
    for host, site, _urls in SITES:
        found.append((host, "/ops/admin/"))
        for model in site._registry:
            base = f"/ops/admin/{model._meta.app_label}/{model._meta.model_name}/"
            found += [(host, base + tail) for tail in ("", "add/", "1/change/", "1/delete/", "1/history/")]
    return found


def is_refused(answer: Any) -> bool:
    if answer.status_code == 302:
        return "/login/" in answer["Location"]
    return answer.status_code in (403, 405)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_only_operators_come_in(
    things: dict[str, Any], sign_in: SignIn, acme: TenantContext, globex: TenantContext, kind: Kind
) -> None:
    browser = sign_in(kind.username)
    browser.on(BASE).raise_request_exception = False
    staff = kind.name == "operator"
    snapshot = Snapshot("public", acme.schema, globex.schema)
    before = snapshot.take()
    wrong = []
    for host, path in addresses(things):
        for method in ("get", "post"):
            client = browser.on(host)
            with transaction.atomic():
                answer = client.get(path) if method == "get" else client.post(path, FORM)
                transaction.set_rollback(staff)
            writes = "/admin/" in path and path.endswith(("add/", "change/", "delete/"))
            if is_refused(answer) and staff and not writes and answer.status_code != 405:
                wrong.append(f"{method} {host}{path}: staff may, and got {answer.status_code}")
            if answer.status_code >= 500 or (not staff and not is_refused(answer)):
                wrong.append(f"{method} {host}{path}: {answer.status_code}")
    assert wrong == []
    assert differing(before, snapshot.take()) == []
    assert mail.outbox == []


def test_the_admins_are_these_two_and_djangos_own_is_empty_and_nowhere() -> None:
    ours = {one for one in all_sites if isinstance(one, OperatorAdminSite)}
    assert ours == {public_site, community_site}
    mounted = {
        getattr(one, "app_name", None)
        for name in ("public", "tenant")
        for one in __import__(f"saas.urls.{name}", fromlist=["urlpatterns"]).urlpatterns
        if getattr(one, "namespace", None) == djangos_own.name
    }
    assert mounted == set()


@pytest.mark.parametrize("site", [public_site, community_site], ids=lambda site: site.name)
def test_every_admin_looks_and_does_not_touch(site: OperatorAdminSite, rf: Any, db: None) -> None:
    """A model that is registered another way fails here, whatever it says of itself."""
    request = rf.get("/ops/admin/")
    request.user = User.objects.create_user("root", is_operator=True, is_staff=True, is_superuser=True)
    for model, kind in site._registry.items():
        assert isinstance(kind, LookOnly), f"{model.__name__} is not LookOnly"
        assert not kind.has_add_permission(request), model
        assert not kind.has_change_permission(request), model
        assert not kind.has_delete_permission(request), model
        assert not kind.inlines, f"{model.__name__}: rows of another model could be written there"
        assert not kind.list_editable, model
        assert set(kind.get_actions(request)) == ACTS.get(str(model._meta.model_name), set()), model
