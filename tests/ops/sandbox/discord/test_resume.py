"""Sessions outlive their sockets: RESUME replays what was missed, interactions too, until the session expires."""

from __future__ import annotations

import asyncio

import pytest

from ops.sandbox.discord import Config, LocalDiscord
from ops.sandbox.discord.state.entities import Command

from .conftest import Bot, until
from .raw import RawGateway


async def _session(local: LocalDiscord) -> tuple[str, int]:
    """A session that read its guilds and lost its socket."""
    async with RawGateway(local) as gateway:
        await gateway.identify()
        ready = await gateway.take_dispatch("READY")
        sequence = 1
        for _ in ready["d"]["guilds"]:
            sequence = (await gateway.take_dispatch("GUILD_CREATE"))["s"]
    return ready["d"]["session_id"], sequence


async def test_what_was_missed_is_replayed_in_order(local: LocalDiscord) -> None:
    session, sequence = await _session(local)
    for number in range(600):
        local.state.post_message("Pixel Pals", "general", "milo", f"missed {number}")
    async with RawGateway(local) as gateway:
        await gateway.resume(session, sequence)
        replayed = [await gateway.take() for _ in range(600)]
        assert [row["d"]["content"] for row in replayed] == [f"missed {number}" for number in range(600)]
        assert [row["s"] for row in replayed] == list(range(sequence + 1, sequence + 601))
        assert (await gateway.take())["t"] == "RESUMED"
        local.state.post_message("Pixel Pals", "general", "milo", "live again")
        assert (await gateway.take_dispatch("MESSAGE_CREATE"))["d"]["content"] == "live again"


async def test_interactions_are_replayed(local: LocalDiscord) -> None:
    session, sequence = await _session(local)
    command = Command(5, None, 1, {"name": "ping", "description": "p", "type": 1})
    local.world.commands[command.id] = command
    await local.state.run_command("Pixel Pals", "general", "milo", "ping", wait=False)
    async with RawGateway(local) as gateway:
        await gateway.resume(session, sequence)
        assert (await gateway.take_dispatch("INTERACTION_CREATE"))["d"]["data"]["name"] == "ping"


async def test_an_unknown_or_ended_session_is_op_9(local: LocalDiscord) -> None:
    session, sequence = await _session(local)
    local.state.expire_sessions()
    async with RawGateway(local) as gateway:
        await gateway.resume(session, sequence)
        answer = await gateway.take()
        assert (answer["op"], answer["d"]) == (9, False)
        await gateway.identify()
        await gateway.take_dispatch("READY")
        await gateway.socket.close(code=1000)
    await asyncio.sleep(0.05)
    assert not local.hub.sessions, "a close with 1000 ends the session"


async def test_a_sequence_from_the_future_closes(local: LocalDiscord) -> None:
    session, sequence = await _session(local)
    async with RawGateway(local) as gateway:
        await gateway.resume(session, sequence + 50)
        assert (await gateway.take())["d"] == 4007


class TestExpiry:
    @pytest.fixture
    def config(self, config: Config) -> Config:
        config.resume_window = 0.05
        return config

    async def test_a_session_expires(self, local: LocalDiscord) -> None:
        session, sequence = await _session(local)
        await asyncio.sleep(0.2)
        async with RawGateway(local) as gateway:
            await gateway.resume(session, sequence)
            assert (await gateway.take())["op"] == 9


class TestSmallBuffer:
    @pytest.fixture
    def config(self, config: Config) -> Config:
        config.replay_limit = 20
        return config

    async def test_what_is_no_longer_kept_cannot_be_resumed(self, local: LocalDiscord) -> None:
        session, sequence = await _session(local)
        for number in range(40):
            local.state.post_message("Pixel Pals", "general", "milo", str(number))
        async with RawGateway(local) as gateway:
            await gateway.resume(session, sequence)
            assert (await gateway.take())["op"] == 9


@pytest.mark.parametrize("how", ["drop", "reconnect", "resumable"])
async def test_discordpy_resumes_and_misses_nothing(local: LocalDiscord, bot: Bot, how: str) -> None:
    if how == "drop":
        local.state.drop()
    elif how == "reconnect":
        local.state.reconnect()
    else:
        local.state.invalidate(resumable=True)
    local.state.post_message("Pixel Pals", "general", "milo", "while away")
    await until(lambda: "while away" in bot.texts())
    assert local.hub.resumes == 1
    assert bot.texts().count("while away") == 1


async def test_discordpy_identifies_again_after_op_9(local: LocalDiscord, bot: Bot) -> None:
    local.state.invalidate(resumable=False)
    await until(lambda: local.hub.identifies == 2)
    await until(lambda: bot.count("READY") == 2)
