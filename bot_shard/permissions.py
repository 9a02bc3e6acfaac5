"""Who may do what through the bot: the higher of the person's Membership in the dashboard and what their permissions in
Discord stand for (DESIGN section 3). `default_member_permissions` only hides a command; this decides.
"""

from __future__ import annotations

import discord

from tenants.context import TenantContext
from tenants.models import Membership

_MODERATING = frozenset({Membership.Role.OWNER, Membership.Role.ADMIN, Membership.Role.MODERATOR})


def may_adjust_points(*, context: TenantContext, discord_id: int, permissions: int) -> bool:
    """`permissions` are those of the interaction's own payload: computed by Discord, for that channel, at that moment."""
    granted = discord.Permissions(permissions)
    if granted.administrator or granted.manage_guild or granted.moderate_members:
        return True
    return Membership.objects.filter(
        tenant_id=context.tenant_id, user__discord_id=discord_id, role__in=_MODERATING
    ).exists()
