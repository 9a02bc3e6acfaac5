"""Webhook deliveries: at least once, signed, a few in flight, tried again until they are taken.

Invariant: a delivery is stored in the transaction of its event, so neither a rolled back request is told nor a restart
forgets one. Times are the wall's, not this world's: receivers check signatures against their own clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from typing import Any, Final

import aiohttp

from .config import Config
from .faults import Faults
from .ids import new_id
from .signing import body_of, sign
from .store import Json, Store

KIND: Final = "_delivery"
_LOG_KEPT: Final = 10


class Deliverer:
    def __init__(self, store: Store, config: Config, faults: Faults) -> None:
        self._store, self._config, self._faults = store, config, faults
        self._due: dict[str, float] = {}
        self._flying: dict[str, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._session: aiohttp.ClientSession | None = None
        self._task: asyncio.Task[None] | None = None
        store.on_event = self.schedule

    # --- life ---

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._config.delivery_timeout), auto_decompress=False
        )
        self._due = {one["id"]: one["due"] for one in self._store.list(KIND, state="pending")}
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        for task in [*self._flying.values(), *([self._task] if self._task else [])]:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self._session is not None:
            await self._session.close()

    def reset(self) -> None:
        """What is in flight arrives; nothing else does."""
        for task in self._flying.values():
            task.cancel()
        self._due.clear()

    # --- what is to be delivered ---

    def schedule(self, event: Json) -> None:
        """Called inside the transaction of the event."""
        account = event.get("account")
        with self._store.as_account(None):
            endpoints = [
                one for one in self._store.list("webhook_endpoint", status="enabled") if _wants(one, event)
            ]
            for endpoint in endpoints:
                due = time.time() + self._faults.delay
                delivery = self._store.put(
                    {
                        "object": KIND,
                        "id": new_id("dlv"),
                        "event": event["id"],
                        "type": event["type"],
                        "account": account,
                        "endpoint": endpoint["id"],
                        "url": endpoint["url"],
                        "state": "pending",
                        "attempts": 0,
                        "made": time.time(),
                        "due": due,
                        "log": [],
                    }
                )
                self._due[delivery["id"]] = due + (
                    random.random() * self._faults.spread if self._faults.shuffle else 0
                )
        if endpoints:
            self._store.put({**event, "pending_webhooks": len(endpoints)})
            self._wake.set()

    def wake(self) -> None:
        self._wake.set()

    @property
    def is_idle(self) -> bool:
        """Nothing is in flight, and nothing is due for the first time unless it is held back."""
        return not self._flying and (
            self._faults.hold or not self._ready(time.time() + self._faults.spread, first_only=True)
        )

    async def release(self, order: str = "as_made", repeat: int = 1) -> list[Json]:
        """Send everything that has not arrived, one after the other, whatever the faults say. Returns what came of it."""
        waiting = [
            one
            for one in reversed(self._store.list(KIND))
            if one["state"] in ("pending", "dropped", "failed")
        ]
        if order == "reversed":
            waiting.reverse()
        elif order == "shuffled":
            random.shuffle(waiting)
        for _ in range(repeat):
            for one in waiting:
                await self._attempt(one["id"])
        return [found for one in waiting if (found := self._store.find(KIND, one["id"]))]

    # --- delivering ---

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            now = time.time()
            for id in [] if self._faults.hold else self._ready(now):
                if len(self._flying) >= self._config.in_flight:
                    break
                self._flying[id] = asyncio.create_task(self._fly(id))
            later = [due for id, due in self._due.items() if id not in self._flying and due > now]
            pause = min(later) - now if later and not self._faults.hold else None
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), pause)

    def _ready(self, now: float, *, first_only: bool = False) -> list[str]:
        ready = [(due, id) for id, due in self._due.items() if due <= now and id not in self._flying]
        if first_only:
            ready = [
                (due, id)
                for due, id in ready
                if (found := self._store.find(KIND, id)) and not found["attempts"]
            ]
        return [id for _, id in sorted(ready, key=lambda row: row[0])]

    async def _fly(self, id: str) -> None:
        try:
            if self._faults.drop:
                self._settle(id, "dropped", None)
                return
            for _ in range(max(1, self._faults.repeat)):
                await self._attempt(id)
        finally:
            self._flying.pop(id, None)
            self._wake.set()

    async def _attempt(self, id: str) -> None:
        delivery = self._store.find(KIND, id)
        endpoint = self._store.find("webhook_endpoint", delivery["endpoint"]) if delivery else None
        if delivery is None or endpoint is None or endpoint["status"] != "enabled":
            self._settle(id, "dropped", None)
            return
        with self._store.as_account(delivery["account"]):
            event = self._store.get("event", delivery["event"])
        status, said = await self.send(endpoint["url"], body_of(event), endpoint["_secrets"])
        taken = status is not None and 200 <= status < 300
        retries = self._config.retry_seconds
        attempts = delivery["attempts"] + 1
        if taken:
            self._settle(id, "delivered", status, said)
        elif delivery["state"] == "delivered":
            self._settle(id, "delivered", status, said)  # a repeat that was refused; it had arrived
        elif attempts > len(retries):
            self._settle(id, "failed", status, said)
        else:
            self._settle(id, "pending", status, said, due=time.time() + retries[attempts - 1])

    async def send(
        self, url: str, body: bytes, secrets: list[str], *, at: float | None = None
    ) -> tuple[int | None, str]:
        """One request. The status, None where there was no answer, and the beginning of what was said."""
        assert self._session is not None
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": sign(body, secrets, at=at),
        }
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                return answer.status, (await answer.text(errors="replace"))[:500]
        except TimeoutError:
            return None, f"No answer within {self._config.delivery_timeout:g} s"
        except (aiohttp.ClientError, OSError) as error:
            reason = getattr(error, "os_error", error)
            return None, getattr(reason, "strerror", None) or str(reason) or type(error).__name__

    def _settle(
        self, id: str, state: str, status: int | None, said: str = "", *, due: float | None = None
    ) -> None:
        if due is None:
            self._due.pop(id, None)
        else:
            self._due[id] = due
        delivery = self._store.find(KIND, id)
        if delivery is None:
            return
        arrived = state == "delivered" and delivery["state"] != "delivered"
        line: dict[str, Any] = {"at": time.time(), "status": status, "said": said}
        delivery |= {"state": state, "due": due, "log": [*delivery["log"], line][-_LOG_KEPT:]}
        if state != "dropped":
            delivery["attempts"] += 1
        with self._store.transaction():
            self._store.put(delivery)
            if arrived:
                self._count_down(delivery)

    def _count_down(self, delivery: Json) -> None:
        with self._store.as_account(delivery["account"]):
            event = self._store.get("event", delivery["event"])
            self._store.put({**event, "pending_webhooks": max(0, event["pending_webhooks"] - 1)})


def _wants(endpoint: Json, event: Json) -> bool:
    if bool(event.get("account")) != bool(endpoint.get("_connect")):
        return False
    return "*" in endpoint["enabled_events"] or event["type"] in endpoint["enabled_events"]
