"""The OAuth2 code grant, as far as adding the bot needs it: Discord's page, the code's exchange, whose grant it is, revoking.

Invariants: the guild is what the token's answer names; a token is kept nowhere and is thrown away when the request ends.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import orjson
import urllib3
from django.conf import settings

from tenants.oauth_states import Journey

from .errors import DiscordUnavailableError, InstallRefusedError
from .rights import ASKED_FOR

logger = logging.getLogger(__name__)
SCOPES = "bot applications.commands identify"
CALLBACK_PATH = "/oauth/discord/callback"  # the one that is registered


@dataclass(frozen=True, slots=True)
class Grant:
    """What Discord gave for a code. `guild` is Discord's object of the guild that the bot was added to."""

    access_token: str
    guild: dict[str, Any]
    user_id: int


def get_callback_address() -> str:
    return f"{settings.BASE_URL}{CALLBACK_PATH}"


def get_install_address(journey: Journey, *, guild_id: int | None = None) -> str:
    """Discord's page that adds the bot. `guild_id` is chosen there beforehand, as a help; nothing relies on it."""
    query = {
        "client_id": settings.DISCORD_CLIENT_ID,
        "response_type": "code",
        "redirect_uri": get_callback_address(),
        "scope": SCOPES,
        "permissions": ASKED_FOR,
        "integration_type": 0,
        "state": journey.state,
        "code_challenge": journey.challenge,
        "code_challenge_method": "S256",
    }
    if guild_id is not None:
        query["guild_id"] = guild_id
    return f"{settings.DISCORD_WEB_URL}/oauth2/authorize?{urlencode(query)}"


class OAuthClient:
    """Calls in the application's name. One a process, made by `get_oauth_client`."""

    def __init__(self, *, base_url: str, client_id: str, client_secret: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._credentials = {"client_id": client_id, "client_secret": client_secret}
        self._pool = urllib3.PoolManager(
            maxsize=8,
            retries=False,
            timeout=urllib3.Timeout(connect=4, read=8),
            headers={"User-Agent": "DiscordBot (https://github.com/engagehub/engagehub, 1)"},
        )

    def redeem_code(self, *, code: str, verifier: str) -> Grant:
        """Exchange an install's code, once. Raises InstallRefusedError and DiscordUnavailableError."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": get_callback_address(),
            "code_verifier": verifier,
        }
        status, told = self._post("/oauth2/token", form)
        if status != 200:
            raise self._explain(status, told)
        token = str(told.get("access_token", ""))
        guild = told.get("guild")
        if not isinstance(guild, dict) or not guild.get("id"):
            self.revoke(token)
            raise InstallRefusedError(
                "Discord added the bot to no server, so there is nothing to link. Start again and choose a server on "
                "Discord's page."
            )
        try:
            return Grant(token, guild, self._read_user_id(token))
        except DiscordUnavailableError:
            self.revoke(token)
            raise

    def revoke(self, access_token: str) -> bool:
        """Give the grant back. Says whether Discord took it; an unreachable Discord forgets it within a week by itself."""
        try:
            status, _ = self._post("/oauth2/token/revoke", {"token": access_token})
        except DiscordUnavailableError:
            status = 0
        if status != 200:
            logger.warning("A grant could not be revoked (answer %s); it expires by itself.", status)
        return status == 200

    def _read_user_id(self, access_token: str) -> int:
        try:
            answer = self._pool.request(
                "GET",
                f"{self._base_url}/users/@me",
                headers={**self._pool.headers, "Authorization": f"Bearer {access_token}"},
            )
            return int(orjson.loads(answer.data)["id"])
        except (urllib3.exceptions.HTTPError, ValueError, KeyError, TypeError) as error:
            logger.warning("Discord did not say whose grant it gave: %s", error)
            raise DiscordUnavailableError from error

    def _post(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        try:
            answer = self._pool.request(
                "POST",
                self._base_url + path,
                body=urlencode(form | self._credentials),
                headers={**self._pool.headers, "Content-Type": "application/x-www-form-urlencoded"},
            )
        except urllib3.exceptions.HTTPError as error:
            logger.warning("Discord's %s gave no answer: %s", path, error)
            raise DiscordUnavailableError from error
        if answer.status >= 500 or answer.status == 429:
            logger.warning("Discord's %s answered %s", path, answer.status)
            raise DiscordUnavailableError
        try:
            told = orjson.loads(answer.data)
        except orjson.JSONDecodeError:
            told = {}
        return answer.status, told if isinstance(told, dict) else {}

    @staticmethod
    def _explain(status: int, told: dict[str, Any]) -> InstallRefusedError:
        error = str(told.get("error", ""))
        if error == "invalid_grant":
            return InstallRefusedError(
                "Discord no longer takes this answer: it was used already, or is older than ten minutes. Add the bot again."
            )
        # Our own credentials or address: nothing that the person can mend.
        logger.error("Discord refused our token request with %s (%s)", status, error)
        return InstallRefusedError(
            "Discord does not accept this installation of EngageHub. It has been written down for our staff; nothing was "
            "linked."
        )


def get_oauth_client() -> OAuthClient:
    """This process's client for the application that the settings name. Raises InstallRefusedError where none is set."""
    if not settings.DISCORD_CLIENT_ID or not settings.DISCORD_CLIENT_SECRET:
        logger.error(
            "DISCORD_CLIENT_ID or DISCORD_CLIENT_SECRET is not set; the bot cannot be added from the web."
        )
        raise InstallRefusedError(
            "Adding the bot is not set up on this installation of EngageHub. Ask its operator to set DISCORD_CLIENT_ID and "
            "DISCORD_CLIENT_SECRET."
        )
    return _make_client(
        settings.DISCORD_API_URL, str(settings.DISCORD_CLIENT_ID), settings.DISCORD_CLIENT_SECRET
    )


@lru_cache(maxsize=4)
def _make_client(base_url: str, client_id: str, client_secret: str) -> OAuthClient:
    return OAuthClient(base_url=base_url, client_id=client_id, client_secret=client_secret)
