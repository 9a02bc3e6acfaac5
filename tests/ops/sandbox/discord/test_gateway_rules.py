"""HELLO, heartbeats, IDENTIFY and the close codes of the gateway."""

from __future__ import annotations

from typing import Any

import pytest

from ops.sandbox.discord import Config, LocalDiscord

from .raw import CONTENT, GUILDS, MEMBERS, MESSAGES, RawGateway


async def test_hello_and_heartbeat(local: LocalDiscord) -> None:
    async with RawGateway(local) as gateway:
        assert gateway.hello["d"]["heartbeat_interval"] == 20_000
        await gateway.send(1, None)
        assert (await gateway.take())["op"] == 11


@pytest.mark.parametrize("compress", ["", "zlib-stream", "zstd-stream"])
async def test_ready_and_guilds_in_every_compression(local: LocalDiscord, compress: str) -> None:
    async with RawGateway(local, compress=compress) as gateway:
        await gateway.identify()
        ready = await gateway.take_dispatch("READY")
        assert ready["s"] == 1
        assert ready["d"]["shard"] == [0, 1]
        assert ready["d"]["resume_gateway_url"] == local.gateway_url
        names = [(await gateway.take_dispatch("GUILD_CREATE"))["d"]["name"] for _ in ready["d"]["guilds"]]
        assert sorted(names) == ["Night Owls", "Pixel Pals"]


async def test_shards_split_the_guilds(local: LocalDiscord) -> None:
    seen = []
    for shard in range(2):
        async with RawGateway(local) as gateway:
            await gateway.identify(shard=[shard, 2])
            ready = await gateway.take_dispatch("READY")
            guilds = [int(guild["id"]) for guild in ready["d"]["guilds"]]
            assert all((guild >> 22) % 2 == shard for guild in guilds)
            seen += guilds
    assert sorted(seen) == sorted(local.world.guilds)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"token": "wrong"}, 4004),
        ({"shard": [3, 2]}, 4010),
        ({"shard": "0"}, 4010),
        ({"intents": 1 << 40}, 4013),
        ({"intents": None}, 4013),
    ],
)
async def test_a_wrong_identify_closes(local: LocalDiscord, change: dict[str, Any], code: int) -> None:
    async with RawGateway(local) as gateway:
        data = {"token": local.config.bot_token, "properties": {}, "intents": GUILDS, "shard": [0, 1]}
        await gateway.send(2, data | change)
        assert await gateway.take() == {"op": "close", "d": code}


@pytest.mark.parametrize(("op", "code"), [(3, 4003), (8, 4003), (99, 4001)])
async def test_wrong_opcodes_close(local: LocalDiscord, op: int, code: int) -> None:
    async with RawGateway(local) as gateway:
        await gateway.send(op, {})
        assert (await gateway.take())["d"] == code


async def test_garbage_and_too_much_close(local: LocalDiscord) -> None:
    async with RawGateway(local) as gateway:
        await gateway.socket.send_str("{not json")
        assert (await gateway.take())["d"] == 4002
    async with RawGateway(local) as gateway:
        await gateway.send(1, "x" * 5000)
        assert (await gateway.take())["d"] == 4002
    async with RawGateway(local) as gateway:
        for _ in range(121):
            await gateway.send(1, None)
        answers = [await gateway.take() for _ in range(121)]
        assert answers[-1]["d"] == 4008


async def test_identify_twice_and_an_old_version_close(local: LocalDiscord) -> None:
    async with RawGateway(local) as gateway:
        await gateway.identify()
        await gateway.take_dispatch("READY")
        await gateway.identify()
        while (answer := await gateway.take())["op"] != "close":
            pass
        assert answer["d"] == 4005
    async with RawGateway(local, version="6") as gateway:
        assert (await gateway.take())["d"] == 4012


class TestWithoutPrivilege:
    @pytest.fixture
    def config(self, config: Config) -> Config:
        config.privileged_intents = 0
        return config

    async def test_a_privileged_intent_is_disallowed(self, local: LocalDiscord) -> None:
        async with RawGateway(local) as gateway:
            await gateway.identify(intents=GUILDS | MEMBERS)
            assert (await gateway.take())["d"] == 4014


