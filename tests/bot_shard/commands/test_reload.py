"""Cogs reload without a restart, and buttons outlive one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from redis.asyncio import Redis

from bot_shard import cogs
from bot_shard.serve import RELOAD_CHANNEL, BotService
from tests.bot_shard.running import options, until

from .conftest import Talk
from .test_member_commands import embed

GUIDE = Path(cogs.__file__).parent / "guide.py"


@pytest.fixture
def guide() -> Iterator[Path]:
    text = GUIDE.read_text()
    yield GUIDE
    GUIDE.write_text(text)


def _rewrite(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


async def test_new_code_answers_without_a_restart(talk: Talk, guide: Path) -> None:
    identifies = talk.service.process.stats.identifies
    _rewrite(guide, 'ask.say("help_title")', '"Freshly loaded"')
    async with Redis.from_url(settings.REDIS_URL) as redis:
        await redis.publish(RELOAD_CHANNEL, "")
    for _ in range(50):
        if embed(await talk.command("owner", "help"))["title"] == "Freshly loaded":
            break
        talk.service.bot.desk._limiter = _Unlimited()  # type: ignore[assignment]
        await asyncio.sleep(0.1)
    else:
        raise AssertionError("the new code never answered")
    assert talk.service.process.stats.identifies == identifies
    assert talk.service.process.stats.resumes == 0


class _Unlimited:
    async def wait_seconds(self, *args: object, **named: object) -> int:
        return 0


async def test_code_that_does_not_load_leaves_the_old_in_place(talk: Talk, guide: Path) -> None:
    _rewrite(guide, "import", "this is no Python")
    assert await talk.service.bot.reload_cogs() == ["bot_shard.cogs.guide"]
    assert "title" in embed(await talk.command("member", "help"))


async def test_menus_and_commands_are_there_once_after_reloads(talk: Talk) -> None:
    before = sorted(command.name for command in talk.service.bot.tree.get_commands())
    await talk.service.bot.reload_cogs()
    await talk.service.bot.reload_cogs()
    assert sorted(command.name for command in talk.service.bot.tree.get_commands()) == before


async def test_a_button_works_after_a_restart(talk: Talk) -> None:
    answer = await talk.command("member", "leaderboard")
    heir = BotService(
        options(talk.local.api_url, settings.REDIS_STREAM_URL, cache_url=settings.REDIS_URL),
        talk.service.routing,
        site="",
    )
    # The first process is gone: its shards stop hearing, and the heir RESUMEs.
    await talk.service.bot.stop_shards()
    await talk.service.process.writer.drain(5)
    await talk.service.process.writer.save()
    stop = asyncio.Event()
    task = asyncio.create_task(heir.run(stop))
    await until(lambda: heir.process.ready or task.done())
    pressed = await talk.local.state.press_button(answer["replies"][-1]["id"], "acme-member", "Week")
    assert pressed["failure"] in (None, "")
    assert heir.process.stats.commands[("leaderboard", "answered")] == 1
    stop.set()
    await task
