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
    "bot": TEAM,
    "bot-check": TEAM,
    "bot-unlink": "link_guild",
    "dashboard-palette": TEAM,
    "dashboard-view-save": TEAM,
    "dashboard-view-remove": TEAM,  # one's own views; shared ones of others: manage_team
    "imports": "run_imports",
    "import-new": "run_imports",
    "import": "run_imports",
    "import-lines": "run_imports",
    "import-lines-export": "run_imports",
    "import-act": "run_imports",  # and that of level roles: CHOICES
    "dashboard-members": "view_members",
    "dashboard-members-export": "export_members",
    "dashboard-member": "view_members",
    "setup": TEAM,
    "setup-heard": TEAM,
    "setup-step": TEAM,
    "setup-try": "manage_members",
    "setup-live": "go_live",
    "setup-shadow": "go_live",
    "setup-skip": "go_live",
    "setup-template-choose": "change_rules",
    "setup-template-undo": "change_rules",
    "community": "view_settings",
    "community-address": "change_address",
    "community-offer": "transfer_ownership",
    "community-offer-withdraw": "transfer_ownership",
    "community-delete": "delete_community",
    "dashboard-members-register": "manage_members",
    "dashboard-members-types": "manage_members",
    "dashboard-members-pick": "view_members",
    "dashboard-members-bulk": "view_members",  # and the act's own: CHOICES
    "dashboard-members-bulk-result": "view_members",
    "dashboard-members-bulk-undo": "view_members",  # likewise
    "dashboard-member-edit": "manage_members",
    "dashboard-member-points": "adjust_points",
    "dashboard-member-undo": "undo_adjustment",
    "dashboard-member-delete": "delete_members",
    "dashboard-member-restore": "delete_members",
    "dashboard-member-merge": "delete_members",
    "dashboard-member-code": "manage_members",
    "claim": SESSION,  # a login, which may have no role here yet; and a code
    "dashboard-team": "view_team",
    "dashboard-team-roles": "view_team",
    "dashboard-team-invite": "manage_team",
    "dashboard-team-invite-renew": "manage_team",
    "dashboard-team-invite-withdraw": "manage_team",
    "dashboard-team-map": "manage_team",
    "dashboard-team-leave": "view_team",  # oneself
    "dashboard-team-person": "manage_team",  # those below oneself
    "dashboard-team-remove": "manage_team",  # likewise
    "dashboard-keys": "manage_api_keys",
    "dashboard-key-create": "manage_api_keys",
    "dashboard-key-rotate": "manage_api_keys",
    "dashboard-key-revoke": "manage_api_keys",
    "billing": "view_billing",
    "billing-plans": "view_billing",
    "billing-banner": TEAM,
    "billing-begin": "manage_billing",
    "billing-return": "view_billing",  # what this community began; an admin may have taken the payment over
    "billing-change": "manage_billing",
    "billing-cover": "manage_billing",
    "billing-leave": "manage_billing",
    "billing-cancel": "manage_billing",
    "billing-resume": "manage_billing",
    "billing-undo": "manage_billing",
    "billing-payer": "view_billing",  # the owner, the payer and whom the payment was offered to
    "billing-offer-end": "view_billing",  # likewise
    "billing-cap": "manage_billing",
    "billing-portal": "view_billing",  # the payer alone
    "billing-portal-back": "view_billing",
    "billing-invoices": "view_billing",  # and the payer alone
    "dashboard-audit": "view_audit",
    "dashboard-audit-export": "export_audit",
    "dashboard-audit-entry": "view_audit",
    "dashboard-rules": "view_rules",
    "dashboard-rule-new": "change_rules",
    "dashboard-rules-general": "change_rules",
    "dashboard-rule": "view_rules",  # saving: change_rules
    "dashboard-rule-switch": "change_rules",
    "dashboard-rule-archive": "change_rules",
    "dashboard-rule-restore": "change_rules",
    "dashboard-rule-versions": "view_rules",
    "dashboard-rule-revert": "change_rules",
    "dashboard-boosts": "view_boosts",
    "dashboard-boost-new": "change_boosts",
    "dashboard-boost-stop": "change_boosts",
    "dashboard-boost-resume": "change_boosts",
    "dashboard-boards": "change_boards",
    "dashboard-settings": "view_settings",  # saving: change_settings
    "dashboard-settings-history": "view_audit",
    "dashboard-settings-revert": "view_audit",  # and the setting's own: CHOICES
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
    "dashboard-rewards": "view_rewards",
    "dashboard-reward-new": "change_rewards",
    "dashboard-rewards-bulk": "change_rewards",
    "dashboard-rewards-order": "change_rewards",
    "dashboard-reward-tiers": "view_rewards",  # saving: change_rewards
    "dashboard-rewards-exchange": "view_rewards",  # bringing one in: change_rewards
    "dashboard-rewards-export": "view_rewards",
    "dashboard-rewards-table": "change_rewards",
    "dashboard-rewards-table-act": "change_rewards",
    "dashboard-reward": "view_rewards",
    "dashboard-reward-edit": "change_rewards",
    "dashboard-reward-state": "change_rewards",
    "dashboard-reward-restore": "change_rewards",
    "dashboard-reward-restock": "change_rewards",
    "dashboard-reward-codes": "change_rewards",
    "dashboard-reward-codes-withdraw": "change_rewards",
    "dashboard-reward-codes-run": "change_rewards",
    "dashboard-sponsors": "view_rewards",
    "dashboard-sponsor-new": "change_rewards",
    "dashboard-sponsor": "change_rewards",
    "dashboard-sponsor-move": "change_rewards",
    "file": EVERYBODY,  # needs a signed address of this community that is not over
    # insights
    "dashboard-economy": "view_economy",
    "dashboard-reward-funnel": "view_economy",
    "dashboard-reward-funnel-export": "view_economy",
    "dashboard-sponsor-report": "view_economy",
    "dashboard-sponsor-report-export": "view_economy",
    "dashboard-team-channel": "change_announcements",
    "notices": "view_own_history",
    "notice": "view_own_history",  # one's own; another member's is a 404
    "notices-read": "view_own_history",
    "notices-choose": "view_own_history",
    "dashboard-credits": "view_credits",
    "dashboard-credits-export": "decide_credits",
    "dashboard-credits-bulk": "view_credits",  # and the act's own: CHOICES
    "dashboard-credit-figures": "view_credits",
    "dashboard-credit-request": "view_credits",
    "dashboard-credit-approve": "decide_credits",
    "dashboard-credit-approve-part": "decide_credits",
    "dashboard-credit-reject": "decide_credits",
    "dashboard-credit-ask": "decide_credits",
    "dashboard-credit-undo": "decide_credits",
    "dashboard-credit-moves": "view_credits",
    "dashboard-credit-moves-export": "decide_credits",
    "dashboard-credit-move": "grant_credits",
    "dashboard-credit-move-undo": "grant_credits",
    "dashboard-credit-types": "view_credits",
    "dashboard-credit-type-new": "change_credits",
    "dashboard-credit-type": "change_credits",
    "dashboard-credit-type-archive": "change_credits",
    "dashboard-credit-type-restore": "change_credits",
    "dashboard-credit-trust": "change_credits",
    "dashboard-credit-trust-remove": "change_credits",
    "my-credits": "request_credits",
    "my-credits-request": "request_credits",
    "my-credits-history": "request_credits",
    "my-credit-request": "request_credits",  # one's own; another member's is a 404
    "my-credit-answer": "request_credits",  # likewise
    "my-credit-cancel": "request_credits",  # likewise
    "credits-trusted": "request_credits",  # who is trusted with a quota; for others it is a 404
    "credits-trusted-decide": "request_credits",  # likewise
    "shop": "view_shop",
    "shop-reward": "view_shop",
    "shop-redeem": "redeem_rewards",
    "shop-queue": "redeem_rewards",
    "redemptions": "redeem_rewards",
    "redemption": "redeem_rewards",  # one's own; another member's is a 404
    "redemption-cancel": "redeem_rewards",  # likewise
    "address": EVERYBODY,  # needs a redemption's link, which works once
    "download": EVERYBODY,  # needs a redemption's link that is not over
    "dashboard-redemptions-parcels": "fulfil_redemptions",
    "redemption-code": "redeem_rewards",  # likewise
    "redemption-download": "redeem_rewards",  # likewise
    "redemption-address": "redeem_rewards",  # likewise
    "redemption-arrived": "redeem_rewards",  # likewise
    "dashboard-redemptions": "view_redemptions",
    "dashboard-redemptions-export": "export_redemptions",
    "dashboard-redemptions-bulk": "view_redemptions",  # and the act's own: CHOICES
    "dashboard-redemption": "view_redemptions",
    "dashboard-redemption-approve": "decide_redemptions",
    "dashboard-redemption-reject": "decide_redemptions",
    "dashboard-redemption-refund": "decide_redemptions",
    "survey-hook": EVERYBODY,  # needs a survey tool's signature
    "dashboard-redemption-ship": "fulfil_redemptions",
    "dashboard-redemption-deliver": "fulfil_redemptions",
    "dashboard-redemption-address": "fulfil_redemptions",
    # submissions; deciding is for the reviewers that a kind names as well, whom the service asks for
    "dashboard-submissions": "view_submissions",
    "dashboard-submissions-export": "review_submissions",
    "dashboard-submissions-all": "view_submissions",
    "dashboard-submissions-all-export": "review_submissions",
    "dashboard-submissions-bulk": "view_submissions",  # and the act's own: CHOICES
    "dashboard-submissions-bulk-result": "view_submissions",  # one's own
    "dashboard-submissions-bulk-undo": "review_submissions",
    "dashboard-submission": "view_submissions",
    "dashboard-submission-sum": "view_submissions",
    "dashboard-submission-approve": "review_submissions",
    "dashboard-submission-reject": "review_submissions",
    "dashboard-submission-ask": "review_submissions",
    "dashboard-submission-claim": "review_submissions",
    "dashboard-submission-release": "review_submissions",
    "dashboard-submission-undo": "review_submissions",
    "dashboard-reasons": "review_submissions",
    "dashboard-reason-remove": "review_submissions",
    "dashboard-submission-types": "view_submissions",
    "dashboard-submission-type-new": "change_submission_types",
    "dashboard-submission-type": "view_submissions",  # saving: change_submission_types
    "dashboard-submission-type-switch": "change_submission_types",
    "dashboard-submission-type-move": "change_submission_types",
    "dashboard-submission-type-archive": "change_submission_types",
    "dashboard-submission-type-restore": "change_submission_types",
    "dashboard-submission-type-survey": "change_submission_types",
    "dashboard-submission-packs": "change_submission_types",
    "dashboard-submission-pack": "change_submission_types",
    "submit": "submit_work",
    "submit-find": "submit_work",
    "submit-type": "submit_work",
    "my-submissions": "submit_work",
    "submission": "submit_work",  # one's own
    "submission-withdraw": "submit_work",  # one's own
    "survey": EVERYBODY,  # needs a signed link
    # supporters
    "dashboard-supporters": "view_supporters",
    "dashboard-support-tiers": "view_supporters",
    "dashboard-support-tier-new": "manage_supporters",
    "dashboard-support-tier": "manage_supporters",
    "dashboard-support-tier-switch": "manage_supporters",
    "dashboard-support-tier-move": "manage_supporters",
    "dashboard-support-tier-delete": "manage_supporters",
    "dashboard-supporters-people": "view_supporters",
    "dashboard-supporters-people-export": "view_supporters",
    "dashboard-supporter": "view_supporters",
    "dashboard-support-payments": "view_supporters",
    "dashboard-support-payments-export": "view_supporters",
    "dashboard-support-payment": "view_supporters",
    "dashboard-support-refund": "manage_supporters",
    "dashboard-support-news": "manage_supporters",
    "dashboard-payouts": "manage_payouts",
    "dashboard-payouts-connect": "manage_payouts",
    "dashboard-payouts-return": "manage_payouts",
    "dashboard-payouts-again": "manage_payouts",
    "dashboard-payouts-open": "manage_payouts",
    "dashboard-payouts-confirm": "manage_payouts",
    "dashboard-payouts-replace": "manage_payouts",
    "dashboard-payouts-call-off": "manage_payouts",
    "support": "view_shop",
    "support-tier": "support_community",
    "support-return": "support_community",  # one's own; another member's payment is a 404
    "support-cancel": "support_community",  # one's own
    "support-resume": "support_community",  # likewise
    "support-card": "support_community",  # likewise
    "login": EVERYBODY,
    "credit-mail": EVERYBODY,  # needs the signed link of a mail; deciding asks what its addressee may
    "ticket": EVERYBODY,  # needs a ticket and its nonce
    "visit": EVERYBODY,  # needs a ticket
    "logout": SESSION,
    "theme": EVERYBODY,
}
# Routes whose forms ask for more than looking does.
SAVING: Final = {
    "dashboard-rule": "change_rules",
    "dashboard-settings": "change_settings",
    "dashboard-reward-tiers": "change_rewards",
    "dashboard-rewards-exchange": "change_rewards",
    "dashboard-submission-type": "change_submission_types",
}
# Forms that ask for the permission of what is chosen in them as well: the choice → its action.
CHOICES: Final = {
    "dashboard-members-bulk": {
        "points": "adjust_points",
        "hide": "manage_members",
        "show": "manage_members",
        "delete": "delete_members",
        "restore": "delete_members",
        "export": "export_members",
    },
    "dashboard-members-bulk-undo": {
        "points": "undo_adjustment",
        "hide": "manage_members",
        "show": "manage_members",
        "delete": "delete_members",
        "restore": "delete_members",
    },
    "dashboard-redemptions-bulk": {
        "approve": "decide_redemptions",
        "reject": "decide_redemptions",
        "deliver": "fulfil_redemptions",
        "export": "export_redemptions",
    },
    # by the noun of what was recorded
    "dashboard-settings-revert": {
        "settings": "change_settings",
        "rule_settings": "change_rules",
        "rule": "change_rules",
        "levels": "change_levels",
        "announcements": "change_announcements",
        "board": "change_boards",
        "commands": "change_commands",
    },
    "dashboard-credits-bulk": {
        "approve": "decide_credits",
        "reject": "decide_credits",
        "ask": "decide_credits",
        "export": "decide_credits",
    },
    "import-act": {"rewards": "change_announcements"},
    "dashboard-submissions-bulk": {
        "approve": "review_submissions",
        "reject": "review_submissions",
        "ask": "review_submissions",
    },
}
PUBLIC_ROUTES: Final = {
    "front": EVERYBODY,
    "login": EVERYBODY,
    "continue": EVERYBODY,  # leads strangers to the form
    "logout": SESSION,
    "pricing": EVERYBODY,
    "pricing-start": EVERYBODY,  # leads strangers to the form
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
    "communities": USER,
    "community-restore": USER,  # its owner alone
    "community-accept": USER,  # whom it was offered to
    "community-decline": USER,  # likewise
    "console": USER,
    "console-usage": USER,  # of what they pay for
    "console-hand-over": USER,  # its owner alone
    "console-payer-new": USER,
    "console-payer": USER,  # one of their own
    "console-costs-all": USER,  # of their own payers and communities
    "console-costs": USER,  # likewise
    "console-invoices": USER,  # likewise
    "console-retainer": USER,  # likewise
    "console-copy": USER,  # asks for the permission of each part in both communities
    "console-copy-undo": USER,  # likewise
    "install": EVERYBODY,  # leads strangers to the form; asks for "link_guild" in the community that it names
    "claim": EVERYBODY,  # needs a ticket and a login as the Discord user that it names; asks for "link_guild"
    "discord-callback": EVERYBODY,  # needs a state that was begun in this session
    "stripe-webhook": EVERYBODY,  # needs Stripe's signature
    "ops": "operate",
    "ops-communities": "operate",
    "ops-community": "operate",
    "ops-suspend": "operate",
    "ops-resume": "operate",
    "ops-plan-give": "operate",
    "ops-plan-take-back": "operate",
    "ops-lag": "operate",
    "ops-poison": "operate",
    "ops-poison-one": "operate",
    "ops-replay": "operate",
    "ops-jobs": "operate",
    "ops-job-retry": "operate",
    "ops-job-cancel": "operate",
    "ops-flags": "operate",
    "ops-flag": "operate",
    "ops-stripe-events": "operate",
    "ops-stripe-compare": "operate",
    "ops-stripe-event": "operate",
    "ops-stripe-replay": "operate",
    "ops-stripe-replay-all": "operate",
    "ops-retainers": "operate",
    "ops-retainer": "operate",
    "ops-retainer-terms": "operate",
}
CLOSED_ROUTES: Final = {"closed": EVERYBODY}
SOCKETS: Final = {
    "live-board": "view_board",
    "live-home": TEAM,
    "live-nowhere": EVERYBODY,  # refuses
}
