"""Every route and socket stands in the table of who may, and keeps to it."""

from __future__ import annotations

import uuid
from importlib import import_module

import pytest
from django.urls import URLPattern, URLResolver, reverse

from frontend_api.access import (
    CLOSED_ROUTES,
    EVERYBODY,
    PUBLIC_ROUTES,
    SESSION,
    SOCKETS,
    TENANT_ROUTES,
    USER,
)
from saas.urls import tenant
from tenants.permissions import PERMISSIONS, Role, may
from tests.frontend_api.hosts import ACME, BASE, GLOBEX, Browser

TABLES = {
    "saas.urls.tenant": TENANT_ROUTES,
    "saas.urls.public": PUBLIC_ROUTES,
    "saas.urls.closed": CLOSED_ROUTES,
    "frontend_api.live.urls": SOCKETS,
}


@pytest.mark.parametrize("module", TABLES)
def test_every_route_stands_in_the_table(module: str) -> None:
    # What is included, the API, has a table of its own: tests/frontend_api/v1/test_access.py.
    names = [p.name for p in import_module(module).urlpatterns if not isinstance(p, URLResolver)]
    assert sorted(names) == sorted(TABLES[module])
    assert set(TABLES[module].values()) <= {EVERYBODY, SESSION, USER, *PERMISSIONS}


def test_what_a_stranger_may_opens_without_a_login(pages: Browser) -> None:
    for name, action in TENANT_ROUTES.items():
        if (
            action in PERMISSIONS
            and may(Role.STRANGER, action)
            and name not in {"member", "reason", "shop-reward"}
        ):
            assert pages.on(ACME).get(reverse(name, urlconf="saas.urls.tenant")).status_code == 200, name


TEAM_ROUTES = [
    name
    for name, action in TENANT_ROUTES.items()
    if action in PERMISSIONS and PERMISSIONS[action].role > Role.MEMBER
]
SAMPLES = {int: 999_999, str: "csv", uuid.UUID: uuid.UUID(int=0)}


def _address_of(name: str) -> str:
    (pattern,) = [one for one in tenant.urlpatterns if getattr(one, "name", None) == name]
    assert isinstance(pattern, URLPattern)
    arguments = {
        key: SAMPLES[
            type(converter.to_python("0" * 32 if "uuid" in type(converter).__name__.lower() else "0"))
        ]
        for key, converter in pattern.pattern.converters.items()
    }
    return reverse(name, kwargs=arguments, urlconf="saas.urls.tenant")


def _knock(pages: Browser, path: str) -> int:
    """GET, or POST where the page is an act."""
    answer = pages.on(ACME).get(path)
    return int(pages.on(ACME).post(path).status_code if answer.status_code == 405 else answer.status_code)


@pytest.mark.parametrize(
    "username", ["acme-owner", "acme-moderator", "acme-member", "acme-stranger", "globex-owner", ""]
)
def test_the_teams_pages_are_for_those_who_may(pages: Browser, username: str) -> None:
    """What is not there is a 404 to those who may, and a 403 to everybody else: nobody finds out what exists."""
    role = {"acme-owner": Role.OWNER, "acme-moderator": Role.MODERATOR}.get(username, Role.STRANGER)
    if username:
        pages.sign_in(username, path="/earn/")
    for name in TEAM_ROUTES:
        path = _address_of(name)
        status = _knock(pages, path)
        if may(role, TENANT_ROUTES[name]):
            assert status not in {403, 500}, name
            assert status != 302 or "/login/" not in pages.on(ACME).post(path).headers.get("Location", ""), (
                name
            )
        else:
            assert status == (403 if username else 302), name


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
