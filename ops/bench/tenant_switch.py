"""What tenancy costs: a unit of ten reads that enters its tenant first, against the same reads without tenancy.

The floor is Django's own PostgreSQL backend on a connection whose search_path was fixed when it was opened, on one tenant's
tables: no switch and no code of django-tenants. Units of the two alternate in short rounds; a round of the product's
goes through all tenants in turn, so that every unit switches.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from django.db import connections, transaction

from engagement.members.models import Member
from ops.bench.results import Result
from tenants.context import TenantContext, enter_tenant
from tenants.owner import owner_database
from tenants.provisioning import provision_tenant

TENANTS = 20
QUERIES = 10
MEMBERS = 200
ROUNDS = 60
PLAIN = "plain"


def run() -> list[Result]:
    contexts = [_make_tenant(number) for number in range(TENANTS)]
    _add_plain_connection(contexts[0].schema)

    def with_tenancy() -> None:
        for context in contexts:
            with enter_tenant(context), transaction.atomic():
                _read("default")

    def without() -> None:
        for _ in contexts:
            with transaction.atomic(using=PLAIN):
                _read(PLAIN)

    ours, floor = _measure(with_tenancy, without)
    detail = {
        "unit_us": round(ours * 1e6 / TENANTS, 1),
        "floor_us": round(floor * 1e6 / TENANTS, 1),
        "queries": QUERIES,
        "tenants": TENANTS,
        "rounds": ROUNDS,
    }
    return [Result("tenant_switch", "vs_plain", round(ours / floor, 3), "<=1.15", detail)]


def _measure(*acts: Callable[[], None]) -> list[float]:
    """The median seconds of each, taken in turns."""
    for act in acts:
        act()
    taken: list[list[float]] = [[] for _ in acts]
    for _ in range(ROUNDS):
        for act, seconds in zip(acts, taken, strict=True):
            began = time.perf_counter()
            act()
            seconds.append(time.perf_counter() - began)
    return [median(seconds) for seconds in taken]


def _read(alias: str) -> None:
    for number in range(1, QUERIES + 1):
        Member.objects.using(alias).values_list("display_name").get(pk=number)


def _make_tenant(number: int) -> TenantContext:
    context = TenantContext.of(provision_tenant(slug=f"bench-{number}", name=f"Bench {number}"))
    with enter_tenant(context):
        Member.objects.bulk_create([Member(display_name=f"Member {n}") for n in range(MEMBERS)])
    return context


def _add_plain_connection(schema: str) -> None:
    """The same server and role as the product's, by Django's own backend, standing in one schema for good."""
    usual = connections["default"].settings_dict
    options: dict[str, Any] = {**owner_database()["OPTIONS"], "options": f"-c search_path={schema}"}
    connections.databases[PLAIN] = {**usual, "ENGINE": "django.db.backends.postgresql", "OPTIONS": options}
