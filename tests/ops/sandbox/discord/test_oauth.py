"""OAuth2: exact addresses, PKCE, codes used once, scopes, and a bot that joins the guild its manager picked."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from ops.sandbox.discord import Config, LocalDiscord

BACK = "https://app.localhost/callback/"
VERIFIER = "a" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def config(config: Config) -> Config:
    config.redirect_uris = [BACK]
    return config


def _query(local: LocalDiscord, **change: str) -> dict[str, str]:
    query = {
        "client_id": str(local.config.client_id),
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": "identify email guilds",
        "state": "s1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return {key: value for key, value in (query | change).items() if value}


def _user(local: LocalDiscord, name: str) -> str:
    return str(next(user.id for user in local.world.users.values() if user.username == name))


async def _decide(http: aiohttp.ClientSession, local: LocalDiscord, form: dict[str, str]) -> Any:
    async with http.post(f"{local.web_url}/oauth2/authorize", data=form, allow_redirects=False) as response:
        if response.status != 302:
            return response.status, await response.text()
        answer = parse_qs(urlsplit(response.headers["Location"]).query)
        return response.status, {key: value[0] for key, value in answer.items()}


async def _token(http: aiohttp.ClientSession, local: LocalDiscord, **form: str) -> tuple[int, dict[str, Any]]:
    data = {
        "client_id": str(local.config.client_id),
        "client_secret": local.config.client_secret,
        "grant_type": "authorization_code",
        "redirect_uri": BACK,
    } | form
    async with http.post(f"{local.web_url}/api/oauth2/token", data=data) as response:
        return response.status, await response.json()


async def test_the_whole_way(local: LocalDiscord) -> None:
    async with aiohttp.ClientSession() as http:
        page = f"{local.web_url}/oauth2/authorize"
        async with http.get(page, params=_query(local)) as response:
            text = await response.text()
            assert "Who are you?" in text
            assert "Ada Wren" in text
        async with http.get(page, params=_query(local) | {"as": _user(local, "milo")}) as response:
            assert re.search(r"See your email address", await response.text())
        form = _query(local) | {"user": _user(local, "milo"), "answer": "authorize"}
        status, answer = await _decide(http, local, form)
        assert (status, answer["state"]) == (302, "s1")
        refused, error = await _token(http, local, code=answer["code"], code_verifier="wrong")
        assert (refused, error["error"]) == (400, "invalid_grant")
        _, answer = await _decide(http, local, form)
        status, token = await _token(http, local, code=answer["code"], code_verifier=VERIFIER)
        assert (status, token["token_type"]) == (200, "Bearer")
        again, _ = await _token(http, local, code=answer["code"], code_verifier=VERIFIER)
        assert again == 400, "a code is good once"
        bearer = {"Authorization": f"Bearer {token['access_token']}"}
        async with http.get(f"{local.api_url}/users/@me", headers=bearer) as response:
            me = await response.json()
            assert (me["username"], me["email"], me["verified"]) == ("milo", "milo@example.com", True)
        async with http.get(f"{local.api_url}/users/@me/guilds", headers=bearer) as response:
            guilds = await response.json()
            assert [guild["name"] for guild in guilds] == ["Pixel Pals"]
            assert int(guilds[0]["permissions"]) & 1 << 5, "a moderator of the seed holds Manage Server"
        status, fresh = await _token(
            http, local, grant_type="refresh_token", refresh_token=token["refresh_token"]
        )
        assert status == 200
        async with http.get(f"{local.api_url}/users/@me", headers=bearer) as response:
            assert response.status == 401, "refreshing ends the old token"
        bearer = {"Authorization": f"Bearer {fresh['access_token']}"}
        async with http.get(f"{local.api_url}/oauth2/@me", headers=bearer) as response:
            assert (await response.json())["user"]["username"] == "milo"
    assert not local.violations


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"redirect_uri": BACK.rstrip("/")}, "redirect_uri"),
        ({"redirect_uri": BACK + "?x=1"}, "redirect_uri"),
        ({"client_id": "5"}, "Unknown Application"),
        ({"scope": "identify everything"}, "everything"),
        ({"response_type": "token"}, "response_type"),
    ],
)
async def test_a_wrong_request_never_redirects(
    local: LocalDiscord, change: dict[str, str], message: str
) -> None:
    async with aiohttp.ClientSession() as http:
        async with http.get(
            f"{local.web_url}/oauth2/authorize", params=_query(local, **change), allow_redirects=False
        ) as response:
            assert response.status == 400
            assert message in await response.text()
        status, _ = await _decide(
            http, local, _query(local, **change) | {"user": _user(local, "milo"), "answer": "authorize"}
        )
        assert status == 400


async def test_a_refusal_goes_back(local: LocalDiscord) -> None:
    async with aiohttp.ClientSession() as http:
        _, answer = await _decide(
            http, local, _query(local) | {"user": _user(local, "milo"), "answer": "cancel"}
        )
        assert (answer["error"], answer["state"]) == ("access_denied", "s1")


async def test_installing_the_bot_adds_it_to_the_guild(local: LocalDiscord) -> None:
    guild = local.state.create_guild("New place", "ada.wren", with_bot=False)
    query = _query(local, scope="identify bot applications.commands") | {"permissions": str(1 << 28)}
    async with aiohttp.ClientSession() as http:
        form = query | {"answer": "authorize", "guild_id": str(guild.id)}
        status, _ = await _decide(http, local, form | {"user": _user(local, "milo")})
        assert status == 400, "only who manages the guild may add a bot"
        _, answer = await _decide(http, local, form | {"user": _user(local, "ada.wren")})
        assert answer["guild_id"] == str(guild.id)
        _, token = await _token(http, local, code=answer["code"], code_verifier=VERIFIER)
        assert token["guild"]["id"] == str(guild.id)
    assert local.world.bot_id in guild.members
    role = next(role for role in guild.roles.values() if role.managed)
    assert role.permissions == 1 << 28


async def test_wrong_credentials_and_scopes(local: LocalDiscord) -> None:
    async with aiohttp.ClientSession() as http:
        status, error = await _token(http, local, client_secret="wrong", code="x")
        assert (status, error["error"]) == (401, "invalid_client")
        _, answer = await _decide(
            http, local, _query(local, scope="guilds") | {"user": _user(local, "milo"), "answer": "authorize"}
        )
        _, token = await _token(http, local, code=answer["code"], code_verifier=VERIFIER)
        bearer = {"Authorization": f"Bearer {token['access_token']}"}
        async with http.get(f"{local.api_url}/users/@me", headers=bearer) as response:
            assert response.status == 403


async def test_revoking_ends_every_token_of_that_person(local: LocalDiscord) -> None:
    async with aiohttp.ClientSession() as http:
        tokens = []
        for _ in range(2):
            form = _query(local) | {"user": _user(local, "milo"), "answer": "authorize"}
            _, answer = await _decide(http, local, form)
            tokens.append((await _token(http, local, code=answer["code"], code_verifier=VERIFIER))[1])
        data = {
            "client_id": str(local.config.client_id),
            "client_secret": local.config.client_secret,
            "token": tokens[0]["access_token"],
        }
        async with http.post(f"{local.api_url}/oauth2/token/revoke", data=data) as response:
            assert response.status == 200
        for token in tokens:
            bearer = {"Authorization": f"Bearer {token['access_token']}"}
            async with http.get(f"{local.api_url}/users/@me", headers=bearer) as response:
                assert response.status == 401
