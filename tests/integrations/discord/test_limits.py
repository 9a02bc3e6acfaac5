"""Pauses and the breaker: shared through Redis, kept by each process while that is away."""

from __future__ import annotations

from typing import Any

import pytest
from redis import ConnectionError as RedisGoneError
from redis import Redis

from integrations.discord import limits as limits_module
from integrations.discord.errors import DiscordAwayError, DiscordRefusedError
from integrations.discord.limits import MOST_INVALID, Patience
from saas.events.retries import RetryLaterError
from tests.integrations.discord.scene import Scene


@pytest.fixture
def no_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> Redis:
        raise RedisGoneError("away")

    monkeypatch.setattr(limits_module, "cache_redis", gone)


def test_a_pause_holds_for_its_bucket_in_every_process(redis_cache: Redis) -> None:
    here, there, other_bot = Patience("bot"), Patience("bot"), Patience("another")
    here.pause(5, bucket="roles:1")
    assert 4.9 < there.seconds_left("roles:1") <= 5
    assert there.seconds_left("roles:2") == 0
    assert other_bot.seconds_left("roles:1") == 0


def test_a_global_pause_holds_for_everything(redis_cache: Redis) -> None:
    Patience("bot").pause(5)
    assert Patience("bot").seconds_left("whatever") > 4.9


def test_headers_are_heeded(redis_cache: Redis) -> None:
    patience = Patience("bot")
    patience.heed({"X-RateLimit-Remaining": "1", "X-RateLimit-Reset-After": "9"}, bucket="a")
    patience.heed({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "nonsense"}, bucket="a")
    patience.heed({}, bucket="a")
    assert patience.seconds_left("a") == 0
    patience.heed({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "3.5"}, bucket="a")
    assert 3.4 < patience.seconds_left("a") <= 3.5


def test_without_redis_each_process_keeps_its_own(no_redis: None) -> None:
    patience = Patience("bot")
    patience.pause(5, bucket="a")
    assert patience.seconds_left("a") > 4.9
    assert Patience("bot").seconds_left("a") == 0


@pytest.mark.parametrize("away", [False, True])
def test_long_before_the_ban_everything_stops(
    redis_cache: Redis, away: bool, request: pytest.FixtureRequest
) -> None:
    if away:
        request.getfixturevalue("no_redis")
    patience = Patience("bot")
    for _ in range(MOST_INVALID - 1):
        patience.count_invalid()
    assert patience.seconds_left("anything") == 0
    patience.count_invalid()
    assert patience.seconds_left("anything") > 50


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 500}, DiscordAwayError),
        ({"status": 502}, DiscordAwayError),
        ({"status": -1}, DiscordAwayError),
        ({"status": 429, "retry_after": 9}, RetryLaterError),
        ({"status": 403}, DiscordRefusedError),
        ({"status": 404}, DiscordRefusedError),
        ({"status": 400}, DiscordRefusedError),
    ],
)
def test_an_answer_says_what_the_job_is_to_do(
    scene: Scene, fault: dict[str, Any], error: type[Exception]
) -> None:
    scene.state.fail_rest(match="/guilds", **fault)
    with pytest.raises(error):
        scene.client.get_guild(scene.guild.id)


def test_a_global_limit_stops_every_route(scene: Scene) -> None:
    scene.state.fail_rest(status=429, match="/guilds", retry_after=900, is_global=True)
    with pytest.raises(RetryLaterError):
        scene.client.get_guild(scene.guild.id)
    with pytest.raises(RetryLaterError):
        scene.client.post_message(scene.channel.id, {"content": "x"}, nonce="1")
    assert scene.messages() == []


def test_a_short_pause_is_slept_through(scene: Scene) -> None:
    scene.state.fail_rest(status=429, match="/guilds", retry_after=0.2)
    with pytest.raises(RetryLaterError):
        scene.client.get_guild(scene.guild.id)
    assert scene.client.get_guild(scene.guild.id)["id"] == str(scene.guild.id)
