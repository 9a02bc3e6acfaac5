"""What a local Stripe is started with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

LOCAL_KEY: Final = "sk_test_local0123456789abcdefghijkl"
ACCOUNT_ID: Final = "acct_1LocalEngageHub"


@dataclass(slots=True)
class Config:
    host: str = "127.0.0.1"
    port: int = 0  # 0 takes any free one
    state_path: Path | None = None  # None keeps everything in memory
    secret_keys: list[str] = field(default_factory=lambda: [LOCAL_KEY])
    webhook_url: str = ""  # registered at the start, where it is not yet
    webhook_secret: str = ""
    # Stripe's own: at once, then about 5 min, 30 min, 2 h, 5 h, 10 h, and every 12 h for three days.
    retry_seconds: tuple[float, ...] = (5, 15, 60, 300, 900, 3600)
    delivery_timeout: float = 10.0
    in_flight: int = 4
