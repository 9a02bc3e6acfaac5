"""Who may open what: every route and socket stands here, and a test asks each of them.

everybody   no login needed
session     works on the session in hand, whoever it is (signing out)
user        whoever is signed in, on what is their own
any other   an action of tenants.permissions, whose role is asked for
"""

from __future__ import annotations

from typing import Final

EVERYBODY: Final = "everybody"
SESSION: Final = "session"
USER: Final = "user"
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
    "dashboard-boards": "change_boards",
    "dashboard-settings": "view_settings",  # saving: change_settings
    "dashboard-settings-history": "view_audit",
    "dashboard-settings-revert": "view_audit",  # and the setting's own action
    "dashboard-commands": "view_settings",
    "dashboard-command": "change_commands",
    "dashboard-command-clear": "change_commands",
    "dashboard-levels": "view_rules",
    "dashboard-curve": "change_levels",
    "dashboard-level-names": "change_levels",
    "dashboard-level-roles": "view_settings",
    "dashboard-level-role-new": "change_announcements",
    "dashboard-level-role": "change_announcements",
    "dashboard-level-role-remove": "change_announcements",
    "dashboard-level-role-restore": "change_announcements",
    "dashboard-announcements": "change_announcements",
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
    "pricing": EVERYBODY,
    "signup": EVERYBODY,
    "account_email_verification_sent": EVERYBODY,
    "resend": EVERYBODY,
    "account_confirm_email": EVERYBODY,  # needs the key that was mailed
    "email-confirmed": EVERYBODY,
    "account_reset_password": EVERYBODY,
    "account_reset_password_done": EVERYBODY,
    "account_reset_password_from_key": EVERYBODY,  # needs the key that was mailed
    "account_reset_password_from_key_done": EVERYBODY,
    "mfa_authenticate": EVERYBODY,  # needs a sign-in that waits for its second step
    "account_inactive": EVERYBODY,
    "discord-sign-in": EVERYBODY,
    "invite": EVERYBODY,  # needs a token; taking it needs a login
    "deleted": EVERYBODY,
    "settings": USER,
    "account_email": USER,
    "sign-in-methods": USER,
    "account_change_password": USER,
    "account_set_password": USER,
    "discord-unlink": USER,
    "sessions": USER,
    "mfa_index": USER,
    "mfa_activate_totp": USER,
    "mfa_deactivate_totp": USER,
    "mfa_view_recovery_codes": USER,
    "mfa_generate_recovery_codes": USER,
    "prove": USER,
    "delete-login": USER,
    "account_login": EVERYBODY,  # the same page as login, by the name that allauth looks for
    "account_signup": EVERYBODY,  # the same page as signup, likewise
    "new-community": EVERYBODY,  # leads strangers to the form of sign-in
    "new-address": EVERYBODY,  # a stranger's is a 404
    "new-progress": EVERYBODY,  # its owner's alone; leads strangers to the form of sign-in
    "new-retry": EVERYBODY,  # likewise
    "install": EVERYBODY,  # leads strangers to the form; asks for "link_guild" in the community that it names
    "claim": EVERYBODY,  # needs a ticket and a login as the Discord user that it names; asks for "link_guild"
    "discord-callback": EVERYBODY,  # needs a state that was begun in this session
}
SOCKETS: Final = {
    "live-board": "view_board",
    "live-home": TEAM,
    "live-nowhere": EVERYBODY,  # refuses
}
