"""The demo's boosts: one that is over, one that runs, one that is planned. Made before the history is booked, so that what was done
while the first one ran counts double there as well. Safe to repeat: each is planned once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from engagement.audit.actor import SYSTEM
from engagement.boosts.services import BoostDraft, plan_boost
from ops.sandbox.discord.state.snowflakes import seeded_id
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tenants.gates import GateClosedError

from .communities import DemoCommunity

SLUG: Final = "pixel-pals"
_CHANNEL: Final = 3  # the kind of seeded id
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


def plan_demo_boosts(community: DemoCommunity, context: TenantContext, *, now: datetime) -> int:
    """Plan what is missing in the one community that has boosts; answers how many there are now. Nothing where its plan has none."""
    if community.slug != SLUG or community.guild is None:
        return 0
    local = now.astimezone(ZoneInfo(community.timezone)).replace(minute=0, second=0, microsecond=0)
    saturday = (local + timedelta(days=(5 - local.weekday()) % 7 or 7)).replace(hour=10)
    past = saturday - timedelta(days=14)
    events = str(seeded_id(_CHANNEL, community.guild.talk[1]))
    hour = now.replace(minute=0, second=0, microsecond=0)
    drafts = (
        (past - _DAY, BoostDraft("Double Saturday", 200, {}, past, past + 8 * _HOUR)),
        (
            hour - 3 * _HOUR,
            BoostDraft(
                "Art day",
                150,
                {"types": ["message", "reply"], "channels": [events]},
                hour - 2 * _HOUR,
                hour + 16 * _HOUR,
            ),
        ),
        (
            now,
            BoostDraft(
                "Happy Saturday",
                200,
                {},
                saturday,
                saturday + 8 * _HOUR,
                repeats_until=(saturday + 21 * _DAY).date(),
                announce=True,
            ),
        ),
    )
    made = 0
    with enter_tenant(context):
        for number, (moment, draft) in enumerate(drafts, 1):
            try:
                with clock.frozen_at(moment):
                    plan_boost(
                        context=context, draft=draft, actor=SYSTEM, key=f"demo:{number}", allowances=()
                    )
            except GateClosedError:
                return made
            made += 1
    return made
