"""Faults on demand: what goes wrong on the wire, chosen by a test or a person.

Invariant: a fault never touches the rows. Gateway faults change the order, number or bytes of what is sent; REST
faults answer instead of the route, or after a wait. `seconds` are wall-clock seconds of this process.
"""

from __future__ import annotations

import random
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from .errors import ControlError


@dataclass(slots=True)
class RestFault:
    """Answer `status` to calls whose route contains `match`, `count` times (0: until cleared).

    status 0 waits `delay` seconds and then lets the call through; -1 drops the connection without an answer.
    `after` lets the route do its work first and then answers the fault: the reply is lost, the effect is not.
    """

    status: int = 500
    match: str = ""
    method: str = ""
    count: int = 1
    delay: float = 0.0
    retry_after: float = 1.0
    is_global: bool = False
    after: bool = False
    used: int = 0


@dataclass(slots=True)
class GatewayFaults:
    """Shares between 0 and 1 of the dispatches to be sent twice or garbled; a window in which to shuffle."""

    duplicate: float = 0.0
    shuffle: int = 0
    garble: float = 0.0
    delay: float = 0.0
    mute_heartbeats: bool = False


@dataclass(slots=True)
class Faults:
    """All faults in force, and one source of randomness so that a run can be repeated."""

    gateway: GatewayFaults = field(default_factory=GatewayFaults)
    rest: list[RestFault] = field(default_factory=list)
    outage_until: float = 0.0
    random: random.Random = field(default_factory=lambda: random.Random(7))

    def clear(self) -> None:
        self.gateway = GatewayFaults()
        self.rest.clear()
        self.outage_until = 0.0

    @property
    def in_outage(self) -> bool:
        return time.monotonic() < self.outage_until

    def set_gateway(self, **values: Any) -> None:
        """Change gateway faults by name. Raises ControlError for a name or number that makes no sense."""
        for key, value in values.items():
            if not hasattr(self.gateway, key):
                known = ", ".join(asdict(self.gateway))
                raise ControlError(f"There is no gateway fault {key!r}. Choose among {known}.")
            if float(value) < 0:
                raise ControlError(f"The gateway fault {key} is {value}; give zero or more.")
            setattr(self.gateway, key, type(getattr(self.gateway, key))(value))

    def take_rest(self, method: str, route: str) -> RestFault | None:
        """The fault for this call, counted down; None when the call goes through untouched."""
        for fault in self.rest:
            if fault.match and fault.match not in route:
                continue
            if fault.method and fault.method.upper() != method:
                continue
            fault.used += 1
            if fault.count and fault.used >= fault.count:
                self.rest.remove(fault)
            return fault
        return None

    def _garble(self, message: bytes, *, binary: bool) -> bytes:
        """Half a message; in a binary frame also bytes that are no UTF-8, which a text frame may not hold."""
        half = message[: len(message) // 2].decode(errors="ignore").encode()
        return half + (b"\xff\xfe" if binary and self.random.random() < 0.5 else b"{")

    def bend(self, messages: list[bytes], *, binary: bool) -> list[bytes]:
        """What really goes over the wire for a batch of dispatches."""
        faults = self.gateway
        if not (faults.duplicate or faults.shuffle or faults.garble):
            return messages
        bent: list[bytes] = []
        for message in messages:
            if faults.garble and self.random.random() < faults.garble:
                bent.append(self._garble(message, binary=binary))
                continue
            bent.append(message)
            if faults.duplicate and self.random.random() < faults.duplicate:
                bent.append(message)
        if faults.shuffle > 1:
            for start in range(0, len(bent), faults.shuffle):
                window = bent[start : start + faults.shuffle]
                self.random.shuffle(window)
                bent[start : start + faults.shuffle] = window
        return bent

    def describe(self) -> dict[str, Any]:
        return {
            "gateway": asdict(self.gateway),
            "rest": [asdict(fault) for fault in self.rest],
            "outage_seconds": max(0.0, round(self.outage_until - time.monotonic(), 1)),
        }
