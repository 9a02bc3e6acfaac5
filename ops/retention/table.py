"""What is pruned at night. `ops/retention.md` says the same in words, and a test holds the two together.

Packages that sweep their own tables, such as notices and Stripe's events, do so themselves and stand in the reference only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from engagement.activity.gaps import GAPS_KEPT, prune_gaps
from engagement.activity.poison import REPLAYED_KEPT, prune_poison
from engagement.progression.pruning import BULK_ACTS_KEPT, prune_bulk_acts
from frontend_api.site.sessions import prune_sessions
from integrations.discord.pruning import DELIVERIES_KEPT, prune_deliveries
from saas.events.pruning import EVENTS_KEPT, prune_events
from tenants.invites import INVITES_KEPT, prune_invites
from tenants.schema_script import SCRIPTS_KEPT, prune_scripts


@dataclass(frozen=True, slots=True)
class Kept:
    """One thing that goes. `prune` works in the schema in hand, in slices, and answers how many rows went.

    `by_owner`: the app's role may not delete there, so a job of the owner's queue does it.
    """

    table: str
    kept: timedelta
    prune: Callable[[], int]
    by_owner: bool = False


OF_PUBLIC: Final = (
    Kept("public_event", EVENTS_KEPT, prune_events, by_owner=True),
    Kept("schema_script", SCRIPTS_KEPT, prune_scripts, by_owner=True),
    Kept("poison_activity", REPLAYED_KEPT, prune_poison),
    Kept("invite", INVITES_KEPT, prune_invites),
    Kept("django_session", timedelta(0), prune_sessions),
)
OF_TENANTS: Final = (
    Kept("domain_event", EVENTS_KEPT, prune_events, by_owner=True),
    Kept("discord_delivery", DELIVERIES_KEPT, prune_deliveries),
    Kept("bulk_act", BULK_ACTS_KEPT, prune_bulk_acts),
    Kept("hearing_gap", GAPS_KEPT, prune_gaps),
)
