"""The local Discord and a real discord.py client on it. No database is touched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import discord
import discord.gateway
import discord.http
import pytest
import yarl
from discord import app_commands

from ops.sandbox.discord import Config, LocalDiscord

QUICK = Config(identify_interval=0.0, heartbeat_interval=20.0, answer_within=60.0, check_answers=True)


class Bot(discord.AutoShardedClient):
    """discord.py as it is, with a command tree and a list of what it heard."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("intents", discord.Intents.all())
        options.setdefault("chunk_guilds_at_startup", False)
        options.setdefault("guild_ready_timeout", 0.05)
        super().__init__(allowed_mentions=discord.AllowedMentions.none(), **options)
        self.tree = app_commands.CommandTree(self)
        self.heard: list[tuple[str, Any]] = []
        self.ready_once = asyncio.Event()

    async def on_ready(self) -> None:
        self.ready_once.set()

    async def on_socket_event_type(self, name: str) -> None:
        self.heard.append((name, None))

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(("message", message))

    def texts(self) -> list[str]:
        return [row.content for kind, row in self.heard if kind == "message"]

    def count(self, event: str) -> int:
        return sum(1 for kind, _ in self.heard if kind == event)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """No pause between shards: the local Discord's own bucket is what is tested."""


async def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until a condition holds; fail the test when it does not in time."""
    for _ in range(int(seconds * 200)):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("what was waited for did not happen in time")


@pytest.fixture
def config() -> Config:
    return replace(QUICK)


@pytest.fixture
async def local(config: Config, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LocalDiscord]:
    async with LocalDiscord(config) as server:
        monkeypatch.setattr(discord.http.Route, "BASE", server.api_url)
        monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(server.gateway_url))
        yield server
        assert server.mistakes == [], "the local Discord's own answers must fit Discord's document"


@pytest.fixture
async def connect(local: LocalDiscord) -> AsyncIterator[Callable[..., Awaitable[Bot]]]:
    """Makes bots that are ready; all are closed at the end, and none may have broken Discord's document."""
    bots: list[Bot] = []
    tasks: list[asyncio.Task[None]] = []

    async def make(setup: Callable[[Bot], None] | None = None, **options: Any) -> Bot:
        bot = Bot(**options)
        bots.append(bot)
        if setup is not None:
            setup(bot)
        tasks.append(asyncio.create_task(bot.start(local.config.bot_token)))
        await asyncio.wait_for(bot.ready_once.wait(), 60)
        return bot

    yield make
    for bot in bots:
        await bot.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def bot(connect: Callable[..., Awaitable[Bot]]) -> Bot:
    return await connect()
