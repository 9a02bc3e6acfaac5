"""Two communities' organisers add the bot to one guild at the same moment: one gets it, the other is told."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connections

from ops.sandbox.discord import LocalDiscordThread
from tests.frontend_api.local_discord import CONFIG, LocalPeople
from tests.stack import TestStack

ROUNDS = 3
PEOPLE = {"acme": 810_000_000_000_000_001, "globex": 810_000_000_000_000_002}


@pytest.fixture
def discord(settings: Any) -> Iterator[LocalPeople]:
    with LocalDiscordThread(replace(CONFIG)) as server:
        settings.BASE_URL = "http://localhost"
        settings.DISCORD_API_URL, settings.DISCORD_WEB_URL = server.api_url, server.web_url
        settings.DISCORD_BOT_TOKEN = "local-bot-token"
        settings.DISCORD_CLIENT_ID, settings.DISCORD_CLIENT_SECRET = CONFIG.client_id, CONFIG.client_secret
        yield LocalPeople(server)
        assert server.violations == []


@pytest.fixture
def guarded(request: pytest.FixtureRequest, committed_db: None, test_stack: TestStack) -> Iterator[bool]:
    """With False the table's constraint is away: the test must then see the bug."""
    with test_stack.postgres.connect(test_stack.database) as superuser:
        definition = superuser.execute(
            "select indexdef from pg_indexes where indexname = 'guild_link_one_tenant'"
        ).fetchone()
        if not request.param:
            superuser.execute("drop index guild_link_one_tenant")
        yield request.param
        if not request.param:
            superuser.execute("truncate guild_link")
            superuser.execute(definition[0])


def consent(discord: LocalPeople, slug: str, guild: Any) -> tuple[Any, str]:
    from integrations.discord.linking import begin_install
    from tenants.context import TenantContext
    from tenants.models import Tenant
    from tenants.oauth_states import take_state

    context = TenantContext.of(Tenant.objects.get(slug=slug))
    address = begin_install(context=context, user_id=PEOPLE[slug], session_key=slug, next_path="/")
    back = discord.decide(address, PEOPLE[slug], guild=guild)
    assert parse_qs(urlsplit(address).query)["state"][0] == back["state"]
    return take_state(text=back["state"], session_key=slug, user_id=PEOPLE[slug]), back["code"]


def claim(slug: str, state: Any, code: str) -> str:
    from engagement.audit.actor import SYSTEM as actor
    from integrations.discord.linking import finish_install
    from tenants.errors import GuildTakenError
    from tenants.models import Tenant

    try:
        finish_install(state=state, tenant=Tenant.objects.get(slug=slug), code=code, error="", actor=actor)
    except GuildTakenError:
        return "told that it is taken"
    finally:
        connections.close_all()
    return "linked"


@pytest.mark.race
@pytest.mark.parametrize("guarded", [True, False], indirect=True)
def test_two_organisers_add_the_bot_to_one_guild(
    guarded: bool, discord: LocalPeople, redis_cache: object
) -> None:
    from tenants.models import GuildLink
    from tenants.services import unlink_guild

    for link in GuildLink.objects.all():
        unlink_guild(guild_id=link.guild_id)
    for round_ in range(ROUNDS if guarded else 1):
        guild = discord.guild(f"Contested {round_}", PEOPLE["acme"])
        discord.manager(guild, PEOPLE["globex"])
        answers = [(slug, *consent(discord, slug, guild)) for slug in PEOPLE]
        with ThreadPoolExecutor(2) as pool:
            outcomes = sorted(pool.map(lambda answer: claim(*answer), answers))
        assert outcomes == (["linked", "told that it is taken"] if guarded else ["linked", "linked"])
        assert discord.world.bot_id in guild.members, "whoever got it keeps its bot"
        if guarded:
            unlink_guild(guild_id=guild.id)
