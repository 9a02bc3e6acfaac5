"""What goes wrong on purpose: at the API and on the way of an event.

Set with POST /_sandbox/faults; a restart clears them.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, fields
from typing import Any

from aiohttp import web

from .errors import StripeError


@dataclass(slots=True)
class Faults:
    # At the API. `method` and `path` (a prefix) narrow it; `times` counts down, None is until cleared.
    status: int | None = None  # 429 is a rate limit, 5xx an outage
    cut: bool = False  # the connection breaks without an answer
    after: bool = False  # … but only after the work was done
    latency: float = 0.0  # seconds before the work begins
    method: str = ""
    path: str = ""
    times: int | None = None
    # On the way of events.
    repeat: int = 1  # how often each event is delivered
    shuffle: bool = False  # in a random order, each up to `spread` seconds late
    spread: float = 0.3
    hold: bool = False  # nothing leaves until it is released
    drop: bool = False  # what would leave is lost, for good unless it is released
    delay: float = 0.0

    def set(self, values: dict[str, Any]) -> None:
        """Raises ValueError for a name that is none of these."""
        known = {one.name for one in fields(self)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ValueError(f"There is no fault {', '.join(unknown)}. Known: {', '.join(sorted(known))}.")
        for name, value in values.items():
            setattr(self, name, value)

    def clear(self) -> None:
        self.set(asdict(Faults()))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def _hits(self, request: web.Request) -> bool:
        return (
            (self.times is None or self.times > 0)
            and self.method in ("", request.method)
            and request.path.startswith(self.path)
        )

    async def wait(self, request: web.Request) -> None:
        """Be slow, with the idempotency key already in use."""
        if self.latency and self._hits(request):
            if self.times is not None and not (self.cut or self.status):
                self.times -= 1
            await asyncio.sleep(self.latency)

    def strike_before(self, request: web.Request) -> bool:
        """Break or refuse. True when that is to happen after the work, for which `strike_after` is called."""
        if not (self.cut or self.status) or not self._hits(request):
            return False
        if not self.after:
            self._strike(request)
        return self.after

    def strike_after(self, request: web.Request) -> None:
        """The work was done; its answer is lost all the same."""
        self._strike(request)

    def _strike(self, request: web.Request) -> None:
        if self.times is not None:
            self.times -= 1
        if self.cut:
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionAbortedError("The connection was cut on purpose.")
        if self.status == 429:
            raise StripeError("Request rate limit exceeded. Learn more about rate limits here: https://stripe.com/docs/rate-limits.", status=429, code="rate_limit")  # fmt: skip
        raise StripeError(
            "Sorry! There was an error while talking to one of our backends. Support has been notified.",
            status=self.status or 500,
            kind="api_error",
        )
