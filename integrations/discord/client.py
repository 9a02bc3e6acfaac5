"""Discord's REST API, as much of it as the jobs need: synchronous, thread-safe, heedful of every limit.

Invariant: nothing is retried in here. An answer is returned, or raised as what the job is to do: RetryLaterError (a limit),
DiscordAwayError (5xx, no answer), DiscordRefusedError (4xx: never again unchanged).
"""

from __future__ import annotations

import hashlib
import logging
import time
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import orjson
import urllib3
from django.conf import settings

from saas.events.retries import RetryLaterError

from .errors import BotTokenMissingError, DiscordAwayError, DiscordRefusedError
from .limits import Patience

logger = logging.getLogger(__name__)
# Shorter pauses are slept through in the job; for longer ones the job goes back to the queue.
MOST_SECONDS_ASLEEP = 2.0


class DiscordClient:
    """One bot's calls. Made once a process by `get_client`."""

    def __init__(self, *, base_url: str, token: str, patience: Patience) -> None:
        self._base_url = base_url.rstrip("/")
        self._patience = patience
        self._own_id: int | None = None
        self._pool = urllib3.PoolManager(
            maxsize=16,
            retries=False,
            timeout=urllib3.Timeout(connect=5, read=15),
            headers={
                "Authorization": f"Bot {token}",
                "User-Agent": "DiscordBot (https://github.com/engagehub/engagehub, 1)",
                "Content-Type": "application/json",
            },
        )

    def get_own_id(self) -> int:
        if self._own_id is None:
            self._own_id = int(self._call("GET", "/users/@me", bucket="me")["id"])
        return self._own_id

    def get_member(self, guild_id: int, user_id: int) -> dict[str, Any]:
        return self._call("GET", f"/guilds/{guild_id}/members/{user_id}", bucket=f"member:{guild_id}")  # type: ignore[no-any-return]

    def list_members(self, guild_id: int, *, after: int = 0, limit: int = 1_000) -> list[dict[str, Any]]:
        """The guild's members with ids above `after`, by id. Needs the privileged intent of members."""
        path = f"/guilds/{guild_id}/members?limit={limit}&after={after}"
        return self._call("GET", path, bucket=f"members:{guild_id}")  # type: ignore[no-any-return]

    def get_user(self, user_id: int) -> dict[str, Any]:
        """Somebody who need not be in any guild of ours."""
        return self._call("GET", f"/users/{user_id}", bucket="users")  # type: ignore[no-any-return]

    def get_guild(self, guild_id: int) -> dict[str, Any]:
        """The guild with its roles."""
        return self._call("GET", f"/guilds/{guild_id}", bucket=f"guild:{guild_id}")  # type: ignore[no-any-return]

    def list_channels(self, guild_id: int) -> list[dict[str, Any]]:
        """The guild's channels with their permission overwrites; no threads."""
        return self._call("GET", f"/guilds/{guild_id}/channels", bucket=f"channels:{guild_id}")  # type: ignore[no-any-return]

    def get_application(self) -> dict[str, Any]:
        return self._call("GET", "/applications/@me", bucket="application")  # type: ignore[no-any-return]

    def list_commands(self, application_id: int, *, guild_id: int | None = None) -> list[dict[str, Any]]:
        """Those of every guild, or those of one guild alone."""
        where = "" if guild_id is None else f"/guilds/{guild_id}"
        path = f"/applications/{application_id}{where}/commands"
        return self._call("GET", path, bucket=f"commands:{guild_id}")  # type: ignore[no-any-return]

    def list_own_guilds(self) -> set[int]:
        """Every guild that the bot is in, a page of 200 at a time."""
        found: set[int] = set()
        after = 0
        while True:
            page = self._call("GET", f"/users/@me/guilds?limit=200&after={after}", bucket="guilds")
            found.update(int(guild["id"]) for guild in page)
            if len(page) < 200:
                return found
            after = max(int(guild["id"]) for guild in page)

    def create_role(self, guild_id: int, name: str, *, reason: str) -> int:
        """A new role at the bottom, with no permissions of its own. Its id."""
        body = {"name": name, "permissions": "0", "hoist": False, "mentionable": False}
        made = self._call(
            "POST", f"/guilds/{guild_id}/roles", bucket=f"guild-roles:{guild_id}", body=body, reason=reason
        )
        return int(made["id"])

    def leave_guild(self, guild_id: int) -> None:
        self._call("DELETE", f"/users/@me/guilds/{guild_id}", bucket="leave")

    def add_role(self, guild_id: int, user_id: int, role_id: int, *, reason: str) -> None:
        self._change_role("PUT", guild_id, user_id, role_id, reason)

    def remove_role(self, guild_id: int, user_id: int, role_id: int, *, reason: str) -> None:
        self._change_role("DELETE", guild_id, user_id, role_id, reason)

    def open_dm(self, user_id: int) -> int:
        """The channel of direct messages with a person. It exists also when they take none."""
        body = {"recipient_id": str(user_id)}
        return int(self._call("POST", "/users/@me/channels", bucket="dm", body=body)["id"])

    def post_message(self, channel_id: int, body: dict[str, Any], *, nonce: str) -> int:
        """Send; within a few minutes the same nonce sends nothing and gives the earlier message's id. Pings nobody."""
        message = {**body, "nonce": nonce, "enforce_nonce": True, "allowed_mentions": {"parse": []}}
        answer = self._call(
            "POST", f"/channels/{channel_id}/messages", bucket=f"messages:{channel_id}", body=message
        )
        return int(answer["id"])

    def edit_message(self, channel_id: int, message_id: int, body: dict[str, Any]) -> None:
        path = f"/channels/{channel_id}/messages/{message_id}"
        self._call(
            "PATCH", path, bucket=f"edits:{channel_id}", body={**body, "allowed_mentions": {"parse": []}}
        )

    def _change_role(self, method: str, guild_id: int, user_id: int, role_id: int, reason: str) -> None:
        path = f"/guilds/{guild_id}/members/{user_id}/roles/{role_id}"
        # Giving and taking share one budget a guild: 10 in 10 s.
        self._call(method, path, bucket=f"roles:{guild_id}", reason=reason)

    def _call(
        self, method: str, path: str, *, bucket: str, body: dict[str, Any] | None = None, reason: str = ""
    ) -> Any:
        self._wait(bucket)
        headers = {**self._pool.headers, **({"X-Audit-Log-Reason": quote(reason)} if reason else {})}
        try:
            answer = self._pool.request(
                method,
                self._base_url + path,
                body=None if body is None else orjson.dumps(body),
                headers=headers,
            )
        except urllib3.exceptions.HTTPError as error:
            raise DiscordAwayError(f"{method} {path} got no answer: {error}", answered=False) from error
        self._patience.heed(answer.headers, bucket=bucket)
        if answer.status < 300:
            return orjson.loads(answer.data) if answer.data else None
        raise self._explain(answer, f"{method} {path}", bucket)

    def _wait(self, bucket: str) -> None:
        seconds = self._patience.seconds_left(bucket)
        if seconds > MOST_SECONDS_ASLEEP:
            raise RetryLaterError(
                f"Discord asked for {seconds:.1f} s of patience with {bucket}.", seconds=seconds
            )
        if seconds > 0:
            time.sleep(seconds)

    def _explain(self, answer: urllib3.BaseHTTPResponse, route: str, bucket: str) -> Exception:
        """The error that an answer means, after its consequences for the calls to come."""
        told = _read(answer.data)
        if answer.status == 429:
            seconds = float(told.get("retry_after") or answer.headers.get("Retry-After") or 5)
            self._patience.pause(seconds, **({} if told.get("global") else {"bucket": bucket}))
            if answer.headers.get("X-RateLimit-Scope") != "shared":
                self._patience.count_invalid()
            return RetryLaterError(
                f"{route} came too soon; Discord asks for {seconds:.1f} s.", seconds=seconds
            )
        if answer.status >= 500:
            return DiscordAwayError(f"{route} was answered with {answer.status}.", answered=True)
        if answer.status in {401, 403}:
            self._patience.count_invalid()
        if answer.status == 401:
            logger.error(
                "Discord does not accept the bot's token; nothing is sent for five minutes. Check DISCORD_BOT_TOKEN."
            )
            self._patience.pause(300)
        return DiscordRefusedError(
            answer.status, int(told.get("code") or 0), str(told.get("message", "")), route
        )


def _read(data: bytes) -> dict[str, Any]:
    try:
        told = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}


def get_client() -> DiscordClient:
    """This process's client for the bot that the settings name. Raises BotTokenMissingError."""
    if not settings.DISCORD_BOT_TOKEN:
        raise BotTokenMissingError()
    return _make_client(settings.DISCORD_API_URL, settings.DISCORD_BOT_TOKEN)


@lru_cache(maxsize=4)
def _make_client(base_url: str, token: str) -> DiscordClient:
    name = hashlib.sha256(f"{base_url} {token}".encode()).hexdigest()[:12]
    return DiscordClient(base_url=base_url, token=token, patience=Patience(name))
