"""Who may open what: every route and socket stands here, and a test asks each of them.

everybody   no login needed
session     works on the session in hand, whoever it is (signing out)
team        a Membership in this tenant, whatever its role
"""

from __future__ import annotations

from typing import Final

EVERYBODY: Final = "everybody"
SESSION: Final = "session"
TEAM: Final = "team"

TENANT_ROUTES: Final = {
    "front": EVERYBODY,
    "leaderboard": EVERYBODY,
    "member": EVERYBODY,  # hidden members: themselves and the team
    "reason": EVERYBODY,  # of aliased and hidden members, and what was done by hand: themselves and the team
    "earn": EVERYBODY,
    "dashboard": TEAM,
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
}
SOCKETS: Final = {
    "live-board": EVERYBODY,
    "live-home": TEAM,
    "live-nowhere": EVERYBODY,  # refuses
}
