"""Whether “Support” stands in the navigation of members' pages."""

from __future__ import annotations

from typing import Final

from engagement.supporters.models import Supporter, SupporterTier, SupportState, TierState
from saas.core import clock
from tenants.context import TenantContext
from tenants.gates import is_open

GATE: Final = "supporters"


def is_shown_in_nav(context: TenantContext, member_id: int | None) -> bool:
    """Where something is sold, and for whoever supports already. At most two queries, one where something is sold, none in a
    community that never had a plan with it."""
    opens = is_open(GATE, context.entitlements, clock.now())
    if opens and SupporterTier.objects.filter(state=TierState.ON_SALE).exists():
        return True
    if member_id is None or not (opens or context.entitlements.phases):
        return False
    return Supporter.objects.filter(member_id=member_id).exclude(state=SupportState.ENDED).exists()
