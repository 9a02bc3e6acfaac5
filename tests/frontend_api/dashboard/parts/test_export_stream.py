"""An export as an ASGI server sends it: piece by piece off the event loop, each piece inside its own tenant."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections
from django.http import QueryDict

from frontend_api.dashboard.members.listing import build_members_list
from frontend_api.dashboard.parts import export
from frontend_api.dashboard.parts.lists import ListKind, read_query
from tenants.context import TenantContext, enter_tenant
from tests.frontend_api.givers import give


def kind_of(context: TenantContext) -> ListKind:
    with enter_tenant(context):
        return build_members_list(context)


async def collect(*streams: tuple[ListKind, TenantContext]) -> list[bytes]:
    async def one(kind: ListKind, context: TenantContext) -> bytes:
        query = read_query(kind, QueryDict("col=name&sort=name"), context)
        pieces = [piece async for piece in export._stream(kind, query, context, "csv")]
        return b"".join(pieces)

    try:
        return list(await asyncio.gather(*(one(*stream) for stream in streams)))
    finally:
        await sync_to_async(connections.close_all)()


def test_two_communities_exports_at_once_do_not_mix(
    committed_db: None, acme: TenantContext, globex: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "AT_ONCE", 2)
    for number in range(7):
        give(acme, number + 1, f"Acme {number}", 0)
        give(globex, number + 1, f"Globex {number}", 0)
    first, second = asyncio.run(collect(*[(kind_of(context), context) for context in (acme, globex)]))
    assert first.decode().count("Acme ") == 7
    assert b"Globex" not in first
    assert second.decode().count("Globex ") == 7
    assert b"Acme" not in second
    assert connection.schema_name == "public"  # type: ignore[attr-defined]
