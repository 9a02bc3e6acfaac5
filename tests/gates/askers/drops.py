"""The queue of a drop, over REST."""

from __future__ import annotations

from datetime import timedelta

from saas.core import clock
from tests.cast import ACME
from tests.gates.askers import World, asks, is_open


@asks("rest join_drop")
def join(world: World) -> bool:
    from engagement.progression.services import ensure_member
    from engagement.rewards.models import Reward
    from tenants.context import enter_tenant

    with enter_tenant(world.context):
        external = str(ACME.discord_id("owner"))
        ensure_member(provider="discord", external_id=external, display_name="Olive")
        drop = Reward.objects.create(
            kind="custom",
            key="the-drop",
            name="The drop",
            price=10,
            state="active",
            is_drop=True,
            starts_at=clock.now() - timedelta(hours=1),  # until then even without the plan: it was announced
        )
    return is_open(
        world.owner.post(f"/api/v1/rewards/{drop.pk}/queue", "{}", content_type="application/json")
    )
