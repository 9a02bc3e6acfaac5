"""Limits with their headers: per route, per guild for roles, for the whole bot, and the ban after too many refusals."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest

from ops.sandbox.discord import Config, LocalDiscord

from .conftest import Bot


@pytest.fixture(autouse=True)
def _no_window_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a test takes."""
    standing = SimpleNamespace(monotonic=lambda: 1_000.0, time=time.time)
    monkeypatch.setattr("ops.sandbox.discord.rest.limits.time", standing)


def _session(local: LocalDiscord, token: str | None = None) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(headers={"Authorization": f"Bot {token or local.config.bot_token}"})


def _general(local: LocalDiscord) -> tuple[int, int]:
    guild = next(g for g in local.world.guilds.values() if g.name == "Pixel Pals")
    return guild.id, next(c.id for c in guild.channels.values() if c.name == "general")


async def test_a_route_is_limited_per_channel(local: LocalDiscord) -> None:
    guild, channel = _general(local)
    other = next(c.id for c in local.world.guilds[guild].channels.values() if c.name == "feedback")
    answers: list[Any] = []
    began = time.time()
    async with _session(local) as http:
        for _ in range(6):
            async with http.post(
                f"{local.api_url}/channels/{channel}/messages", json={"content": "x"}
            ) as response:
                answers.append((response.status, response.headers.copy(), await response.json()))
        async with http.post(f"{local.api_url}/channels/{other}/messages", json={"content": "x"}) as response:
            assert response.status == 200
    assert [row[0] for row in answers] == [200] * 5 + [429]
    headers = answers[0][1]
    assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("5", "4")
    assert float(headers["X-RateLimit-Reset"]) > began
    refusal, body = answers[5][1], answers[5][2]
    assert refusal["X-RateLimit-Scope"] == "user"
    assert int(refusal["Retry-After"]) >= 1
    assert "Via" in refusal
    assert 0 < body["retry_after"] <= 5
    assert body["global"] is False


async def test_roles_share_one_bucket_per_guild(local: LocalDiscord) -> None:
    guild, _ = _general(local)
    row = local.world.guilds[guild]
    regular = next(role.id for role in row.roles.values() if role.name == "Regular")
    people = [member for member in row.members if member != local.world.bot_id][:6]
    statuses = []
    async with _session(local) as http:
        for person in people:
            url = f"{local.api_url}/guilds/{guild}/members/{person}/roles/{regular}"
            for method in ("PUT", "DELETE"):
                async with http.request(method, url) as response:
                    statuses.append(response.status)
                    assert response.headers["X-RateLimit-Limit"] == "10"
    assert statuses == [204] * 10 + [429] * 2


class TestGlobal:
    @pytest.fixture
    def config(self, config: Config) -> Config:
        config.global_limit = 3
        return config

    async def test_the_global_limit_spares_interactions(self, local: LocalDiscord) -> None:
        async with _session(local) as http:
            for _ in range(3):
                async with http.get(f"{local.api_url}/users/@me") as response:
                    assert response.status == 200
            async with http.get(f"{local.api_url}/users/@me") as response:
                assert response.status == 429
                assert response.headers["X-RateLimit-Global"] == "true"
                assert (await response.json())["global"] is True
            url = f"{local.api_url}/interactions/1/x/callback"
            async with http.post(url, json={"type": 5}) as response:
                assert (await response.json())["code"] == 10062


class TestBan:
    @pytest.fixture
    def config(self, config: Config) -> Config:
        config.invalid_limit = 3
        return config

    async def test_too_many_refusals_ban_the_address(self, local: LocalDiscord) -> None:
        async with _session(local, "wrong") as http:
            for _ in range(3):
                async with http.get(f"{local.api_url}/users/@me") as response:
                    assert response.status == 401
        async with _session(local) as http, http.get(f"{local.api_url}/users/@me") as response:
            assert response.status == 429
            assert "Via" not in response.headers


async def test_discordpy_waits_out_a_429(local: LocalDiscord, bot: Bot) -> None:
    local.state.fail_rest(status=429, match="/messages", retry_after=0.2)
    channel = bot.get_channel(_general(local)[1])
    assert isinstance(channel, discord.TextChannel)
    started = time.monotonic()
    await channel.send("patient")
    assert time.monotonic() - started >= 0.2