class TestBuckets:
    @pytest.fixture
    def config(self, config: Config) -> Config:
        config.identify_interval = 60.0
        config.max_concurrency = 2
        return config

    async def test_one_identify_per_bucket_and_interval(self, local: LocalDiscord) -> None:
        answers = []
        for shard in (0, 1, 2):
            async with RawGateway(local) as gateway:
                await gateway.identify(shard=[shard, 4])
                answers.append(await gateway.take())
        assert [answer.get("t") for answer in answers] == ["READY", "READY", None]
        assert (answers[2]["op"], answers[2]["d"]) == (9, False)


class TestDailyLimit:
    @pytest.fixture
    def config(self, config: Config) -> Config:
        config.session_limit = 1
        return config

    async def test_passing_the_limit_ends_everything_and_resets_the_token(self, local: LocalDiscord) -> None:
        async with RawGateway(local) as first, RawGateway(local) as second:
            await first.identify(intents=0)
            await first.take_dispatch("READY")
            await second.identify()
            assert (await first.take())["d"] == 4004
            assert (await second.take())["d"] == 4004
        assert not local.hub.token_valid
        local.hub.reset_limit()
        async with RawGateway(local) as third:
            await third.identify()
            assert (await third.take())["t"] == "READY"


async def test_a_silent_client_is_closed_and_may_resume(local: LocalDiscord) -> None:
    async with RawGateway(local) as gateway:
        await gateway.identify(intents=0)
        session = (await gateway.take_dispatch("READY"))["d"]["session_id"]
        for connection in local.hub.connections:
            connection._beat_at -= 2 * local.config.heartbeat_interval
        assert (await gateway.take())["d"] == 4009
    async with RawGateway(local) as gateway:
        await gateway.resume(session, 1)
        await gateway.take_dispatch("RESUMED")


async def test_content_is_stripped_without_the_intent(local: LocalDiscord) -> None:
    bot_id = local.world.bot_id
    async with RawGateway(local) as gateway:
        await gateway.identify(intents=GUILDS | MESSAGES)
        await gateway.take_dispatch("READY")
        local.state.post_message("Pixel Pals", "general", "milo", "secret", embeds=[{"title": "x"}])
        local.state.post_message("Pixel Pals", "general", "milo", f"<@{bot_id}> open")
        stripped = (await gateway.take_dispatch("MESSAGE_CREATE"))["d"]
        assert (stripped["content"], stripped["embeds"]) == ("", [])
        assert "open" in (await gateway.take_dispatch("MESSAGE_CREATE"))["d"]["content"]


async def test_dispatches_need_their_intent_and_a_visible_channel(local: LocalDiscord) -> None:
    async with RawGateway(local) as gateway:
        await gateway.identify(intents=MESSAGES | CONTENT)
        assert (await gateway.take())["t"] == "READY"
        local.state.join_voice("Pixel Pals", "milo", "Lounge")
        local.state.post_message("Pixel Pals", "mod-room", "milo", "the bot must not hear this")
        local.state.post_message("Pixel Pals", "general", "milo", "this it hears")
        following = await gateway.take()
        assert (following["t"], following["d"]["content"]) == ("MESSAGE_CREATE", "this it hears")


async def test_members_are_asked_for(local: LocalDiscord) -> None:
    guild = next(g for g in local.world.guilds.values() if g.name == "Pixel Pals")
    async with RawGateway(local) as gateway:
        await gateway.identify(intents=GUILDS | MEMBERS)
        created = await gateway.take_dispatch("GUILD_CREATE")
        assert len(created["d"]["members"]) == 1, "without presences only the bot itself is listed"
        await gateway.send(8, {"guild_id": str(guild.id), "query": "", "limit": 0, "nonce": "n1"})
        chunk = (await gateway.take_dispatch("GUILD_MEMBERS_CHUNK"))["d"]
        assert (len(chunk["members"]), chunk["nonce"]) == (len(guild.members), "n1")
        await gateway.send(8, {"guild_id": str(guild.id), "user_ids": ["1"], "limit": 0})
        assert (await gateway.take_dispatch("GUILD_MEMBERS_CHUNK"))["d"]["not_found"] == ["1"]
