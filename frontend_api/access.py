"""Who may open what: every route and socket stands here, and a test asks each of them.

everybody   no login needed
session     works on the session in hand, whoever it is (signing out)
any other   an action of tenants.permissions, whose role is asked for
"""

from __future__ import annotations

from typing import Final

EVERYBODY: Final = "everybody"
SESSION: Final = "session"
TEAM: Final = "view_dashboard"

TENANT_ROUTES: Final = {
    "front": "view_board",
    "leaderboard": "view_board",
    "member": "view_profile",  # hidden members: themselves and the team
    "reason": "view_profile",  # of aliased and hidden members, and what was done by hand: themselves and the team
    "earn": "view_ways_to_earn",
    "dashboard": TEAM,
    "dashboard-palette": TEAM,
    "dashboard-view-save": TEAM,
    "dashboard-view-remove": TEAM,  # one's own views; shared ones of others: manage_team
    "dashboard-members": "view_members",
    "dashboard-members-export": "export_members",
    "dashboard-member": "view_members",
    "dashboard-rules": "view_rules",
    "dashboard-rule-new": "change_rules",
    "dashboard-rules-general": "change_rules",
    "dashboard-rule": "view_rules",  # saving: change_rules
    "dashboard-rule-switch": "change_rules",
    "dashboard-rule-archive": "change_rules",
    "dashboard-rule-restore": "change_rules",
    "dashboard-rule-versions": "view_rules",
    "dashboard-rule-revert": "change_rules",
    "login": EVERYBODY,
    "ticket": EVERYBODY,  # needs a ticket and its nonce
    "visit": EVERYBODY,  # needs a ticket
    "logout": SESSION,
    "theme": EVERYBODY,
}
PUBLIC_ROUTES: Final = {
    "front": EVERYBODY,
    "login": EVERYBODY,
    "continue": EVERYBODY,  # leads strangers to the form
    "logout": SESSION,
    "new-community": EVERYBODY,  # leads strangers to the form of sign-in
    "new-address": EVERYBODY,  # a stranger's is a 404
    "new-progress": EVERYBODY,  # its owner's alone; leads strangers to the form of sign-in
    "new-retry": EVERYBODY,  # likewise
    "install": EVERYBODY,  # leads strangers to the form; asks for "link_guild" in the community that it names
    "discord-callback": EVERYBODY,  # needs a state that was begun in this session
}
SOCKETS: Final = {
    "live-board": "view_board",
    "live-home": TEAM,
    "live-nowhere": EVERYBODY,  # refuses
}
