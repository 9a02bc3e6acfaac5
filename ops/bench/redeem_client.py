"""One of the clients of the `redeem` benchmark: `python -m ops.bench.redeem_client <slug>`.

Reads “ours hot 1.5 17” (whose path, one reward or many, seconds, seed) a line, does it, and answers how many it redeemed.
"""

from __future__ import annotations

import random
import sys
import time
import uuid
from collections.abc import Callable

import django
import psycopg


def main(slug: str) -> None:
    django.setup()
    from django.conf import settings

    from engagement.audit.actor import Actor
    from engagement.rewards.redeeming import redeem_reward
    from ops.bench.redeem import MEMBERS, REWARDS
    from ops.bench.redeem_floor import redeem_barely
    from tenants.context import TenantContext, enter_tenant
    from tenants.models import Tenant

    context = TenantContext.of(Tenant.objects.get(slug=slug))
    bare = psycopg.connect(settings.DATABASE_URL, autocommit=True)

    def ours(member_id: int, reward_id: int, key: str) -> None:
        actor = Actor("member", member_id, "Member", role="member", via="rest")
        with enter_tenant(context):
            redeem_reward(
                context=context, member_id=member_id, reward_id=reward_id, key=key, via="rest", actor=actor
            )

    def floor(member_id: int, reward_id: int, key: str) -> None:
        redeem_barely(bare, member_id, reward_id, key)

    paths: dict[str, Callable[[int, int, str], None]] = {"ours": ours, "floor": floor}
    print("ready", flush=True)
    for line in sys.stdin:
        path, spread, seconds, seed = line.split()
        dice, redeem, done = random.Random(int(seed)), paths[path], 0
        ends = time.perf_counter() + float(seconds)
        while time.perf_counter() < ends:
            reward_id = 1 if spread == "hot" else dice.randint(2, REWARDS + 1)
            redeem(dice.randint(1, MEMBERS), reward_id, uuid.uuid4().hex)
            done += 1
        print(done, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
