"""The queue of a drop, on its page and over REST."""

from __future__ import annotations

from datetime import timedelta

from saas.core import clock
from tests.cast import ACME
from tests.gates.askers import World, asks, is_open


@asks("rest join_drop")
def join(world: World) -> bool:
    address = f"/api/v1/rewards/{_running_drop(world)}/queue"
    return is_open(world.owner.post(address, "{}", content_type="application/json"))


@asks("page shop-queue")
def join_on_the_page(world: World) -> bool:
    address = f"/shop/{_running_drop(world)}/queue/"
    offered = 'value="join"' in world.owner.get(address).content.decode()
    joined = is_open(world.owner.post(address, {"act": "join"}))
    assert offered == joined, "the page offers what the plan lets one do"
    return joined


def _running_drop(world: World) -> int:
    """A drop that began an hour ago, in a community of which the owner is a member."""
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
    return int(drop.pk)
