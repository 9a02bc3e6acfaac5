"""Rate limits as Discord counts them: a fixed window per bucket and major parameter, 50 a second for the bot, and the
count of invalid requests that ends in a ban of the address.

Invariant: each 429 carries `Retry-After`, a scope and `Via`; without `Via` discord.py takes it for Cloudflare's.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from ..config import Config
from .call import Route, answer

_TEN_MINUTES = 600.0


@dataclass(slots=True)
class _Window:
    started: float
    used: int


class Limits:
    def __init__(self, config: Config) -> None:
        self._config = config
        self._windows: dict[tuple[str, str], _Window] = {}
        self._global: deque[float] = deque()
        self._invalid: deque[float] = deque()
        self.refusals = 0

    def clear(self) -> None:
        self._windows.clear()
        self._global.clear()
        self._invalid.clear()

    @property
    def invalid_requests(self) -> int:
        """Answers of 401, 403 and 429 within the last ten minutes."""
        now = time.monotonic()
        while self._invalid and now - self._invalid[0] > _TEN_MINUTES:
            self._invalid.popleft()
        return len(self._invalid)

    @property
    def banned(self) -> bool:
        return self.invalid_requests >= self._config.invalid_limit

    def count_answer(self, response: web.StreamResponse) -> None:
        shared = response.headers.get("X-RateLimit-Scope") == "shared"
        if response.status in (401, 403, 429) and not shared:
            self._invalid.append(time.monotonic())

    def take(self, route: Route, major: str) -> tuple[dict[str, str], web.Response | None]:
        """Count a call. Returns the headers of its bucket, and the 429 when it is over a limit."""
        if not self._config.rate_limits:
            return {}, None
        now = time.monotonic()
        if not route.exempt:
            refusal = self._take_global(now)
            if refusal is not None:
                return {}, refusal
        key = (route.bucket, major)
        window = self._windows.get(key)
        if window is None or now - window.started >= route.window:
            window = self._windows[key] = _Window(now, 0)
            self._prune(now)
        window.used += 1
        left = window.started + route.window - now
        headers = self._headers(route, window.used, left)
        if window.used <= route.limit:
            return headers, None
        return headers, self.refuse(left, headers=headers)

    def _prune(self, now: float) -> None:
        if len(self._windows) > 5000:
            self._windows = {key: w for key, w in self._windows.items() if now - w.started < 60}

    def _take_global(self, now: float) -> web.Response | None:
        while self._global and now - self._global[0] >= 1.0:
            self._global.popleft()
        if len(self._global) >= self._config.global_limit:
            return self.refuse(1.0 - (now - self._global[0]), is_global=True)
        self._global.append(now)
        return None

    def _headers(self, route: Route, used: int, left: float) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(route.limit),
            "X-RateLimit-Remaining": str(max(route.limit - used, 0)),
            "X-RateLimit-Reset": f"{time.time() + left:.3f}",
            "X-RateLimit-Reset-After": f"{left:.3f}",
            "X-RateLimit-Bucket": hashlib.md5(route.bucket.encode(), usedforsecurity=False).hexdigest(),
        }

    def refuse(
        self, retry_after: float, *, is_global: bool = False, headers: dict[str, str] | None = None
    ) -> web.Response:
        """A 429 with everything that a client may look at. `retry_after` is in seconds."""
        self.refusals += 1
        wait = max(math.ceil(retry_after * 1000) / 1000, 0.001)
        body: dict[str, Any] = {
            "message": "You are being rate limited.",
            "retry_after": wait,
            "global": is_global,
        }
        response = answer(body, 429)
        response.headers.update(headers or {})
        response.headers["Retry-After"] = str(math.ceil(wait))
        response.headers["X-RateLimit-Scope"] = "global" if is_global else "user"
        if is_global:
            response.headers["X-RateLimit-Global"] = "true"
        return response
