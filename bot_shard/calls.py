"""The one seam from async code into a tenant.

django-tenants keeps the schema on the connection of the *thread*: a `with` around an `await` would query another
tenant's schema (DESIGN section 4.2). So a unit of work is one synchronous function, run in a worker thread, which enters
the schema inside; nothing lazy leaves it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

import structlog
from django.db import (
    DEFAULT_DB_ALIAS,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    connections,
)
from django.db.backends.base.base import BaseDatabaseWrapper

from saas.core.errors import UnavailableError
from tenants.context import TenantContext, enter_tenant

log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
THREADS = 8  # also the most database connections of a bot process, besides routing's


class Calls:
    """A small pool of threads, each with a database connection of its own."""

    def __init__(self, threads: int = THREADS) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="tenant")
        self._connections: set[BaseDatabaseWrapper] = set()

    async def in_tenant(
        self, context: TenantContext, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """`work(*args, **kwargs)` inside the tenant's schema. It must return plain values, no lazy query.

        It may run twice when the database connection broke the first time: a write must carry an idempotency key.
        Raises what `work` raises, and UnavailableError when the database is away.
        """
        call = partial(self._guarded, partial(_inside, context, partial(work, *args, **kwargs)))
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    async def in_public(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The same for a unit of work that belongs to no tenant."""
        call = partial(self._guarded, partial(work, *args, **kwargs))
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def close(self) -> None:
        """Let the threads finish what they do, start nothing more, and drop their connections."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        for wrapper in self._connections:
            wrapper.inc_thread_sharing()
            wrapper.close()
        self._connections.clear()

    def _guarded(self, work: Callable[[], T]) -> T:
        """Once more on a fresh connection where the one in hand turned out broken."""
        close_old_connections()
        self._connections.add(connections[DEFAULT_DB_ALIAS])
        try:
            return work()
        except (OperationalError, InterfaceError) as error:
            log.warning("database_connection_lost", problem=str(error).strip())
            connection.close()
        try:
            return work()
        except (OperationalError, InterfaceError) as error:
            connection.close()
            raise UnavailableError(
                "The database does not answer at the moment. Nothing was changed; try again in a minute."
            ) from error


def _inside(context: TenantContext, work: Callable[[], T]) -> T:
    with enter_tenant(context):
        return work()
