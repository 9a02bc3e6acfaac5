"""`make run`: the whole product on this machine, until Ctrl-C.

make run                    start, follow the one log, stop everything on Ctrl-C
make run ARGS=--check       start, drive a message and a command through it, print JSON, stop
make run ARGS=--reset       forget all local data
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable
from pathlib import Path

from .check import drive
from .errors import DevstackError
from .local_stripe import state_files
from .places import PROJECT, open_home, remove_home
from .ports import PortBook
from .servers import keep_servers, locked_home, running_servers
from .stack import NAMES, Stack, pick_ports
from .supervisor import Log

FOLDER = PROJECT / ".devstack"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="make run", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--check", action="store_true", help="drive a message and a command through it, print JSON, stop"
    )
    parser.add_argument("--reset", action="store_true", help="forget all local data")
    parser.add_argument(
        "--folder", type=Path, default=FOLDER, help="where the data stays (default .devstack)"
    )
    parser.add_argument(
        "--port", type=int, default=8000, help="the web's port, or the next free one (default 8000)"
    )
    arguments = parser.parse_args()
    try:
        if arguments.reset:
            return reset(arguments.folder)
        return asyncio.run(run(arguments.folder.absolute(), check=arguments.check, port=arguments.port))
    except DevstackError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno == 28:
            print(
                f"\nThe disk is full ({error.filename or PROJECT}). Free some space and start again.",
                file=sys.stderr,
            )
            return 1
        raise


def reset(folder: Path) -> int:
    """Delete the local data; refused while a stack runs on it."""
    home = folder / "run"
    if home.exists():
        with locked_home(open_home(home)):
            pass
        remove_home(home)
    for name in ("mail", "discord.json", "secrets.json", "environment.json", "demo-born"):
        path = folder / name
        if path.is_dir():
            for mail in path.glob("*"):
                mail.unlink()
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
    for path in state_files(folder):
        path.unlink(missing_ok=True)
    print("The local data is gone. `make run` starts afresh.")
    return 0


async def run(folder: Path, *, check: bool, port: int) -> int:
    """Start everything, then either follow the log until told to stop, or check and stop."""
    began = time.monotonic()
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ending.set)
    # The log goes to standard error while checking, so that standard output is the JSON object alone.
    log = Log(NAMES, stream=sys.stderr if check else sys.stdout)
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - nothing else runs yet
    log.say("Starting Postgres and Redis …")
    with PortBook() as book, running_servers(open_home(folder / "run"), named=os.environ) as servers:
        stack = Stack(servers, folder, pick_ports(book, port), dict(os.environ), log)
        supervisor = stack.supervisor()
        keeping = asyncio.create_task(keep_servers(servers, log.say))
        try:
            if not await _unless_ended(stack.start(supervisor), ending):
                return 130
            if check:
                seen = drive(stack, supervisor, began=began)
                return await _report(seen, ending)
            log.say(summary(stack))
            await ending.wait()
            return 0
        finally:
            log.say("Stopping …")
            keeping.cancel()
            await supervisor.stop()
            stack.forget_addresses()


async def _unless_ended(work: Awaitable[None], ending: asyncio.Event) -> bool:
    """Do `work`, or give up as soon as we are told to stop. False when it was given up."""
    task = asyncio.ensure_future(work)
    stop = asyncio.ensure_future(ending.wait())
    await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not task.done():
        task.cancel()
        return False
    task.result()
    return True


async def _report(seen: Awaitable[dict[str, object]], ending: asyncio.Event) -> int:
    found: dict[str, object] = {}

    async def keep() -> None:
        found.update(await seen)

    if not await _unless_ended(keep(), ending):
        return 130
    print(json.dumps(found), flush=True)
    return 0


def summary(stack: Stack) -> str:
    lines = ["", "EngageHub is running.", ""]
    for community in stack.communities:
        address = f"http://{community['host']}:{stack.ports.web}/"
        lines.append(
            f"  {community['name']:<20} {address:<42} organiser: {community['username']} / {community['password']}"
        )
    lines += [f"  {'The site':<20} {stack.web_url}/"]
    if stack.has_local_discord:
        lines.append(f"  {'Our own pages':<20} {stack.web_url}/ops/   operator: operator / engagehub")
        lines.append(f"  {'Local Discord':<20} {stack.discord_url}/   write there as anyone")
        lines.append(
            f"  {'Old bots':<20} {'MEE6, Polaris, Lurkr; Amari and Tatsu':<42} key: local-import-key"
        )
    else:
        lines += [
            "  The bot is a real one. In another terminal, once:",
            "    .venv/bin/python manage.py sync_commands",
            "    .venv/bin/python manage.py tenant create my-community --guild <server id>",
        ]
    if stack.has_local_stripe:
        lines.append(
            f"  {'Local Stripe':<20} {stack.stripe_url}/   pay with 4242 4242 4242 4242, any date, any code"
        )
    lines += [
        f"  {'Mailbox':<20} {stack.mailbox_url}/   every mail that is sent",
        "",
        "  Ctrl-C stops everything. The data stays in .devstack/; make run ARGS=--reset forgets it.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
