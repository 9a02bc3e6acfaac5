"""What can be chosen when the local Discord starts. Durations are seconds."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

OPENAPI_VARIABLE = "SANDBOX_DISCORD_OPENAPI"
_REPOSITORY = Path(__file__).resolve().parent.parent.parent.parent


def find_openapi_document() -> Path | None:
    """Discord's OpenAPI document: where the setting names it, else in the folder `shared` beside the repository."""
    named = os.environ.get(OPENAPI_VARIABLE, "")
    path = Path(named) if named else _REPOSITORY.parent / "shared" / "specs" / "discord-openapi.json"
    return path if path.is_file() else None


@dataclass(slots=True)
class Config:
    """The application's credentials, Discord's limits, and how long things take."""

    host: str = "127.0.0.1"
    port: int = 0
    bot_token: str = "local-bot-token"
    client_id: int = 1_100_000_000_000_000_001
    client_secret: str = "local-client-secret"
    bot_name: str = "EngageHub"
    redirect_uris: list[str] = field(default_factory=list)
    state_path: Path | None = None
    openapi_path: Path | None = None
    check_answers: bool = False
    seed: bool = True
    demo_born: date | None = None  # with it a fresh world also holds the demo's people

    heartbeat_interval: float = 41.25
    identify_interval: float = 5.0
    max_concurrency: int = 1
    session_limit: int = 1000
    recommended_shards: int = 1
    resume_window: float = 180.0
    replay_limit: int = 200_000
    gateway_sends: int = 120
    privileged_intents: int = (1 << 1) | (1 << 8) | (1 << 15)
    guilds_per_shard: int = 2500

    answer_within: float = 3.0
    token_lifetime: float = 15 * 60.0
    rate_limits: bool = True
    global_limit: int = 50
    invalid_limit: int = 10_000
    messages_kept: int = 5_000
