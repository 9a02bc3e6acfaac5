"""What bot_shard/gateway.py relies on inside discord.py, and the promise that it has not changed.

If a test here fails after an upgrade: read the named function's change, adapt bot_shard/gateway.py where it matters,
then renew the digest (the message prints the new one).
"""

from __future__ import annotations

import hashlib
import inspect
from typing import Any

import discord
import pytest
from discord import gateway, http, shard, state, utils
from discord.ext import commands

from bot_shard.gateway import GatewayClient, ShardSocket, base_intents, compression, role_ids_of

RELIED_ON: dict[str, tuple[Any, str]] = {
    "DiscordWebSocket.__init__": (gateway.DiscordWebSocket.__init__, "c0f0c012f971b449"),
    "DiscordWebSocket.from_client": (gateway.DiscordWebSocket.from_client.__func__, "25ac637bdad3134c"),
    "DiscordWebSocket.identify": (gateway.DiscordWebSocket.identify, "b7aa0609de135393"),
    "DiscordWebSocket.resume": (gateway.DiscordWebSocket.resume, "2cfb05e643447f77"),
    "DiscordWebSocket.received_message": (gateway.DiscordWebSocket.received_message, "62c9f5ec6596dfef"),
    "DiscordWebSocket.poll_event": (gateway.DiscordWebSocket.poll_event, "f0b053464dec87ea"),
    "DiscordWebSocket.close": (gateway.DiscordWebSocket.close, "faca96f43534ee4e"),
    "KeepAliveHandler": (gateway.KeepAliveHandler, "773dad0c7b3b6fc2"),
    "ZstdContext": (utils._ActiveDecompressionContext, "07f9a19d2a20791a"),
    "AutoShardedClient.__init__": (shard.AutoShardedClient.__init__, "fc99144a403c1796"),
    "AutoShardedClient.connect": (shard.AutoShardedClient.connect, "52280e53c2e9c9f2"),
    "AutoShardedClient.close": (shard.AutoShardedClient.close, "463ccdae1c508907"),
    "AutoShardedClient._get_websocket": (shard.AutoShardedClient._get_websocket, "4cba86bd09897eba"),
    "Client.login": (discord.Client.login, "4a1e0bf3c589d9b5"),
    "Client._async_setup_hook": (discord.Client._async_setup_hook, "0b392347a5b74a98"),
    "BotBase.close": (commands.bot.BotBase.close, "3067dc374c62424a"),
    "ConnectionState.__init__": (state.ConnectionState.__init__, "b1227e859a2ea4ed"),
    "ConnectionState.parse_interaction_create": (
        state.ConnectionState.parse_interaction_create,
        "acb40a14fd0182c9",
    ),
    "HTTPClient.static_login": (http.HTTPClient.static_login, "44c522c43913f3f0"),
    "HTTPClient.close": (http.HTTPClient.close, "9b81431589602773"),
    "HTTPClient.ws_connect": (http.HTTPClient.ws_connect, "f4c1be5e34c34265"),
    "HTTPClient.get_bot_gateway": (http.HTTPClient.get_bot_gateway, "003c60a1be2e04aa"),
    "Route.__init__": (http.Route.__init__, "66a5a4ca6e0e2984"),
}


def digest(thing: Any) -> str:
    return hashlib.sha256(inspect.getsource(thing).encode()).hexdigest()[:16]


def test_the_version_is_the_one_that_was_read() -> None:
    assert discord.__version__ == "2.7.1"


@pytest.mark.parametrize("name", RELIED_ON)
def test_what_we_rely_on_is_unchanged(name: str) -> None:
    thing, expected = RELIED_ON[name]
    assert digest(thing) == expected, (
        f"{name} has changed: read it, then set its digest to {digest(thing)!r}."
    )


def test_every_override_still_overrides_something() -> None:
    for name in ("connect", "close", "before_identify_hook", "_get_websocket"):
        assert name in vars(GatewayClient)
        assert hasattr(commands.AutoShardedBot, name)
    assert "pump" not in dir(gateway.DiscordWebSocket), "discord.py now has a pump of its own"
    assert issubclass(ShardSocket, gateway.DiscordWebSocket)


def test_a_member_still_keeps_its_role_ids_aside() -> None:
    assert "_roles" in discord.Member.__slots__


def test_the_gateway_is_asked_for_zstd() -> None:
    assert compression() == "zstd-stream"


def test_no_privileged_intent_is_asked_for_by_default() -> None:
    intents = base_intents()
    assert not intents.members
    assert not intents.message_content
    assert not intents.presences


def test_a_member_keeps_the_role_ids_of_its_payload() -> None:
    assert "_roles" in discord.Member.__slots__
    member = object.__new__(discord.Member)
    member._roles = utils.SnowflakeList([30, 10])
    assert sorted(role_ids_of(member)) == [10, 30]
    assert role_ids_of(object.__new__(discord.User)) == ()
