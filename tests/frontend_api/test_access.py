"""Every route and socket stands in the table of who may, and keeps to it."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.urls import reverse

from frontend_api.access import EVERYBODY, PUBLIC_ROUTES, SESSION, SOCKETS, TEAM, TENANT_ROUTES, USER
from tests.frontend_api.hosts import ACME, BASE, GLOBEX, Browser

TABLES = {
    "saas.urls.tenant": TENANT_ROUTES,
    "saas.urls.public": PUBLIC_ROUTES,
    "frontend_api.live.urls": SOCKETS,
}


@pytest.mark.parametrize("module", TABLES)
def test_every_route_stands_in_the_table(module: str) -> None:
    names = [pattern.name for pattern in import_module(module).urlpatterns]
    assert sorted(names) == sorted(TABLES[module])
    assert set(TABLES[module].values()) <= {EVERYBODY, SESSION, USER, *_permissions()}


def _permissions() -> dict[str, object]:
    from tenants.permissions import PERMISSIONS

    return dict(PERMISSIONS)


def test_what_a_stranger_may_opens_without_a_login(pages: Browser) -> None:
    from tenants.permissions import Role, may

    for name, action in TENANT_ROUTES.items():
        if action in _permissions() and may(Role.STRANGER, action) and name not in {"member", "reason"}:
            assert pages.on(ACME).get(reverse(name, urlconf="saas.urls.tenant")).status_code == 200, name


@pytest.mark.parametrize("name", [name for name, audience in TENANT_ROUTES.items() if audience == TEAM])
@pytest.mark.parametrize(
    ("username", "status"),
    [
        ("acme-owner", 200),
        ("acme-moderator", 200),
        ("acme-member", 403),
        ("acme-stranger", 403),
        ("globex-owner", 403),
        ("", 302),
    ],
)
def test_the_teams_pages_are_for_the_team(pages: Browser, name: str, username: str, status: int) -> None:
    path = reverse(name, urlconf="saas.urls.tenant")
    if username:
        pages.sign_in(username, path="/earn/")
    assert pages.on(ACME).get(path).status_code == status


@pytest.mark.parametrize("path", ["/nowhere/", "/members/999999/", "/members/1/entries/1/", "/theme/red.css"])
@pytest.mark.parametrize("host", [ACME, GLOBEX, BASE])
def test_what_is_not_there_is_a_404_in_words(pages: Browser, host: str, path: str) -> None:
    answer = pages.on(host).get(path)
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()
    assert "Ref" in answer.content.decode()


def test_a_host_that_nobody_owns_says_so(pages: Browser) -> None:
    answer = pages.on("nobody.localhost").get("/")
    assert answer.status_code == 404
    assert "No community lives at this address" in answer.content.decode()


def test_community_pages_do_not_exist_on_base_domain(pages: Browser) -> None:
    assert pages.on(BASE).get("/leaderboard/").status_code == 404
    assert pages.on(BASE).get("/dashboard/").status_code == 404
