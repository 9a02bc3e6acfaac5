"""Cogs reload without a restart, and buttons outlive one."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from redis.asyncio import Redis

from bot_shard import cogs
from bot_shard.serve import RELOAD_CHANNEL, BotService
from tests.bot_shard.running import comes, options, until

from .conftest import Talk
from .test_member_commands import embed


@pytest.fixture
def guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cog's file in a copy of their folder, from which they are loaded here: others import the real ones meanwhile."""
    folder = tmp_path / "cogs"
    shutil.copytree(Path(cogs.__file__).parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(cogs, "__path__", [str(folder)])
    yield folder / "guide.py"
    for name in [name for name in sys.modules if name.startswith(f"{cogs.__name__}.")]:
        del sys.modules[name]


def _rewrite(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


async def test_new_code_answers_without_a_restart(talk: Talk, guide: Path) -> None:
    identifies = talk.service.process.stats.identifies
    _rewrite(guide, 'ask.say("help_title")', '"Freshly loaded"')
    async with Redis.from_url(settings.REDIS_URL) as redis:
        await redis.publish(RELOAD_CHANNEL, "")
    talk.service.bot.desk._limiter = _Unlimited()  # type: ignore[assignment]

    async def read_title() -> str:
        return str(embed(await talk.command("owner", "help"))["title"])

    await comes(read_title, lambda title: title == "Freshly loaded")
    assert talk.service.process.stats.identifies == identifies
    assert talk.service.process.stats.resumes == 0


class _Unlimited:
    async def wait_seconds(self, *args: object, **named: object) -> int:
        return 0

    async def check_community(self, *args: object) -> None:
        """The plan's commands are not counted either."""


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
