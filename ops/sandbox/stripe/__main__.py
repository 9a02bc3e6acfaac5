"""`python -m ops.sandbox.stripe --port 8300 --state .devstack/stripe.sqlite3` runs the local Stripe until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path

from .config import LOCAL_KEY, Config
from .server import LocalStripe


def _config() -> Config:
    defaults = Config()
    parser = argparse.ArgumentParser(prog="python -m ops.sandbox.stripe", description="A local Stripe.")
    parser.add_argument("--host", default=defaults.host, help="address to bind (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--state", type=Path, help="SQLite file that keeps the state between runs")
    parser.add_argument(
        "--key", action="append", help="a secret key that is let in; may be given several times"
    )
    parser.add_argument("--webhook-url", default="", help="where events are delivered from the start")
    parser.add_argument("--webhook-secret", default="", help="what they are signed with (whsec_…)")
    parser.add_argument(
        "--retry",
        type=float,
        nargs="+",
        default=defaults.retry_seconds,
        metavar="SECONDS",
        help="pauses between the tries of a delivery (default: %(default)s)",
    )
    arguments = parser.parse_args()
    return Config(
        host=arguments.host,
        port=arguments.port,
        state_path=arguments.state,
        secret_keys=arguments.key or [LOCAL_KEY],
        webhook_url=arguments.webhook_url,
        webhook_secret=arguments.webhook_secret,
        retry_seconds=tuple(arguments.retry),
    )


async def _serve(config: Config) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopped.set)
    async with LocalStripe(config) as server:
        print(f"Local Stripe: {server.url}/", flush=True)
        await stopped.wait()


def main() -> None:
    try:
        asyncio.run(_serve(_config()))
    except OSError as error:
        raise SystemExit(f"The local Stripe cannot listen: {error}. Choose another --port.") from error


if __name__ == "__main__":
    main()
