"""Every call is held against Discord's OpenAPI document; what does not fit is kept for the tests to see."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from ops.sandbox.discord import LocalDiscord
from ops.sandbox.discord.config import find_openapi_document

pytestmark = pytest.mark.skipif(
    find_openapi_document() is None,
    reason="Discord's OpenAPI document is not here; name it in SANDBOX_DISCORD_OPENAPI.",
)


async def _problems(local: LocalDiscord, method: str, path: str, body: Any = None) -> list[str]:
    local.violations.clear()
    headers = {"Authorization": f"Bot {local.config.bot_token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.request(method, local.api_url + path, json=body),
    ):
        pass
    local.mistakes.clear()  # an answer that repeats a wrong body is wrong as well
    return [row["problem"] for row in local.violations]


def _general(local: LocalDiscord) -> int:
    guild = next(iter(local.world.guilds.values()))
    return next(c.id for c in guild.channels.values() if c.name == "general")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"content": "fine", "allowed_mentions": {"parse": []}}, None),
        ({"content": "x", "contnet": "typo"}, "the key contnet is unknown"),
        ({"content": 5}, "body.content: is int"),
        ({"content": "x", "embeds": ["no object"]}, "body.embeds.0: is str"),
        ({"content": "x", "embeds": [{"titel": "typo"}]}, "body.embeds.0: the key titel is unknown"),
        ({"content": "x" * 4001}, "4001 characters"),
        (
            {
                "content": "x",
                "components": [{"type": 1, "components": [{"type": 2, "style": 9, "custom_id": "a"}]}],
            },
            "style",
        ),
        ({"content": "x", "message_reference": {"message_id": "abc"}}, "snowflake"),
        ({"content": "x", "nonce": "n" * 26}, "nonce"),
    ],
)
async def test_message_bodies(local: LocalDiscord, body: dict[str, Any], expected: str | None) -> None:
    problems = await _problems(local, "POST", f"/channels/{_general(local)}/messages", body)
    if expected is None:
        assert problems == []
    else:
        assert any(expected in problem for problem in problems), problems


async def test_routes_and_queries(local: LocalDiscord) -> None:
    assert await _problems(local, "GET", "/nowhere") == ["This route does not exist here."]
    path = f"/channels/{_general(local)}/messages"
    assert await _problems(local, "GET", path + "?limit=5") == []
    assert "query: limti is not a parameter of this route" in await _problems(local, "GET", path + "?limti=5")
    missing = await _problems(local, "POST", path)
    assert "body: missing" in missing


async def test_interaction_answers(local: LocalDiscord) -> None:
    path = "/interactions/5/token/callback"
    assert await _problems(local, "POST", path, {"type": 4, "data": {"content": "x", "flags": 64}}) == []
    assert await _problems(local, "POST", path, {"type": 4, "data": {"contents": "x"}})
    assert (
        await _problems(local, "POST", path, {"type": 8, "data": {"choices": [{"name": "a", "value": "b"}]}})
        == []
    )
    assert await _problems(local, "POST", path, {"type": 44, "data": {}})
