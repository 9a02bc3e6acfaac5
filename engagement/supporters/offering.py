"""Whether a member may begin to support, asked before anybody is sent to pay."""

from __future__ import annotations

from engagement.members.errors import MemberDeletedError
from engagement.members.selectors import get_member
from tenants.context import TenantContext
from tenants.gatekeeping import require_gate

from .errors import AlreadySupportingError, TierNotAlikeError, TierNotOnSaleError
from .models import Supporter, SupporterTier, TierState
from .selectors import find_running, get_tier


def require_offer(*, context: TenantContext, member_id: int, tier_key: str) -> SupporterTier:
    """The tier that the member may begin with now. A few queries.

    Raises GateClosedError, TierNotFoundError, TierNotOnSaleError, MemberNotFoundError, MemberDeletedError, AlreadySupportingError.
    """
    require_gate("supporters", context)
    tier = get_tier(key=tier_key)
    if tier.state == TierState.DRAFT:
        raise TierNotOnSaleError("This tier")  # its name is the team's own as yet
    if tier.state != TierState.ON_SALE:
        raise TierNotOnSaleError(tier.name)
    member = get_member(member_id=member_id)
    if member.deleted_at is not None:
        raise MemberDeletedError("This member was deleted, so that nothing can be begun for them.")
    running = find_running(member_id=member_id)
    if running is not None:
        raise AlreadySupportingError(running.tier.name)
    return tier


def require_alike(*, running: Supporter, tier_key: str) -> SupporterTier:
    """A tier that somebody who supports may change to: another one, on sale, of the same currency and period.

    Raises TierNotFoundError, TierNotOnSaleError, TierNotAlikeError. A query.
    """
    tier = get_tier(key=tier_key)
    if tier.state != TierState.ON_SALE:
        raise TierNotOnSaleError(tier.name if tier.state == TierState.RETIRED else "This tier")
    if (tier.currency, tier.interval) != (running.currency, running.interval):
        raise TierNotAlikeError(tier.name)
    return tier
