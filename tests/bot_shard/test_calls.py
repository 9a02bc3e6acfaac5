"""The seam into a tenant: never the wrong one, and a broken connection is mended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from django.db import connection

from bot_shard.calls import Calls
from saas.core.errors import UnavailableError
from tenants.context import TenantContext
from tests.stack import TestStack


@pytest.fixture
def calls(committed_db: None) -> Iterator[Calls]:
    calls = Calls(4)
    yield calls
    calls.close()


def schema() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.002), current_schema()")
        return str(cursor.fetchone()[1])


async def test_interleaved_questions_stay_in_their_community(
    calls: Calls, acme: TenantContext, globex: TenantContext
) -> None:
    contexts = [acme, globex] * 60
    found = await asyncio.gather(*(calls.in_tenant(context, schema) for context in contexts))
    assert found == [context.schema for context in contexts]


async def test_a_failure_leaves_the_schema(calls: Calls, acme: TenantContext) -> None:
    def fail() -> None:
        raise ValueError("not today")

    for _ in range(8):
        with pytest.raises(ValueError, match="not today"):
            await calls.in_tenant(acme, fail)
    assert {await calls.in_public(schema) for _ in range(8)} == {"public"}


async def test_a_restarted_database_is_asked_again(
    calls: Calls, acme: TenantContext, test_stack: TestStack
) -> None:
    await asyncio.gather(*(calls.in_tenant(acme, schema) for _ in range(8)))
    with test_stack.postgres.connect() as owner:
        owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [test_stack.database]
        )
    found = await asyncio.gather(*(calls.in_tenant(acme, schema) for _ in range(8)))
    assert found == [acme.schema] * 8


async def test_a_database_that_stays_away_is_said_so(calls: Calls, acme: TenantContext) -> None:
    from django.db import OperationalError

    def fail() -> None:
        raise OperationalError("the server is gone")

    with pytest.raises(UnavailableError, match="Nothing was changed"):
        await calls.in_tenant(acme, fail)
