"""The bot is added from Discord first: it says once how to connect the server, and whoever manages it gets a link."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings

from ops.sandbox.discord import LocalDiscord
from tests.bot_shard.commands.conftest import Talk
from tests.bot_shard.running import comes

if TYPE_CHECKING:
    from bot_shard.serve import BotService

Inside = Callable[..., Awaitable[Any]]
NOWHERE = 900_000_000_000_000_009


def read_greeting() -> Any:
    from saas.core.schemas import PUBLIC, enter_schema
    from tenants.models import GuildGreeting

    with enter_schema(PUBLIC):
        return GuildGreeting.objects.filter(guild_id=NOWHERE).first()


def count_jobs() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from public.procrastinate_jobs where task_name = 'integrations.discord.greet_guild'"
        )
        return int(cursor.fetchone()[0])


def greet(api_url: str) -> Any:
    """What the worker does once the job is due."""
    from integrations.discord.client import DiscordClient
    from integrations.discord.greetings import greet_guild
    from integrations.discord.limits import Patience
    from saas.core.schemas import PUBLIC, enter_schema

    client = DiscordClient(base_url=api_url, token="local-bot-token", patience=Patience("claim"))
    with enter_schema(PUBLIC):
        return greet_guild(client, guild_id=NOWHERE)


@pytest.fixture
async def greeted(local: LocalDiscord, service: BotService, inside: Inside, settings: Any) -> Any:
    settings.BASE_URL = "http://localhost"
    settings.DISCORD_API_URL = local.api_url
    settings.DISCORD_BOT_TOKEN = "local-bot-token"
    await comes(lambda: inside(read_greeting), lambda greeting: greeting is not None)
    row = await inside(greet, local.api_url)
    assert row.state == "sent"
    return local.world.message(row.channel_id, row.message_id)


async def test_the_greeting_stands_once_in_the_server(
    local: LocalDiscord, greeted: Any, inside: Inside
) -> None:
    from bot_shard.answers import custom_id

    guild = local.world.guilds[NOWHERE]
    assert guild.channels[greeted.channel_id].name == "general"
    assert greeted.components[0]["components"][0]["custom_id"] == custom_id("claim", NOWHERE)
    assert await inside(count_jobs) == 1
    assert await inside(greet, local.api_url) is None
    local.state.expire_sessions()
    local.state.drop()
    await asyncio.sleep(1.5)
    assert await inside(count_jobs) == 1, (
        "a new session tells of the server again, and it is not greeted again"
    )
    local.state.remove_bot("Nowhere")
    await asyncio.sleep(0.5)
    local.state.install_bot("Nowhere")
    await asyncio.sleep(1.0)
    assert await inside(count_jobs) == 1, "nor when the bot is invited again within days"


async def test_linked_servers_are_not_greeted(local: LocalDiscord, greeted: Any, inside: Inside) -> None:
    from tenants.models import GuildGreeting

    assert await inside(lambda: [row.guild_id for row in GuildGreeting.objects.all()]) == [NOWHERE]


async def test_somebody_without_manage_server_is_refused_in_private(talk: Talk, greeted: Any) -> None:
    answer = await talk.local.state.press_button(greeted.id, "nowhere-moderator", "Connect this server")
    assert "people who manage it" in text_of(answer)
    assert "ticket=" not in str(answer)
    assert is_private(answer)


async def test_who_manages_the_server_gets_a_link_of_their_own(
    talk: Talk, greeted: Any, inside: Inside
) -> None:
    from tenants.claims import read_claim_ticket

    answer = await talk.local.state.press_button(greeted.id, "nowhere-owner", "Connect this server")
    assert is_private(answer)
    claim = await inside(lambda: read_claim_ticket(token=ticket_of(answer)))
    owner = talk.local.world.guilds[NOWHERE].owner_id
    assert (claim.guild_id, claim.guild_name, claim.discord_id) == (NOWHERE, "Nowhere", owner)
    again = await talk.local.state.press_button(greeted.id, "nowhere-owner", "Connect this server")
    assert ticket_of(again) != ticket_of(answer)


async def test_in_a_connected_server_the_button_says_so(
    talk: Talk, greeted: Any, inside: Inside, service: BotService
) -> None:
    from tenants.models import Tenant
    from tenants.services import link_guild, unlink_guild
    from tests.cast import ACME

    def connect() -> None:
        unlink_guild(guild_id=ACME.guild_id)
        link_guild(tenant=Tenant.objects.get(slug="acme"), guild_id=NOWHERE)
        service.routing.load()

    await inside(connect)
    answer = await talk.local.state.press_button(greeted.id, "nowhere-owner", "Connect this server")
    assert "connected to Acme Makers already" in text_of(answer)


@pytest.mark.parametrize(("state", "told"), [("deleted", "owner deleted"), ("suspended", "is suspended")])
async def test_the_server_of_a_closed_community_is_not_offered(
    talk: Talk, greeted: Any, inside: Inside, service: BotService, state: str, told: str
) -> None:
    """Its link stands, so a way to our pages would end in “taken”."""
    from tenants.models import Tenant
    from tenants.services import link_guild, unlink_guild
    from tests.cast import ACME

    def close() -> None:
        unlink_guild(guild_id=ACME.guild_id)
        link_guild(tenant=Tenant.objects.get(slug="acme"), guild_id=NOWHERE)
        Tenant.objects.filter(slug="acme").update(state=state)
        service.routing.load()

    await inside(close)
    refused = await talk.local.state.press_button(greeted.id, "nowhere-moderator", "Connect this server")
    assert "people who manage it" in text_of(refused)
    answer = await talk.local.state.press_button(greeted.id, "nowhere-owner", "Connect this server")
    assert told in text_of(answer)
    assert "Acme Makers" in text_of(answer)
    assert "ticket=" not in str(answer)


async def test_once_it_is_connected_the_greeting_says_so(
    local: LocalDiscord, greeted: Any, inside: Inside, settings: Any
) -> None:
    from integrations.discord.client import get_client
    from integrations.discord.greetings import retire_greeting
    from saas.core.schemas import PUBLIC, enter_schema

    def retire() -> None:
        with enter_schema(PUBLIC):
            retire_greeting(get_client(), guild_id=NOWHERE, tenant_name="Acme *Makers*")

    await inside(retire)
    await inside(retire)
    message = local.world.message(greeted.channel_id, greeted.id)
    assert "connected to **Acme \\*Makers\\***" in message.content
    assert not message.components
    assert (await inside(read_greeting)).state == "retired"


async def test_in_direct_messages_discord_is_asked(
    local: LocalDiscord, service: BotService, inside: Inside, settings: Any
) -> None:
    """Nowhere to write in the server: its owner is told."""
    from ops.sandbox.discord.state.entities import Overwrite
    from ops.sandbox.discord.state.guilds import update_channel

    settings.BASE_URL = "http://localhost"
    settings.DISCORD_API_URL, settings.DISCORD_BOT_TOKEN = local.api_url, "local-bot-token"
    guild = local.world.guilds[NOWHERE]
    for channel in list(guild.channels.values()):
        bot = local.world.bot_id
        update_channel(local.world, channel, overwrites={bot: Overwrite(bot, 1, 0, 1 << 11)})
    await comes(lambda: inside(read_greeting), lambda greeting: greeting is not None)
    row = await inside(greet, local.api_url)
    assert row.state == "sent"
    message = local.world.message(row.channel_id, row.message_id)
    assert message.guild_id is None
    answer = await local.state.press_button(message.id, "nowhere-owner", "Connect this server")
    assert ticket_of(answer)
    guild.owner_id = next(iter(member for member in guild.members if member != guild.owner_id))
    refused = await local.state.press_button(message.id, "nowhere-owner", "Connect this server")
    assert "people who manage it" in text_of(refused)


async def test_with_nowhere_to_say_it_nothing_is_said(
    local: LocalDiscord, service: BotService, inside: Inside
) -> None:
    from ops.sandbox.discord.state.entities import Overwrite
    from ops.sandbox.discord.state.guilds import update_channel

    guild = local.world.guilds[NOWHERE]
    local.state.set_dms("nowhere-owner", open=False)
    for channel in list(guild.channels.values()):
        bot = local.world.bot_id
        update_channel(local.world, channel, overwrites={bot: Overwrite(bot, 1, 0, 1 << 10)})
    await comes(lambda: inside(read_greeting), lambda greeting: greeting is not None)
    assert (await inside(greet, local.api_url)).state == "nowhere"
    assert await inside(greet, local.api_url) is None


async def test_a_button_of_another_server_is_not_understood(talk: Talk, greeted: Any) -> None:
    greeted.components[0]["components"][0]["custom_id"] = "eh1:claim:900000000000000001"
    answer = await talk.local.state.press_button(greeted.id, "nowhere-owner", "Connect this server")
    assert "older version of me" in str(answer)
    assert "ticket=" not in str(answer)


def text_of(answer: dict[str, Any]) -> str:
    return str(answer["replies"][-1]["embeds"][0].get("description", ""))


def is_private(answer: dict[str, Any]) -> bool:
    return bool(answer["replies"][-1]["flags"] & 64)


def ticket_of(answer: dict[str, Any]) -> str:
    url = answer["replies"][-1]["components"][0]["components"][0]["url"]
    assert url.startswith(f"{settings.BASE_URL}/claim/?ticket=")
    return parse_qs(urlsplit(url).query)["ticket"][0]
