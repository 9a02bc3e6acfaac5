"""Who may do what through the bot: the one table of tenants.permissions, asked with what the interaction itself tells.

`default_member_permissions` only hides a command; this decides.
"""

from __future__ import annotations

from collections.abc import Iterable

from tenants.context import TenantContext
from tenants.permissions import (
    PERMISSIONS,
    NotPermittedError,
    Role,
    may,
    require,
    rights_for_interaction,
    role_of_bits,
)

# Every command and menu by its name, and the action of tenants.permissions that it is.
COMMANDS = {
    "leaderboard": "view_board",
    "profile": "view_profile",
    "stats": "view_profile",
    "compare": "view_profile",
    "rank": "view_board",
    "levels": "view_ways_to_earn",
    "community": "view_ways_to_earn",
    "dashboard": "view_dashboard",
    "history": "view_own_history",
    "why": "view_own_history",
    "Explain points": "view_own_history",
    "earn": "view_ways_to_earn",
    "help": "view_ways_to_earn",
    "submit": "submit_work",
    "submissions": "submit_work",
    "shop": "view_shop",
    "redeem": "redeem_rewards",
    "redemptions": "redeem_rewards",
    "support": "support_community",
    "privacy show": "change_own_privacy",
    "privacy alias": "change_own_privacy",
    "privacy hide": "change_own_privacy",
    "claim": "claim_member",
    "points give": "adjust_points",
    "points take": "adjust_points",
    "Give points": "adjust_points",
    "request": "request_credits",
    "requests": "request_credits",
    "credits balance": "request_credits",  # another member's: view_credits
    "credits approve": "decide_credits",  # and delegated approvers, as far as their quota goes
    "credits reject": "decide_credits",  # likewise
    "credits grant": "grant_credits",
    "credits revoke": "grant_credits",
    "boost start": "change_boosts",
    "boost stop": "change_boosts",
    "boost list": "change_boosts",
    "member info": "manage_members",
    "setup check": "change_commands",
    "setup announcements": "change_announcements",
    "setup team": "change_announcements",
    "setup channels": "change_commands",
    "setup limit": "change_commands",
    "setup show": "change_commands",
}

# Groups that Discord shows to everybody although some of their commands are the team's: in /credits the balance is everybody's, and a
# delegated approver is a member like any other. Discord hides a group as a whole or not at all; the bot asks the table either way.
SHOWN_TO_ALL = frozenset({"credits"})

# Buttons in servers that belong to no community: Discord's own permissions decide, as the table reads them.
GUEST_BUTTONS = {"claim": "link_guild"}


def may_claim(*, permissions: int) -> bool:
    """Whether Discord's permissions of a guild that nobody owns let somebody claim it."""
    return may(Role(role_of_bits(permissions)), GUEST_BUTTONS["claim"])


def check_command(
    action: str,
    *,
    context: TenantContext,
    discord_id: int,
    permissions: int,
    role_ids: Iterable[int] = (),
    refusal: str = "",
) -> None:
    """`permissions` are those of the interaction's own payload: computed by Discord, for that channel, at that moment.

    `refusal` is what to say instead of the table's words, in the reader's language. Raises NotPermittedError.
    """
    rights = rights_for_interaction(context, discord_id, permissions, role_ids)
    if refusal and not rights.may(action):
        raise NotPermittedError(PERMISSIONS[action], refusal)
    require(rights, action)
