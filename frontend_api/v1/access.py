"""Who may do what over REST: every operation, the action that people's roles are asked for, the scope that a key must have.

A test holds this against the operations that exist, and against what each scope stands for in tenants.scopes.

everybody   no login needed          signed in   any person or key that is known; with an empty scope: people alone
any other   an action of tenants.permissions. What it opens to strangers is open without a login.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tenants.permissions import PERMISSIONS, Role

# People whom one kind of credits or of submissions names may use these as well, for that kind alone (named.py).
TRUSTED: Final = "approvers of the kind"
REVIEWERS: Final = "reviewers of the kind"
EVERYBODY: Final = "everybody"
SIGNED_IN: Final = "signed in"


@dataclass(frozen=True, slots=True)
class Access:
    """`scope` is empty for what no API key may do. `named`: the people beside those who may by the action."""

    action: str
    scope: str = ""
    named: str = ""

    @property
    def words(self) -> str:
        """For the documentation."""
        if self.action == EVERYBODY:
            return "everybody"
        if self.action == SIGNED_IN:
            return "whoever is signed in" + (", and keys with any scope" if self.scope else "")
        role = PERMISSIONS[self.action].role
        people = "everybody" if role == Role.STRANGER else f"{role.title}s and above"
        people += f", and {self.named}" if self.named else ""
        return f"{people}; keys with `{self.scope}`" if self.scope else people


OPERATIONS: Final = {
    # tokens of people
    "sign_in": Access(EVERYBODY),
    "refresh": Access(EVERYBODY),  # needs a refresh token
    "sign_out": Access(EVERYBODY),  # needs a refresh token
    "list_sessions": Access(SIGNED_IN),
    "end_session": Access(SIGNED_IN),
    # who asks
    "get_me": Access(SIGNED_IN, "any"),
    "list_own_notices": Access("view_own_history"),
    "get_own_notices_state": Access("view_own_history"),
    "choose_own_notices": Access("view_own_history"),
    "read_own_notices": Access("view_own_history"),
    # boards
    "list_boards": Access("view_board", "leaderboards:read"),
    "get_board": Access("view_board", "leaderboards:read"),
    "get_board_around": Access("view_board", "leaderboards:read"),
    # what members did
    "list_activities": Access("explain_any_entry", "entries:read"),
    "get_activity": Access("explain_any_entry", "entries:read"),
    "explain_activity": Access("explain_any_entry", "entries:read"),
    "send_activity": Access("send_activities", "activities:write"),
    "send_activities": Access("send_activities", "activities:write"),
    # people
    "list_members": Access("view_members", "members:read"),
    "get_member": Access("view_members", "members:read"),
    "register_member": Access("manage_members", "members:write"),
    "change_member": Access("manage_members", "members:write"),
    "delete_member": Access("delete_members"),
    "restore_member": Access("delete_members"),
    # the ledger
    "list_entries": Access("explain_any_entry", "entries:read"),
    "explain_entry": Access("explain_any_entry", "entries:read"),
    "adjust_points": Access("adjust_points", "entries:write"),
    "undo_entry": Access("undo_adjustment", "entries:write"),
    # what earns
    "list_rules": Access("view_rules", "rules:read"),
    "get_rule": Access("view_rules", "rules:read"),
    "list_rule_versions": Access("view_rules", "rules:read"),
    "dry_run_rule": Access("view_rules", "rules:read"),
    "create_rule": Access("change_rules", "rules:write"),
    "change_rule": Access("change_rules", "rules:write"),
    "archive_rule": Access("change_rules", "rules:write"),
    # boosts
    "list_boosts": Access("view_boosts", "boosts:read"),
    "get_boost": Access("view_boosts", "boosts:read"),
    "preview_boost": Access("view_boosts", "boosts:read"),
    "create_boost": Access("change_boosts", "boosts:write"),
    "stop_boost": Access("change_boosts", "boosts:write"),
    # what is handed in
    "list_open_submission_types": Access("submit_work", "submissions:write"),
    "hand_in": Access("submit_work", "submissions:write"),
    "upload_submission_file": Access("submit_work", "submissions:write"),
    "list_own_submissions": Access("submit_work"),
    "get_own_submission": Access("submit_work"),
    "save_own_draft": Access("submit_work"),
    "resubmit_own": Access("submit_work"),
    "withdraw_own_submission": Access("submit_work"),
    "list_submissions": Access("view_submissions", "submissions:read", REVIEWERS),
    "get_submission": Access("view_submissions", "submissions:read", REVIEWERS),
    "claim_submission": Access("review_submissions", "submission_reviews:write", REVIEWERS),
    "release_claim": Access("review_submissions", "submission_reviews:write", REVIEWERS),
    "approve_submission": Access("review_submissions", "submission_reviews:write", REVIEWERS),
    "reject_submission": Access("review_submissions", "submission_reviews:write", REVIEWERS),
    "ask_about_submission": Access("review_submissions", "submission_reviews:write", REVIEWERS),
    "undo_submission_decision": Access("review_submissions", "submission_reviews:write", REVIEWERS),
    "decide_submissions": Access("review_submissions", "submission_reviews:write", REVIEWERS),
    "list_reason_templates": Access("view_submissions", "submissions:read", REVIEWERS),
    "create_reason_template": Access("review_submissions", "submission_reviews:write"),
    "delete_reason_template": Access("review_submissions", "submission_reviews:write"),
    "list_submission_types": Access("view_submissions", "submissions:read"),
    "get_submission_type": Access("view_submissions", "submissions:read"),
    "create_submission_type": Access("change_submission_types", "submission_types:write"),
    "change_submission_type": Access("change_submission_types", "submission_types:write"),
    "archive_submission_type": Access("change_submission_types", "submission_types:write"),
    "restore_submission_type": Access("change_submission_types", "submission_types:write"),
    "switch_submission_type": Access("change_submission_types", "submission_types:write"),
    "renew_survey_secret": Access("change_submission_types"),
    "close_survey": Access("change_submission_types", "submission_types:write"),
    "create_survey_link": Access("change_submission_types", "submission_types:write"),
    "list_submission_packs": Access("view_submissions", "submissions:read"),
    "install_submission_pack": Access("change_submission_types", "submission_types:write"),
    "remove_submission_pack": Access("change_submission_types", "submission_types:write"),
    # the shop and its catalogue
    "list_shop": Access("view_shop", "rewards:read"),
    "get_shop_item": Access("view_shop", "rewards:read"),
    "list_reward_tiers": Access("view_shop", "rewards:read"),
    "set_reward_tiers": Access("change_rewards", "rewards:write"),
    "list_rewards": Access("view_rewards", "rewards:read"),
    "get_reward": Access("view_rewards", "rewards:read"),
    "create_reward": Access("change_rewards", "rewards:write"),
    "change_reward": Access("change_rewards", "rewards:write"),
    "offer_reward": Access("change_rewards", "rewards:write"),
    "pause_reward": Access("change_rewards", "rewards:write"),
    "archive_reward": Access("change_rewards", "rewards:write"),
    "restore_reward": Access("change_rewards", "rewards:write"),
    "restock_reward": Access("change_rewards", "rewards:write"),
    "add_reward_codes": Access("change_rewards", "rewards:write"),
    "get_reward_codes": Access("change_rewards", "rewards:write"),
    "upload_reward_picture": Access("change_rewards", "rewards:write"),
    "remove_reward_picture": Access("change_rewards", "rewards:write"),
    "upload_reward_file": Access("change_rewards", "rewards:write"),
    "remove_reward_file": Access("change_rewards", "rewards:write"),
    "upload_sponsor_picture": Access("change_rewards", "rewards:write"),
    "remove_sponsor_picture": Access("change_rewards", "rewards:write"),
    "list_sponsors": Access("view_rewards", "rewards:read"),
    "get_sponsor": Access("view_rewards", "rewards:read"),
    "create_sponsor": Access("change_rewards", "rewards:write"),
    "change_sponsor": Access("change_rewards", "rewards:write"),
    "archive_sponsor": Access("change_rewards", "rewards:write"),
    "restore_sponsor": Access("change_rewards", "rewards:write"),
    # levels
    "get_levels": Access("view_ways_to_earn", "levels:read"),
    "preview_levels": Access("change_levels", "levels:write"),
    "change_levels": Access("change_levels", "levels:write"),
    # redemptions
    "list_redemptions": Access("view_redemptions", "redemptions:read"),
    "get_redemption": Access("view_redemptions", "redemptions:read"),
    "redeem_reward": Access("redeem_rewards", "redemptions:write"),
    "approve_redemption": Access("decide_redemptions", "redemptions:write"),
    "reject_redemption": Access("decide_redemptions", "redemptions:write"),
    "cancel_redemption": Access("decide_redemptions", "redemptions:write"),
    "fulfil_redemption": Access("fulfil_redemptions", "redemptions:write"),
    "deliver_redemption": Access("fulfil_redemptions", "redemptions:write"),
    "list_own_redemptions": Access("redeem_rewards"),
    "cancel_own_redemption": Access("redeem_rewards"),  # one's own
    "get_drop_place": Access("redeem_rewards"),  # likewise
    "join_drop": Access("redeem_rewards"),
    "leave_drop": Access("redeem_rewards"),
    "get_draw": Access("view_shop", "rewards:read"),
    # credits
    "list_credit_types": Access("view_credits", "credits:read"),
    "get_credit_type": Access("view_credits", "credits:read"),
    "create_credit_type": Access("change_credits", "credits:write"),
    "change_credit_type": Access("change_credits", "credits:write"),
    "archive_credit_type": Access("change_credits", "credits:write"),
    "restore_credit_type": Access("change_credits", "credits:write"),
    "list_credit_approvers": Access("view_credits", "credits:read"),
    "set_credit_approver": Access("change_credits"),  # whom one trusts with what is a person's to say
    "remove_credit_approver": Access("change_credits"),
    "list_credit_balances": Access("view_credits", "credits:read"),
    "list_credit_moves": Access("view_credits", "credits:read"),
    "grant_credits": Access("grant_credits", "credits:write"),
    "revoke_credits": Access("grant_credits", "credits:write"),
    "undo_credit_move": Access("grant_credits", "credits:write"),
    "spend_credits": Access("spend_credits", "credit_spending:write"),
    "list_own_credits": Access("request_credits"),
    "list_own_credit_requests": Access("request_credits"),
    "list_credit_requests": Access("view_credits", "credits:read", TRUSTED),
    "get_credit_request": Access("view_credits", "credits:read", TRUSTED),
    "get_credit_figures": Access("view_credits", "credits:read"),
    "request_credits": Access("request_credits", "credit_requests:write"),
    "answer_credit_request": Access("request_credits"),  # one's own
    "cancel_credit_request": Access("request_credits"),  # likewise
    "approve_credit_request": Access("decide_credits", "credit_requests:write", TRUSTED),
    "reject_credit_request": Access("decide_credits", "credit_requests:write", TRUSTED),
    "ask_about_credit_request": Access("decide_credits", "credit_requests:write", TRUSTED),
    "undo_credit_decision": Access("decide_credits", "credit_requests:write"),
    "decide_credit_requests": Access("decide_credits", "credit_requests:write", TRUSTED),
    # the economy
    "get_economy": Access("view_economy", "economy:read"),
    "list_stock_forecasts": Access("view_economy", "economy:read"),
    "list_reward_funnel": Access("view_economy", "economy:read"),
    "get_sponsor_report": Access("view_economy", "economy:read"),
    # supporters
    "list_support_offers": Access("view_shop", "supporters:read"),
    "list_supporter_tiers": Access("view_supporters", "supporters:read"),
    "get_supporter_tier": Access("view_supporters", "supporters:read"),
    "create_supporter_tier": Access("manage_supporters", "supporters:write"),
    "change_supporter_tier": Access("manage_supporters", "supporters:write"),
    "switch_supporter_tier": Access("manage_supporters", "supporters:write"),
    "move_supporter_tier": Access("manage_supporters", "supporters:write"),
    "delete_supporter_tier": Access("manage_supporters", "supporters:write"),
    "list_supporters": Access("view_supporters", "supporters:read"),
    "get_supporter": Access("view_supporters", "supporters:read"),
    "list_supporter_payments": Access("view_supporters", "supporters:read"),
    "refund_supporter_payment": Access("manage_supporters", "supporters:write"),
    "get_own_support": Access("support_community"),
    "begin_own_support": Access("support_community"),  # one's own money: no key spends it
    "cancel_own_support": Access("support_community"),
    "resume_own_support": Access("support_community"),
    "preview_own_support_change": Access("support_community"),
    "change_own_support": Access("support_community"),
    # what is sold by use
    "get_usage": Access("view_billing", "usage:read"),
    # levels from another bot
    "list_imports": Access("run_imports", "imports:write"),
    "get_import": Access("run_imports", "imports:write"),
    "list_import_lines": Access("run_imports", "imports:write"),
    "create_import": Access("run_imports", "imports:write"),
    "upload_import_file": Access("run_imports", "imports:write"),
    "change_import": Access("run_imports", "imports:write"),
    "apply_import": Access("run_imports", "imports:write"),
    "cancel_import": Access("run_imports", "imports:write"),
    "undo_import": Access("run_imports", "imports:write"),
}
PUBLIC: Final = frozenset({EVERYBODY}) | {
    action for action, row in PERMISSIONS.items() if row.role == Role.STRANGER
}
