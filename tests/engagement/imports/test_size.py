"""Many members at once: in bounded time, and with the same few queries at any size."""

from __future__ import annotations

import logging
import os
import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engagement.imports.applying import work_on_import
from engagement.imports.difference import count_lines, get_numbers, list_lines
from engagement.imports.services import apply_import
from engagement.progression.verification import verify_ledger
from tenants.context import TenantContext, enter_tenant
from tests.engagement.imports.bringing import ACTOR, mee6_file, read_run, undo_run
from tests.engagement.progression.test_bulk import picture

pytestmark = pytest.mark.usefixtures("rules")


def test_the_difference_costs_the_same_queries_at_any_size(acme: TenantContext) -> None:
    counts = []
    with enter_tenant(acme):
        for size in (10, 10_000):
            run = read_run(mee6_file({user: user % 7_000 for user in range(1, size + 1)}))
            with CaptureQueriesContext(
                connection,
            ) as queries:
                get_numbers(run=run)
                assert len(list_lines(run=run, kind="new", search="person", limit=50)) == min(size, 50)
                assert count_lines(run=run, kind="new", search="person 1") > 0
            counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.faults
@pytest.mark.alone
def test_twenty_thousand_members_come_and_go(acme: TenantContext) -> None:
    """With IMPORT_MEMBERS=100000 the same for a hundred thousand."""
    size = int(os.environ.get("IMPORT_MEMBERS", "20000"))
    with enter_tenant(acme):
        before = picture()
        began = time.perf_counter()
        run = read_run(mee6_file({user: (user * 7_919) % 90_000 for user in range(1, size + 1)}))
        read = time.perf_counter()
        apply_import(import_id=run.pk, actor=ACTOR, context=acme)
        work_on_import(import_id=run.pk, context=acme)
        applied = time.perf_counter()
        assert verify_ledger(acme) == []
        verified = time.perf_counter()
        run.refresh_from_db()
        assert get_numbers(run=run).new == size
        listed = time.perf_counter()
        undo_run(acme, run)
        undone = time.perf_counter()

        assert picture() == before
        logging.getLogger(__name__).warning(
            "%s members: read %.1f s, applied %.1f s, verified %.1f s, counted %.2f s, undone %.1f s.",
            size,
            read - began,
            applied - read,
            verified - applied,
            listed - verified,
            undone - listed,
        )
        assert applied - read < size / 100_000 * 60 + 2
