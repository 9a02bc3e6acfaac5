"""What the tests of the API share: programs and people who ask, on a community's host."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.frontend_api.hosts import Browser
from tests.frontend_api.v1.asking import Api, issue

if TYPE_CHECKING:
    from tenants.context import TenantContext


@pytest.fixture
def api(pages: Browser) -> Api:
    """Asks as nobody; rolled back afterwards."""
    return Api()


@pytest.fixture
def committed_api(committed_pages: Browser) -> Api:
    return Api()


@pytest.fixture
def key_of(pages: Browser, acme: TenantContext) -> Callable[..., Api]:
    """`key_of("members:read")`: asks as a program of acme's with those scopes."""
    return lambda *scopes: Api(issue(acme, *scopes))


@pytest.fixture
def person(api: Api) -> Callable[[str], Api]:
    """`person("acme-owner")`: asks with that person's token."""
    return lambda username: api.as_person(username)
