"""What an API key may be allowed to do: scopes, each a set of actions of `tenants.permissions`.

A scope is named `<noun>:read` or `<noun>:write` and stays for ever, because keys hold it. An operation of the API is open to a key
that has a scope with the operation's action; nothing that an owner alone may do is open to any key.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from .permissions import Rights


@dataclass(frozen=True, slots=True)
class Scope:
    """`asks` completes "A key with this scope may …"."""

    name: str
    asks: str
    actions: frozenset[str]


def _scope(name: str, asks: str, *actions: str) -> Scope:
    return Scope(name, asks, frozenset(actions))


_TABLE: Final = (
    _scope("activities:write", "report what members did, which earns them points", "send_activities"),
    _scope("members:read", "read members, their names and figures", "view_members", "view_profile"),
    _scope("members:write", "register and change members", "manage_members"),
    _scope("entries:read", "read every member's points, and why they have them", "explain_any_entry"),
    _scope("entries:write", "give, take and give back points", "adjust_points", "undo_adjustment"),
    _scope("leaderboards:read", "read the leaderboards", "view_board"),
    _scope("rules:read", "read the rules as they are written", "view_rules", "view_ways_to_earn"),
    _scope("rules:write", "change the rules", "change_rules"),
    _scope("boosts:read", "read the boosts, and what one would take", "view_boosts"),
    _scope("boosts:write", "plan and stop boosts", "change_boosts"),
    _scope("rewards:read", "read the shop and the catalogue", "view_shop", "view_rewards"),
    _scope("rewards:write", "change rewards, tiers and sponsors, and bring codes", "change_rewards"),
    _scope("redemptions:read", "read who redeemed what", "view_redemptions"),
    _scope(
        "redemptions:write",
        "redeem for members, and decide on redemptions and hand them out",
        "redeem_rewards",
        "decide_redemptions",
        "fulfil_redemptions",
    ),
    _scope("credits:read", "read credits, requests for them, and every member's balance", "view_credits"),
    _scope(
        "credits:write", "grant and revoke credits, and change their kinds", "grant_credits", "change_credits"
    ),
    _scope(
        "credit_requests:write",
        "request credits for members, and decide on requests",
        "request_credits",
        "decide_credits",
    ),
    _scope("credit_spending:write", "spend members' credits", "spend_credits"),
    _scope("submissions:read", "read what was handed in, and what can be", "view_submissions"),
    _scope("submissions:write", "hand in for members", "submit_work"),
    _scope("submission_reviews:write", "review what was handed in", "review_submissions"),
    _scope("submission_types:write", "change what can be handed in", "change_submission_types"),
    _scope("levels:read", "read the levels", "view_ways_to_earn"),
    _scope("levels:write", "change the levels", "change_levels"),
    _scope("imports:write", "bring levels over from another bot", "run_imports"),
    _scope("usage:read", "read what was used this month and what it costs", "view_billing"),
    _scope("economy:read", "read how the economy is, and how rewards fare", "view_economy"),
    _scope(
        "supporters:read",
        "read tiers of support, who supports and what was paid",
        "view_shop",
        "view_supporters",
    ),
    _scope("supporters:write", "change tiers of support, and give payments back", "manage_supporters"),
    _scope("audit:read", "read the audit log", "view_audit"),
)
SCOPES: Final = {scope.name: scope for scope in _TABLE}


def actions_of_scopes(names: Iterable[str]) -> frozenset[str]:
    """What a key with these scopes may do. A scope of a former release gives nothing."""
    return frozenset(action for name in names if name in SCOPES for action in SCOPES[name].actions)


def list_scopes_for(rights: Rights) -> list[Scope]:
    """The scopes that somebody may give to a key: nobody gives a program more than they may do themselves."""
    return [scope for scope in _TABLE if all(rights.may(action) for action in scope.actions)]
