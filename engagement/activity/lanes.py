"""A lane: ingest's own connection to Postgres, apart from Django's.

It speaks psycopg directly, to keep each tenant's plans prepared. Every statement names its
schema, so the lane has no schema in hand that could be the wrong one.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg
from django.db import connection

# Statements join a batch's arrays to indexed tables; the planner cannot know how short the arrays are, and a generic plan that
# scans a table would be kept. JIT costs more than any of them runs.
_PLANNER: Final = (
    "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off "
    "-c enable_mergejoin=off -c enable_bitmapscan=off -c jit=off"
)
# A few statements a tenant: enough for some hundred tenants; the oldest are given up beyond it.
_PREPARED_MAX: Final = 1_500


def open_lane(application_name: str = "engagehub ingest") -> psycopg.Connection[Any]:
    """A new connection as the app's role, in autocommit. Raises psycopg.OperationalError when Postgres is away."""
    parameters = connection.get_connection_params()
    keep = ("dbname", "user", "password", "host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey")
    lane = psycopg.connect(
        **{name: parameters[name] for name in keep if parameters.get(name)},
        application_name=application_name,
        options=_PLANNER,
        autocommit=True,
    )
    lane.prepare_threshold = 0
    lane.prepared_max = _PREPARED_MAX
    return lane
