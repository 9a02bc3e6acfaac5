"""Roles that members redeemed: given for good or for a time, as part of the roles that are desired (roles.py).

Invariant: whose a role is, is written down before Discord is asked. Who had it before the redemption keeps it, whatever ends.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from engagement.members.models import Member
from engagement.rewards.fulfilling import begin_giving_role, hold_up, note_role_given
from engagement.rewards.fulfilling import note_role_ended as note_ended
from engagement.rewards.fulfilment_selectors import list_members_with_grants
from engagement.rewards.models import Redemption, RedemptionState
from tenants.context import TenantContext

from .client import DiscordClient
from .roles import bring_roles, holds_role

logger = logging.getLogger(__name__)


def follow_reward_role(
    context: TenantContext, client: DiscordClient, *, redemption_id: int, levels: bool = True
) -> bool:
    """Give the role of an approved redemption, or take back that of one which ended. Answers whether it stands as it should.

    Idempotent. What keeps the bot from it is noted with its fix, and the redemption waits. Raises RetryLaterError, DiscordAwayError.
    """
    redemption = Redemption.objects.filter(pk=redemption_id).first()
    if redemption is None or "role_id" not in redemption.outcome:
        return True
    role_id = int(redemption.outcome["role_id"])
    if redemption.state == RedemptionState.APPROVED and not _begin(context, client, redemption, role_id):
        return False
    synced = bring_roles(context, client, member_id=redemption.member_id, levels=levels)
    if redemption.state != RedemptionState.APPROVED:
        return role_id not in synced.problems
    if role_id in synced.held:
        note_role_given(redemption_id=redemption_id)
        return True
    logger.info("Redemption %s waits for its role: %s", redemption_id, synced.problems.get(role_id, "away"))
    hold_up(redemption_id=redemption_id, why="member" if synced.away else "role")
    return False


def _begin(context: TenantContext, client: DiscordClient, redemption: Redemption, role_id: int) -> bool:
    """Note whether the member had the role before. False for a member who is not there: there is nobody to give it to."""
    if {"giving", "had"} & redemption.outcome.keys():
        return True
    had = holds_role(context, client, member_id=redemption.member_id, role_id=role_id)
    if had is None:
        hold_up(redemption_id=redemption.pk, why="member")
        return False
    # A role that another redemption of theirs gave is ours.
    others = Redemption.objects.filter(
        member_id=redemption.member_id, outcome__role_id=str(role_id), outcome__giving=True
    )
    ours = others.exclude(pk=redemption.pk).exclude(outcome__has_key="ended").exists()
    return begin_giving_role(redemption_id=redemption.pk, had=had and not ours) is not None


def end_reward_role(
    context: TenantContext, client: DiscordClient, *, redemption_id: int, levels: bool = True
) -> bool:
    """Take the role of a redemption whose time is over. Answers whether that is done. Idempotent, raises as follow_reward_role."""
    redemption = Redemption.objects.get(pk=redemption_id)
    synced = bring_roles(context, client, member_id=redemption.member_id, levels=levels)
    role_id = int(redemption.outcome["role_id"])
    if role_id in synced.problems:
        return False
    note_ended(redemption_id=redemption_id, still=role_id in synced.held)
    return True


def list_members_lacking(*, after_id: int = 0, limit: int = 300) -> Iterable[int]:
    """Members who, as last seen, lack a role that they redeemed; by id. Two queries."""
    wanted = list_members_with_grants(after_id=after_id)
    here = Member.objects.filter(pk__in=wanted, departed_at=None, deleted_at=None, is_bot=False)
    lacking = [
        member.pk
        for member in here.only("id", "role_ids").order_by("pk")
        if set(wanted[member.pk]) - {int(role) for role in member.role_ids}
    ]
    return lacking[:limit]
