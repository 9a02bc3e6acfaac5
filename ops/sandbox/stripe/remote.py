"""The control API as a Python object, for tests and for whoever drives a local Stripe in another process."""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any


class Control:
    """`Control(url).faults(status=503)`; what each does stands in control.py. Raises ValueError where it is refused."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/_sandbox/"

    def describe(self) -> dict[str, Any]:
        return dict(self._ask("GET", ""))

    def reset(self, *, keep_endpoints: bool = False) -> None:
        self._ask("POST", "reset", {"keep_endpoints": keep_endpoints})

    def violations(self) -> list[dict[str, Any]]:
        return list(self._ask("GET", "violations"))

    def forget_violations(self) -> None:
        self._ask("DELETE", "violations")

    def faults(self, **faults: Any) -> dict[str, Any]:
        """Some of: status, cut, after, latency, method, path, times · repeat, shuffle, spread, hold, drop, delay."""
        return dict(self._ask("POST", "faults", faults))

    def clear_faults(self) -> None:
        self._ask("DELETE", "faults")

    def refuse(self, seconds: float) -> None:
        """Returns once connections are refused; they are for `seconds`."""
        self._ask("POST", "refuse", {"seconds": seconds})
        address = urllib.parse.urlsplit(self._url)
        for _ in range(200):
            try:
                socket.create_connection((str(address.hostname), address.port or 80), timeout=1).close()
            except OSError:
                return
            time.sleep(0.01)
        raise ValueError("The local Stripe goes on listening.")

    def set_time(self, now: float) -> int:
        return int(self._ask("POST", "time", {"now": now})["now"])

    def advance(self, seconds: float) -> int:
        return int(self._ask("POST", "time", {"advance": seconds})["now"])

    def billing(self, **settings: Any) -> dict[str, Any]:
        """What becomes of failed payments: retry_days, end_of_retries (canceled, unpaid, past_due)."""
        return dict(self._ask("POST", "billing", settings))

    def complete_checkout(self, session: str, **filled: Any) -> dict[str, Any]:
        """A person at the Checkout page: card (a test number, None for none), payment_method, email, name, address, tax_id,
        code, authenticated. Raises ValueError with what the page would say."""
        return dict(self._ask("POST", f"checkout/{session}/complete", filled))

    def dispute(self, charge: str, **how: Any) -> dict[str, Any]:
        """The payer's bank takes a charge back: amount (a part), inquiry (it only asks)."""
        return dict(self._ask("POST", f"charges/{charge}/dispute", how))

    def go_on_with_dispute(self, dispute: str, act: str) -> dict[str, Any]:
        """`act`: review, escalate (an inquiry), won, lost. Raises ValueError where it is closed."""
        return dict(self._ask("POST", f"disputes/{dispute}/{act}", {}))

    def deliveries(self) -> list[dict[str, Any]]:
        """The newest first: event, type, state (pending, delivered, dropped, failed), attempts, log."""
        return list(self._ask("GET", "deliveries"))

    def release(self, *, order: str = "as_made", repeat: int = 1) -> list[dict[str, Any]]:
        """Send what is held, dropped or failed, in that order, and wait for it."""
        return list(self._ask("POST", "deliveries/release", {"order": order, "repeat": repeat}))

    def settle(self, seconds: float = 40) -> bool:
        """Wait until nothing is in flight. False when something still is."""
        return bool(self._ask("POST", "deliveries/settle", {"seconds": seconds})["settled"])

    def deliver(self, event: str, **how: Any) -> list[dict[str, Any]]:
        """By hand: times, url, secret (another one forges), age (in seconds), change (merged into the event)."""
        return list(self._ask("POST", "deliver", {"event": event, **how}))

    def add_endpoint(self, url: str, secret: str, events: list[str] | None = None) -> dict[str, Any]:
        return dict(self._ask("POST", "endpoints", {"url": url, "secret": secret, "events": events}))

    def roll_secret(self, endpoint: str, secret: str, *, keep: bool = True) -> dict[str, Any]:
        return dict(
            self._ask("POST", "endpoints/roll", {"endpoint": endpoint, "secret": secret, "keep": keep})
        )

    def objects(self, kind: str) -> list[dict[str, Any]]:
        """As they are kept, the newest first."""
        return list(self._ask("GET", f"objects/{kind}"))

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            self._url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                raise ValueError(error.read().decode()) from None
