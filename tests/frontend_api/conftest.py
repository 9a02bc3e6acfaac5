"""What the tests of pages share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from redis import Redis

from ops.sandbox.discord import LocalDiscordThread
from tests.frontend_api.hosts import PASSWORD, Browser
from tests.frontend_api.local_discord import CONFIG, LocalPeople


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


@pytest.fixture(scope="session")
def _discord_server() -> Iterator[LocalDiscordThread]:
    with LocalDiscordThread(replace(CONFIG)) as server:
        yield server


@pytest.fixture
def discord(_discord_server: LocalDiscordThread, settings: object) -> Iterator[LocalPeople]:
    """An empty local Discord that the settings name. What the bot sends must be what Discord's document allows."""
    _discord_server.call(_discord_server.discord.reset)
    settings.DISCORD_API_URL = _discord_server.api_url  # type: ignore[attr-defined]
    settings.DISCORD_WEB_URL = _discord_server.web_url  # type: ignore[attr-defined]
    settings.DISCORD_BOT_TOKEN = "local-bot-token"  # type: ignore[attr-defined]
    settings.DISCORD_CLIENT_ID = CONFIG.client_id  # type: ignore[attr-defined]
    settings.DISCORD_CLIENT_SECRET = CONFIG.client_secret  # type: ignore[attr-defined]
    yield LocalPeople(_discord_server)
    assert _discord_server.violations == []
