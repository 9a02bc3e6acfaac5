"""The demo's credits: every state, told by nobody, whole in the ledger, and made once."""

from __future__ import annotations

import pytest

from ops.demo.communities import get_demo
from saas.core import clock


@pytest.mark.usefixtures("committed_db")
def test_every_state_is_there_and_seeding_again_adds_nothing() -> None:
    from django.db import connection

    from engagement.credits.models import CreditMove, CreditRequest, CreditType
    from engagement.ledger.models import LedgerEntry
    from engagement.progression.verification import verify_ledger
    from ops.demo.crediting import make_demo_credits
    from ops.demo.founding import found_community, make_logins
    from tenants.context import enter_tenant
    from tests.engagement.credits.holding import make_member

    make_logins()
    community = get_demo("pixel-pals")
    context, now = found_community(community), clock.now()
    with enter_tenant(context):
        for number in range(12):
            make_member(f"Person {number}")

    made = [make_demo_credits(community, context, now=now) for _ in range(2)]

    assert made[0] == made[1] > 30
    with enter_tenant(context):
        assert {row.key for row in CreditType.objects.all()} == {"ai", "lead"}
        states = set(CreditRequest.objects.values_list("state", flat=True))
        assert states == {"pending", "needs_info", "approved", "rejected", "cancelled"}
        assert CreditMove.objects.filter(kind="spend", created_at__lt=now).exists()
        assert not LedgerEntry.objects.filter(cause_kind=40, created_at__gt=now).exists()
        assert verify_ledger(context) == []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM public.procrastinate_jobs WHERE status = 'todo' AND args->>'tenant' = %s "
            "AND task_name LIKE '%%notif%%'",
            [context.schema],
        )
        assert cursor.fetchone() == (0,)
