"""What a new community costs: its row, address and membership, its schema with grants and seeds, and the news of it — against the
same schema's DDL sent in one message.

The floor is psycopg on a connection of the owner's, one transaction a schema, with statements that pg_dump-like reading of a
migrated schema gave once; it has none of our rows, grants or seeds. The two
take turns, the ratio is the median of the rounds' own, and the catalogue grows for both alike.
"""

from __future__ import annotations

import time
from statistics import median

import psycopg
from django.db import connections

from engagement.kinds import seed_community
from engagement.kinds.packs import list_packs
from ops.bench.results import Result
from saas.core.ids import new_ulid
from tenants.catalogue import PLACEHOLDER
from tenants.models import User
from tenants.owner import owner_database
from tenants.provisioning import provision_tenant
from tenants.schema_script import get_script

ROUNDS = 12
WARM = 2


def run() -> list[Result]:
    owner = User.objects.create_user("bench-owner", "owner@example.com")
    kinds = [pack.kind for pack in list_packs()]
    ddl = _read_ddl()
    ours: list[float] = []
    floor: list[float] = []
    with _connect() as connection:

        def make_bare(number: int) -> None:
            _make_bare(connection, ddl)

        def make_community(number: int) -> None:
            provision_tenant(
                slug=f"bench-{number}",
                name=f"Bench {number}",
                kind=kinds[number % len(kinds)],
                owner=owner,
                seed=seed_community,
                live=False,
            )

        for number in range(ROUNDS + WARM):
            acts = [(make_bare, floor), (make_community, ours)]
            # Whoever comes second finds the disk busy with the first one's catalogue: so they take turns at it.
            for act, taken in acts if number % 2 else reversed(acts):
                began = time.perf_counter()
                act(number)
                taken.append(time.perf_counter() - began)
    del ours[:WARM], floor[:WARM]
    ratios = sorted(mine / bare for mine, bare in zip(ours, floor, strict=True))
    connections.close_all()
    detail = {
        "tenant_ms": round(median(ours) * 1e3, 1),
        "ddl_ms": round(median(floor) * 1e3, 1),
        "slowest_ms": round(max(ours) * 1e3, 1),
        "ratio_quartiles": [round(ratios[len(ratios) // 4], 2), round(ratios[len(ratios) * 3 // 4], 2)],
        "statements": len(ddl),
        "rounds": ROUNDS,
    }
    return [Result("provision", "vs_ddl", round(median(ratios), 3), "<=1.5", detail)]


def _read_ddl() -> list[str]:
    """The statements that make tables, sequences, keys and indexes; nothing that writes a row or gives a right."""
    return [
        statement
        for statement in get_script()
        if not statement.lstrip().lower().startswith(("grant", "revoke", "insert", "select"))
    ]


def _make_bare(connection: psycopg.Connection[tuple[object, ...]], ddl: list[str]) -> None:
    schema = f"t_{new_ulid().lower()}"
    text = ";\n".join(statement.replace(PLACEHOLDER, schema) for statement in ddl)
    with connection.transaction():
        connection.execute(f'set local search_path to "{schema}", public'.encode())
        connection.execute(text.encode())


def _connect() -> psycopg.Connection[tuple[object, ...]]:
    given = owner_database()
    return psycopg.connect(
        dbname=given["NAME"],
        user=given["USER"],
        password=given["PASSWORD"] or None,
        host=given["HOST"] or None,
        port=given["PORT"] or None,
        autocommit=True,
    )
