"""One bot's address: GET, JSON, bounded in size, tries and patience."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import orjson
import urllib3

from .errors import OldBotError

MAX_ANSWER: Final = 20 * 1024 * 1024  # bytes
TRIES: Final = 5
FIRST_PAUSE = 1.0  # seconds, then doubled
LONGEST_PAUSE: Final = 65.0  # seconds; Tatsu's window is a minute


class OldBotClient:
    """Calls of one import. `name` is the bot's, for what people read; `refusals` are its own words for a status."""

    def __init__(
        self,
        *,
        name: str,
        base_url: str,
        headers: Mapping[str, str] | None = None,
        refusals: Mapping[int, str] | None = None,
    ) -> None:
        self._name = name
        self._base_url = base_url.rstrip("/")
        self._refusals = refusals or {}
        self._pool = urllib3.PoolManager(
            retries=False,
            timeout=urllib3.Timeout(connect=5, read=20),
            headers={"User-Agent": "EngageHub-import/1", "Accept": "application/json", **(headers or {})},
        )

    def get(self, path: str, *, last: int = 0, **query: object) -> Any:
        """The JSON that the address answers; None for the status `last`, by which some bots say that there are no more pages.
        Limits and failures are waited for, a few times. Raises OldBotError."""
        address = f"{self._base_url}{path}?{urlencode(query)}"
        problem = ""
        for attempt in range(TRIES):
            pause = FIRST_PAUSE * 2**attempt
            try:
                answer = self._pool.request("GET", address, preload_content=False, redirect=False)
                try:
                    status, data = answer.status, answer.read(MAX_ANSWER + 1, decode_content=True)
                finally:
                    answer.close()
            except urllib3.exceptions.HTTPError:
                problem = f"{self._name} did not answer."
            else:
                if status == last:
                    return None
                if status == 200:
                    return self._read(data)
                if status != 429 and status < 500:
                    raise OldBotError(self._explain(status))
                problem = f"{self._name} answered that it is too busy (status {status})."
                pause = max(pause, _seconds(answer.headers.get("Retry-After")))
            if attempt < TRIES - 1:
                time.sleep(min(pause, LONGEST_PAUSE))
        raise OldBotError(
            f"{problem} It was asked {TRIES} times. Try again in a few minutes, or bring the levels as a file."
        )

    def _read(self, data: bytes) -> Any:
        if len(data) > MAX_ANSWER:
            raise OldBotError(
                f"{self._name} answered with more than we read at once. Bring the levels as a file."
            )
        try:
            return orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise OldBotError(
                f"{self._name} answered with something that is no data, probably a page for people. Try again later, or bring "
                "the levels as a file."
            ) from error

    def _explain(self, status: int) -> str:
        if status in self._refusals:
            return self._refusals[status]
        if 300 <= status < 400:
            return f"{self._name} has moved to another address, which we do not follow. Bring the levels as a file."
        return f"{self._name} refused to tell (status {status}). Bring the levels as a file instead."


def _seconds(text: str | None) -> float:
    try:
        return max(0.0, float(text or 0))
    except ValueError:
        return 0.0
