"""A browser for each kind of person, signed in, over an Acme that has one of everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.frontend_api.hosts import Browser
from tests.permissions import scene

if TYPE_CHECKING:
    from redis import Redis

    from tenants.context import TenantContext


@pytest.fixture
def things(db: None, acme: TenantContext, redis_cache: Redis, settings: object) -> dict[str, Any]:
    """Acme with one of everything; a part of an address → its value."""
    from tests.frontend_api.conftest import _open

    scene.set_up_people(acme)
    _open(settings)
    return scene.set_up_things(acme)


@pytest.fixture
def sign_in(things: dict[str, Any]) -> Any:
    """A browser in which the login of that name is signed in on a community's host; nobody for an empty name."""

    def make(username: str, host: str = "acme.localhost") -> Browser:
        browser = Browser()
        if username:
            browser.sign_in(username, host=host, path="/earn/")
            browser.on(host).get("/dashboard/")  # so that "last seen" is written already
        browser.on(host).raise_request_exception = False
        return browser

    return make


@pytest.fixture
def committed_pages(committed_db: None, redis_cache: Redis, settings: object) -> Browser:
    """Everybody with a password, committed: for sockets."""
    from tests.frontend_api.conftest import _open

    return _open(settings)
