"""The whole product in one test process: the local Discord, the bot, ingest, the jobs, the pages and the API.

Nothing stands in for anything: what somebody writes travels over the gateway's socket into the stream, is booked by ingest, and
is read from a page, a command or the API.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from html import unescape
from typing import Any, Final

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections

from bot_shard.publishing import publish_commands
from bot_shard.serve import BotService
from engagement.activity.consumer import Consumer, drain
from engagement.activity.stream import backlog
from engagement.analytics.selectors import get_profile
from engagement.members.selectors import find_member
from ops.sandbox.discord import LocalDiscordThread
from saas.core.redis_clients import cache_redis, stream_redis
from tenants.context import TenantContext, enter_tenant
from tenants.routing import Routing, get_routing
from tests.bot_shard.commands.conftest import _found_guild
from tests.bot_shard.running import options
from tests.cast import ACME, GLOBEX, Community
from tests.frontend_api.hosts import Browser

COMMUNITIES: Final = {community.name: community for community in (ACME, GLOBEX)}
PATIENCE: Final = 40.0


class World:
    """Everything that a scenario can do and see. Times are real; nobody waits longer than PATIENCE seconds."""

    def __init__(
        self, discord: LocalDiscordThread, contexts: dict[str, TenantContext], pages: Browser
    ) -> None:
        self.discord = discord
        self.contexts = contexts
        self.pages = pages
        self.answer: dict[str, Any] = {}
        self.seen: Any = None
        self.messages: dict[str, Any] = {}
        self.adjustment = ""
        self._stop = asyncio.Event()

    # --- starting and ending ---

    def begin(self) -> None:
        for community in COMMUNITIES.values():
            self.discord.call(
                _found_guild, self.discord.discord, community.name, community.guild_id, community.discord_id
            )
        self.routing = Routing()
        self.routing.load()
        token, address = self.discord.discord.config.bot_token, self.discord.api_url
        self.discord.run(publish_commands(token=token, api_url=address))
        chosen = options(
            address,
            settings.REDIS_STREAM_URL,
            cache_url=settings.REDIS_URL,
            partitions=settings.ACTIVITY_PARTITIONS,
        )
        self.service = BotService(chosen, self.routing, site="http://localhost")

        async def serve() -> None:
            self._task = asyncio.create_task(self.service.run(self._stop))

        self.discord.run(serve())
        self.until(lambda: self.service.process.ready or self._task.done(), "the bot is ready")
        self.consumer = Consumer(
            stream=stream_redis(),
            cache=cache_redis(),
            routing=self.routing,
            partitions=settings.ACTIVITY_PARTITIONS,
        )

    def end(self) -> None:
        self.consumer.stop()
        self.consumer.run()

        async def stop() -> None:
            self._stop.set()
            await asyncio.wait_for(asyncio.shield(self._task), PATIENCE)

        self.discord.run(stop())
        connections.close_all()
        assert self.discord.violations == []

    def until(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"It did not happen in time that {what}."
            time.sleep(0.02)

    # --- what people do in Discord ---

    def write(self, who: str, text: str, *, reply_to: Any = None, community: str = ACME.name) -> Any:
        """Somebody writes in #general, and the bot has heard it."""
        before = self.waiting()
        message = self.discord.state.post_message(
            community, "general", self.discord_name(who, community), text, reply_to=reply_to
        )
        self.until(lambda: self.waiting() > before, "the bot heard the message")
        return message

    def waiting(self) -> int:
        return sum(backlog(stream_redis(), settings.ACTIVITY_PARTITIONS).values())

    def book(self) -> None:
        """Ingest books all that waits, and the worker does what follows."""
        drain(self.consumer, seconds=PATIENCE)
        assert self.waiting() == 0

    def work(self) -> None:
        """The worker, until nothing is left to do."""
        try:
            call_command("run_worker", until_empty=True, concurrency=1)
        finally:
            connections.close_all()

    def command(
        self, who: str, name: str, values: dict[str, Any] | None = None, community: str = ACME.name
    ) -> None:
        self.answer = self.discord.state.run_command(
            community, "general", self.discord_name(who, community), name, values
        )
        assert self.answer["failure"] in (None, ""), self.answer

    @property
    def said(self) -> str:
        """All words of the bot's last answer."""
        reply = self.answer["replies"][-1]
        pictures = " ".join(one.get("description") or "" for one in reply.get("attachments") or ())
        return f"{reply.get('content') or ''} {_words_of(reply['embeds'])} {pictures}".replace("\\", "")

    def said_in(self, channel: str, community: str = ACME.name) -> str:
        """All words of the bot's messages in a channel."""
        world = self.discord.discord.world
        kept = world.messages.get(self.channel_id(channel, community), {})
        messages = [one for one in kept.values() if one.author_id == world.bot_id]
        return " ".join(f"{one.content} {_words_of(one.embeds)}" for one in messages)

    def channel_id(self, name: str, community: str = ACME.name) -> int:
        guild = self.discord.discord.world.guild(COMMUNITIES[community].guild_id)
        return next(one.id for one in guild.channels.values() if one.name == name)

    # --- what is true ---

    def discord_name(self, who: str, community: str = ACME.name) -> str:
        return f"{COMMUNITIES[community].slug}-{who}"

    def discord_id(self, who: str, community: str = ACME.name) -> int:
        place: Community = COMMUNITIES[community]
        return place.discord_id(who)

    def points(self, who: str, community: str = ACME.name) -> int:
        context = self.contexts[community]
        try:
            with enter_tenant(context):
                member = find_member(provider="discord", external_id=str(self.discord_id(who, community)))
                return 0 if member is None else get_profile(member_id=member.pk).current
        finally:
            connection.close()

    def member_id(self, who: str, community: str = ACME.name) -> int:
        with enter_tenant(self.contexts[community]):
            member = find_member(provider="discord", external_id=str(self.discord_id(who, community)))
        assert member is not None, f"{who} is no member of {community}"
        return int(member.pk)

    def open(self, path: str, community: str = ACME.name) -> str:
        """A page of the community as whoever signed in there last; its words."""
        get_routing().load()
        self.seen = self.pages.open(path, f"{COMMUNITIES[community].slug}.localhost")
        return words_of_page(self.seen)


def words_of_page(answer: Any) -> str:
    """A page's words without its tags."""
    text = re.sub(r"(?s)<(script|style|template)\b.*?</\1>", " ", answer.content.decode())
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def _words_of(embeds: list[dict[str, Any]]) -> str:
    words: list[str] = []
    for embed in embeds:
        words += [embed.get("title") or "", embed.get("description") or ""]
        words += [f"{field['name']} {field['value']}" for field in embed.get("fields", ())]
        words.append((embed.get("footer") or {}).get("text") or "")
    return " ".join(words)
