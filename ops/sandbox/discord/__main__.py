"""`python -m ops.sandbox.discord --port 8765 --state .devstack/discord.json` runs the local Discord."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import signal
from datetime import date
from pathlib import Path

from .config import Config
from .server import LocalDiscord

_SAVE_SECONDS = 10.0


def _arguments() -> argparse.Namespace:
    defaults = Config()
    parser = argparse.ArgumentParser(prog="python -m ops.sandbox.discord", description="A local Discord.")
    parser.add_argument("--host", default=defaults.host, help="address to bind (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--state", type=Path, help="JSON file that keeps the state between runs")
    parser.add_argument("--token", default=defaults.bot_token, help="the bot's token")
    parser.add_argument("--client-id", type=int, default=defaults.client_id)
    parser.add_argument("--client-secret", default=defaults.client_secret)
    parser.add_argument("--redirect-uri", action="append", default=[], help="may be given several times")
    parser.add_argument(
        "--shards", type=int, default=1, help="number of shards that GET /gateway/bot recommends"
    )
    parser.add_argument("--max-concurrency", type=int, default=1)
    parser.add_argument("--identify-interval", type=float, default=defaults.identify_interval)
    parser.add_argument("--no-rate-limits", action="store_true")
    parser.add_argument(
        "--demo-born", type=date.fromisoformat, help="a date: a fresh world also holds the demo's people"
    )
    return parser.parse_args()


def _config(arguments: argparse.Namespace) -> Config:
    return Config(
        host=arguments.host,
        port=arguments.port,
        state_path=arguments.state,
        bot_token=arguments.token,
        client_id=arguments.client_id,
        client_secret=arguments.client_secret,
        redirect_uris=arguments.redirect_uri,
        recommended_shards=arguments.shards,
        max_concurrency=arguments.max_concurrency,
        identify_interval=arguments.identify_interval,
        rate_limits=not arguments.no_rate_limits,
        demo_born=arguments.demo_born,
    )


async def _serve(config: Config) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopped.set)
    async with LocalDiscord(config) as discord:
        print(f"Local Discord: {discord.web_url}/  API {discord.api_url}", flush=True)
        while not stopped.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), _SAVE_SECONDS)
            discord.save()


def main() -> None:
    # Dispatches are kept for replay by the hundred thousand: default thresholds would scan them over and over.
    gc.set_threshold(50_000, 20, 50)
    try:
        asyncio.run(_serve(_config(_arguments())))
    except OSError as error:
        raise SystemExit(f"The local Discord cannot listen: {error}. Choose another --port.") from error


if __name__ == "__main__":
    main()
