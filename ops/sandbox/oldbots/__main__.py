"""`python -m ops.sandbox.oldbots --port 8200 --client-id …` until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import signal

from aiohttp import web

from .boards import local_boards
from .server import make_app

LOOPBACK = "127.0.0.1"


async def serve(*, port: int, client_id: int) -> None:
    """Run until SIGINT or SIGTERM."""
    loop, ending = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ending.set)
    runner = web.AppRunner(make_app(local_boards(client_id)), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, port).start()
    print(f"the old bots' leaderboards on http://{LOOPBACK}:{port}", flush=True)
    await ending.wait()
    await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m ops.sandbox.oldbots")
    parser.add_argument("--port", type=int, default=8200)
    parser.add_argument("--client-id", type=int, default=1_100_000_000_000_000_001)
    arguments = parser.parse_args()
    asyncio.run(serve(port=arguments.port, client_id=arguments.client_id))


if __name__ == "__main__":
    main()
