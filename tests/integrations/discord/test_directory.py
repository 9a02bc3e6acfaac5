"""Channels and roles by name: as Discord has them, kept for a while, shown as old while Discord is away."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from redis import Redis

from integrations.discord.directory import forget_directory, get_directory
from saas.core import clock
from tests.integrations.discord.scene import Scene


def test_it_names_channels_and_roles(scene: Scene) -> None:
    role = scene.state.create_role(scene.guild, "Gold")

    found = get_directory(scene.context, client=scene.client)

    assert found.is_linked
    assert not found.is_away
    assert found.name_of(str(scene.channel.id)) == f"#{scene.channel.name}"
    assert found.name_of(str(role.id)) == "@Gold"
    assert str(scene.guild.id) not in {line.id for line in found.roles}
    assert found.name_of("123") == "123"
    assert found.missing(["123", str(role.id)]) == ["123"]


def test_it_is_asked_once_a_minute(scene: Scene) -> None:
    get_directory(scene.context, client=scene.client)
    calls = scene.calls("GET")
    scene.state.create_role(scene.guild, "Later")

    again = get_directory(scene.context, client=scene.client)
    assert scene.calls("GET") == calls
    assert "@Later" not in again.names.values()

    with clock.frozen_at(clock.now() + timedelta(seconds=61)):
        assert "@Later" in get_directory(scene.context, client=scene.client).names.values()


def test_what_was_just_changed_is_seen_at_once(scene: Scene) -> None:
    get_directory(scene.context, client=scene.client)
    scene.state.create_role(scene.guild, "Fresh")
    forget_directory(scene.context)
    assert "@Fresh" in get_directory(scene.context, client=scene.client).names.values()


def test_while_discord_is_away_the_last_picture_is_shown_and_nobody_waits_twice(scene: Scene) -> None:
    get_directory(scene.context, client=scene.client)
    later = clock.now() + timedelta(minutes=5)
    scene.state.fail_rest(status=500, match="/guilds/", method="GET", count=1)

    with clock.frozen_at(later):
        found = get_directory(scene.context, client=scene.client)
        calls = scene.calls("GET")
        again = get_directory(scene.context, client=scene.client)

    assert found.is_away
    assert again.is_away
    assert scene.calls("GET") == calls
    assert found.name_of(str(scene.channel.id)) == f"#{scene.channel.name}"
    with clock.frozen_at(later + timedelta(seconds=31)):
        assert not get_directory(scene.context, client=scene.client).is_away


def test_a_guild_that_was_never_seen_is_empty_not_an_error(scene: Scene) -> None:
    strange = replace(scene.context, guild_id=900_000_000_000_000_777)
    found = get_directory(strange, client=scene.client)
    assert (found.is_linked, found.is_away, found.channels, found.seen_at) == (True, True, (), None)


def test_without_a_guild_or_a_token_there_is_nothing(scene: Scene, settings: pytest.FixtureRequest) -> None:
    assert not get_directory(replace(scene.context, guild_id=None)).is_linked
    settings.DISCORD_BOT_TOKEN = ""  # type: ignore[attr-defined]
    assert get_directory(scene.context).is_away


def test_two_communities_do_not_share_a_picture(scene: Scene, redis_cache: Redis) -> None:
    get_directory(scene.context, client=scene.client)
    other = replace(scene.context, schema="t_01aaaaaaaaaaaaaaaaaaaaaaaa")
    calls = scene.calls("GET")
    get_directory(other, client=scene.client)
    assert scene.calls("GET") > calls


def test_what_the_bot_cannot_give_says_why(scene: Scene) -> None:
    role = scene.state.create_role(scene.guild, "Above")
    found = get_directory(scene.context, client=scene.client)
    line = next(line for line in found.roles if line.id == str(role.id))
    assert found.may_manage_roles == ("lacks Manage Roles" not in line.problem)
