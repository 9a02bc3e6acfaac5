"""Postgres and Redis for one machine: those that the environment names, else private ones of our own.

    with running_servers(open_home(PROJECT / ".devstack")) as servers:
        subprocess.run(..., env=os.environ | servers.environment())

Invariant: one stack a folder. A lock file, held for as long as the servers run, keeps a second one out.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from .errors import DevstackError
from .places import Home
from .postgres import APP_ROLE, OWNER_ROLE, PostgresServer
from .redis import CACHE_DATABASE, STREAM_DATABASE, RedisServer

LOOK_SECONDS = 0.5
LONG_PAUSE = 3.0


@dataclass(frozen=True)
class Servers:
    """Where the databases are; `postgres` and `redis` are None for those that the environment named."""

    database_url: str
    database_owner_url: str
    redis_url: str
    redis_stream_url: str
    postgres: PostgresServer | None = None
    redis: RedisServer | None = None

    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.database_url,
            "DATABASE_OWNER_URL": self.database_owner_url,
            "REDIS_URL": self.redis_url,
            "REDIS_STREAM_URL": self.redis_stream_url,
        }


@contextmanager
def locked_home(home: Home) -> Iterator[None]:
    """Hold the folder for one stack. Raises DevstackError when another stack holds it."""
    path = home.data / "lock"
    with path.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.seek(0)
            raise DevstackError(
                f"Another stack (process {handle.read().strip() or 'unknown'}) already runs on {home.link}. "
                "Stop it with Ctrl-C there, then start again."
            ) from None
        handle.seek(0)
        handle.truncate()
        handle.write(str(os.getpid()))
        handle.flush()
        yield


@contextmanager
def running_servers(
    home: Home,
    *,
    durable: bool = True,
    named: Mapping[str, str] | None = None,
    wheels_only: bool = False,
) -> Iterator[Servers]:
    """Postgres and Redis for as long as the block runs; data stays in `home`.

    `named` is the environment in which DATABASE_URL, DATABASE_OWNER_URL, REDIS_URL and REDIS_STREAM_URL may name
    servers that run already; those are used and left alone. Raises DevstackError.
    """
    named = named or {}
    with ExitStack() as stack:
        stack.enter_context(locked_home(home))
        postgres, addresses = _databases(home, durable, named, wheels_only)
        redis, redis_addresses = _redises(home, durable, named, wheels_only)
        for server in (postgres, redis):
            if server is not None:
                stack.callback(server.stop)
                server.start()
        yield Servers(*addresses, *redis_addresses, postgres, redis)


async def keep_servers(servers: Servers, say: Callable[[str], None]) -> None:
    """Start a server of ours again whenever it dies, until cancelled.

    On the loop's own thread, though starting blocks: the kernel would end the server with any other thread.
    """
    down: set[str] = set()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        for name, server in (("Postgres", servers.postgres), ("Redis", servers.redis)):
            if server is None or not (name in down or server.has_died()):
                continue
            try:
                server.start()
            except DevstackError as error:
                down.add(name)
                say(
                    f"{name} died and could not be started again; the next try is in {LONG_PAUSE:.0f} s. {error}"
                )
                await asyncio.sleep(LONG_PAUSE)
            else:
                down.discard(name)
                say(f"{name} died and was started again.")


def _databases(
    home: Home, durable: bool, named: Mapping[str, str], wheels_only: bool
) -> tuple[PostgresServer | None, tuple[str, str]]:
    app, owner = named.get("DATABASE_URL", ""), named.get("DATABASE_OWNER_URL", "")
    if app and owner:
        return None, (app, owner)
    if app or owner:
        given, missing = (
            ("DATABASE_URL", "DATABASE_OWNER_URL") if app else ("DATABASE_OWNER_URL", "DATABASE_URL")
        )
        raise DevstackError(
            f"{given} is set but {missing} is not. Set both (the app's role and the owner's, DESIGN section 4.6), or neither "
            "to get a private Postgres."
        )
    server = PostgresServer(home, durable=durable, wheels_only=wheels_only)
    return server, (server.address(APP_ROLE), server.address(OWNER_ROLE))


def _redises(
    home: Home, durable: bool, named: Mapping[str, str], wheels_only: bool
) -> tuple[RedisServer | None, tuple[str, str]]:
    cache, stream = named.get("REDIS_URL", ""), named.get("REDIS_STREAM_URL", "")
    if cache and stream:
        return None, (cache, stream)
    server = RedisServer(home, durable=durable, wheels_only=wheels_only)
    return server, (cache or server.address(CACHE_DATABASE), stream or server.address(STREAM_DATABASE))
