"""Who acts in these tests, and a log to look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.db import transaction

if TYPE_CHECKING:
    from engagement.audit.actor import Actor
    from tenants.context import TenantContext
    from tests.stack import TestStack


@pytest.fixture
def ada() -> Actor:
    from engagement.audit.actor import Actor

    return Actor("user", 7, "Ada", role="admin", via="web", address="192.0.2.0/24", request_id="r-1")


@pytest.fixture
def log(committed_db: None, acme: TenantContext, ada: Actor) -> list[int]:
    """Twelve entries of Acme's, each in a transaction of its own, sealed; their ids. What founding recorded comes before."""
    from engagement.audit.sealing import seal_entries
    from engagement.audit.services import record_audit
    from tenants.context import enter_tenant

    ids = []
    with enter_tenant(acme):
        for number in range(12):
            with transaction.atomic():
                made = record_audit(
                    actor=ada, action="member.changed", target_kind="member", target_id=number,
                    target_name=f"Member {number}", before={"name": "x"}, after={"name": f"Member {number}"},
                )  # fmt: skip
            ids.append(made.pk)
        seal_entries()
    return ids


@pytest.fixture
def tamper(test_stack: TestStack, acme: TenantContext) -> Callable[..., None]:
    """Runs statements as a superuser, in Acme's schema."""

    def run(*statements: str) -> None:
        with test_stack.postgres.connect(test_stack.database) as connection:
            connection.execute(f'SET search_path TO "{acme.schema}"')  # type: ignore[arg-type]
            for statement in statements:
                connection.execute(statement)  # type: ignore[arg-type]

    return run
