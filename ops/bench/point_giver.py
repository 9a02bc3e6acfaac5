"""Gives points to members of one community until it is ended: `python -m ops.bench.point_giver <slug>`.

A process of its own beside the `leaderboard` benchmark, so that ranks change while they are read.
"""

from __future__ import annotations

import random
import sys
import uuid

import django


def main(slug: str) -> None:
    django.setup()
    from engagement.progression.services import Actor, adjust_points
    from tenants.context import TenantContext, enter_tenant
    from tenants.models import Tenant

    context = TenantContext.of(Tenant.objects.get(slug=slug))
    with enter_tenant(context):
        while True:
            adjust_points(
                member_id=random.randrange(1, 100_000),
                amount=random.randrange(1, 5_000),
                reason="benchmark",
                actor=Actor("system", 0, "bench"),
                idempotency_key=str(uuid.uuid4()),
                context=context,
            )


if __name__ == "__main__":
    main(sys.argv[1])
