"""What the tests of pages share."""

from __future__ import annotations

import pytest
from redis import Redis

from tests.frontend_api.hosts import PASSWORD, Browser


@pytest.fixture
def pages(db: None, redis_cache: Redis, settings: object) -> Browser:
    """A browser over the two communities, everybody with a password; rolled back afterwards."""
    return _open(settings)


@pytest.fixture
def committed_pages(committed_db: None, redis_cache: Redis, settings: object) -> Browser:
    """Likewise, committed: for tests with threads and sockets."""
    return _open(settings)


def _open(settings: object) -> Browser:
    from tenants.models import User
    from tenants.routing import get_routing

    settings.BASE_URL = "http://localhost"  # type: ignore[attr-defined]
    for user in User.objects.all():
        user.set_password(PASSWORD)
        user.email = f"{user.username}@example.org"
        user.save(update_fields=["password", "email"])
    get_routing().load()
    return Browser()
