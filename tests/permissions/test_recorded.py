"""Every form of the dashboard either leaves an entry in the audit log or says here why it leaves none."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any, Final

from django.db import transaction

from engagement.audit.actions import ACTIONS, GROUPS
from ops.devstack.places import PROJECT
from tests.frontend_api.hosts import ACME, Browser
from tests.permissions.scene import address_of
from tests.permissions.test_pages import FORM, TENANT_PATTERNS

FLOORS: Final = (
    "saas",
    "tenants",
    "billing",
    "engagement",
    "integrations",
    "bot_shard",
    "frontend_api",
    "ops",
)
# Routes that take a form, and the acts that they record.
RECORDED: Final[dict[str, tuple[str, ...]]] = {
    "billing-begin": ("plan.checkout_begun",),
    "billing-cancel": ("plan.cancelled",),
    "billing-cap": ("spending_cap.changed",),
    "billing-change": ("plan.changed", "plan.change_planned"),
    "billing-cover": ("plan.covered", "plan.cover_offer_ended"),
    "billing-leave": ("plan.cover_left",),
    "billing-offer-end": ("plan.payer_offer_ended",),
    "billing-payer": ("plan.payer_offered", "plan.payer_changed"),
    "billing-portal": ("plan.portal_opened",),
    "billing-resume": ("plan.resumed",),
    "billing-undo": ("plan.change_undone",),
    "bot-unlink": ("guild.unlinked",),
    "claim": ("member.claimed", "member.claim_locked"),
    "community-address": ("tenant.address_changed",),
    "community-delete": ("tenant.deleted",),
    "community-offer": ("tenant.offered",),  # taken on BASE_DOMAIN: tenant.transferred
    "community-offer-withdraw": ("tenant.offer_ended",),
    "dashboard-announcements": ("announcements.changed",),
    "dashboard-boards": ("board.changed",),
    "dashboard-boost-new": ("boost.planned",),
    "dashboard-boost-resume": ("boost.resumed",),
    "dashboard-boost-stop": ("boost.stopped",),
    "dashboard-command": ("commands.changed",),
    "dashboard-command-clear": ("commands.changed",),
    "dashboard-credit-approve": ("credit_request.approved",),
    "dashboard-credit-approve-part": ("credit_request.approved",),
    "dashboard-credit-ask": ("credit_request.asked",),
    "dashboard-credit-move": ("credits.granted", "credits.revoked"),
    "dashboard-credit-move-undo": ("credits.undone",),
    "dashboard-credit-reject": ("credit_request.rejected",),
    "credit-mail": (
        "credit_request.approved",
        "credit_request.rejected",
    ),
    "dashboard-reason-remove": ("reason.deleted",),
    "dashboard-reasons": (
        "reason.saved",
        "reason.changed",
    ),
    "dashboard-reward-codes": ("reward.codes_added",),
    "dashboard-reward-codes-withdraw": ("reward.codes_withdrawn",),
    "dashboard-reward-edit": ("reward.changed",),
    "dashboard-reward-new": ("reward.created",),
    "dashboard-reward-restock": ("reward.changed",),
    "dashboard-reward-restore": ("reward.restored",),
    "dashboard-reward-state": (
        "reward.offered",
        "reward.paused",
        "reward.archived",
    ),
    "dashboard-reward-tiers": ("reward_tiers.changed",),
    "dashboard-rewards-bulk": (
        "reward.offered",
        "reward.paused",
        "reward.archived",
    ),
    "dashboard-rewards-order": ("reward.moved",),
    "dashboard-rewards-table-act": (
        "reward.imported",
        "reward.import_undone",
    ),
    "dashboard-sponsor": ("sponsor.changed",),
    "dashboard-sponsor-move": (
        "sponsor.archived",
        "sponsor.restored",
    ),
    "dashboard-sponsor-new": ("sponsor.created",),
    "dashboard-submission-approve": ("submission.approved",),
    "dashboard-submission-ask": ("submission.asked",),
    "dashboard-submission-pack": (
        "submission_pack.installed",
        "submission_pack.removed",
    ),
    "dashboard-submission-reject": ("submission.rejected",),
    "dashboard-submission-type": ("submission_type.changed",),
    "dashboard-submission-type-archive": ("submission_type.archived",),
    "dashboard-submission-type-move": ("submission_type.moved",),
    "dashboard-submission-type-new": ("submission_type.created",),
    "dashboard-submission-type-restore": ("submission_type.restored",),
    "dashboard-submission-type-survey": (
        "submission_type.secret_made",
        "submission_type.linked",
    ),
    "dashboard-submission-type-switch": ("submission_type.switched",),
    "dashboard-submission-undo": ("submission.undone",),
    "dashboard-submissions-bulk": (
        "submission.approved",
        "submission.rejected",
        "submission.asked",
    ),
    "dashboard-submissions-bulk-undo": ("submission.undone",),
    "dashboard-credit-trust": ("credit_approver.set",),
    "dashboard-credit-trust-remove": ("credit_approver.removed",),
    "dashboard-credit-type": ("credit_type.changed",),
    "dashboard-credit-type-archive": ("credit_type.archived",),
    "dashboard-credit-type-new": ("credit_type.created",),
    "dashboard-credit-type-restore": ("credit_type.restored",),
    "dashboard-credit-undo": ("credit_request.undone",),
    "dashboard-credits-bulk": ("credit_request.approved", "credit_request.rejected", "credit_request.asked"),
    "dashboard-curve": ("levels.changed",),
    "dashboard-key-create": ("key.created",),
    "dashboard-key-revoke": ("key.revoked",),
    "dashboard-key-rotate": ("key.created",),
    "dashboard-level-names": ("levels.named",),
    "dashboard-level-role": ("level_role.added",),
    "dashboard-level-role-new": ("level_role.added",),
    "dashboard-level-role-remove": ("level_role.removed",),
    "dashboard-level-role-restore": ("level_role.added",),
    "dashboard-member-code": ("member.code_issued",),
    "dashboard-member-delete": ("member.deleted",),
    "dashboard-member-edit": ("member.changed",),
    "dashboard-member-merge": ("member.merged",),
    "dashboard-member-points": ("points.adjusted",),
    "dashboard-member-restore": ("member.restored",),
    "dashboard-member-undo": ("points.undone",),
    "dashboard-members-bulk": ("points.adjusted", "member.deleted", "member.restored", "member.changed"),
    "dashboard-members-bulk-undo": ("points.undone", "member.restored", "member.deleted"),
    "dashboard-members-register": ("member.registered",),
    "dashboard-members-types": ("member.types_changed",),
    "dashboard-redemption-address": ("redemption.address_read",),
    "dashboard-redemption-approve": ("redemption.approved",),
    "dashboard-redemption-deliver": ("redemption.delivered",),
    "dashboard-redemption-refund": ("redemption.cancelled",),
    "dashboard-redemption-reject": ("redemption.rejected",),
    "dashboard-redemption-ship": ("redemption.fulfilled", "redemption.tracking_changed"),
    "dashboard-redemptions-parcels": ("redemption.address_read",),
    "dashboard-redemptions-bulk": ("redemption.approved", "redemption.rejected", "redemption.delivered"),
    "dashboard-rule": ("rule.revised",),
    "dashboard-rule-archive": ("rule.archived",),
    "dashboard-rule-new": ("rule.created",),
    "dashboard-rule-restore": ("rule.restored",),
    "dashboard-rule-revert": ("rule.revised",),
    "dashboard-rule-switch": ("rule.enabled", "rule.disabled"),
    "dashboard-rules-general": ("rule_settings.changed",),
    "dashboard-settings": ("settings.changed",),
    "dashboard-settings-revert": ("settings.changed",),  # through the service that changed it
    "dashboard-team-channel": ("team_channel.changed", "notice_channel.changed"),
    "dashboard-team-invite": ("team.invited",),
    "dashboard-team-invite-renew": ("team.invited",),
    "dashboard-team-invite-withdraw": ("team.invite_revoked",),
    "dashboard-team-leave": ("team.left",),
    "dashboard-team-map": ("role_map.changed",),
    "dashboard-team-person": ("team.role_changed", "team.grants_changed"),
    "dashboard-team-remove": ("team.removed",),
    "credits-trusted-decide": ("credit_request.approved", "credit_request.rejected", "credit_request.asked"),
    "my-credit-cancel": ("credit_request.cancelled",),
    "import-act": ("import.applied", "import.cancelled", "import.undone"),
    "import-new": ("import.created",),
    "redemption-code": ("redemption.code_shown",),
    # supporters
    "dashboard-payouts-connect": ("payouts.begun",),
    "dashboard-payouts-open": ("payouts.opened",),
    "dashboard-payouts-confirm": ("payouts.confirmed",),
    "dashboard-payouts-replace": ("payouts.replacing",),
    "dashboard-payouts-call-off": ("payouts.called_off",),
    "dashboard-support-news": ("support_news.changed",),
    "dashboard-support-refund": ("supporter.refunded",),
    "dashboard-support-tier": ("tier.changed",),
    "dashboard-support-tier-delete": ("tier.deleted",),
    "dashboard-support-tier-move": ("tier.moved",),
    "dashboard-support-tier-new": ("tier.created",),
    "dashboard-support-tier-switch": ("tier.offered", "tier.retired"),
    "support-cancel": ("supporter.cancelled",),
    "support-resume": ("supporter.resumed",),
    "setup-live": ("tenant.went_live",),
    "setup-shadow": ("tenant.went_shadow",),
    "setup-template-choose": ("template.applied",),
    "setup-template-undo": ("template.undone",),
}
# Routes that take a form and record nothing, and why.
UNRECORDED: Final[dict[str, str]] = {
    "my-credits-request": "a member's own request, whose history has it",
    "my-credit-answer": "likewise",
    "address": "one's own address, by a link; it stands in the redemption's own facts",
    "billing-banner": "a banner that one person put away",
    "dashboard-view-remove": "a list as somebody narrowed it",
    "dashboard-view-save": "likewise",
    "logout": "one's own session",
    "notices-choose": "what one wants to hear of oneself",
    "notices-read": "one's own news",
    "redemption-address": "leads on to the form of one's own address",
    "redemption-arrived": "one's own parcel; it stands in the redemption's history",
    "redemption-cancel": "one's own redemption, likewise",
    "redemption-download": "leads on to one's own file",
    "shop-queue": "one's own place in it",
    "shop-redeem": "one's own points; it stands in the ledger and in the redemption's history",
    "setup-skip": "a step of the checklist",
    "support-card": "leads on to the page of one's own card",
    "support-tier": "leads on to the payment of one's own support, which is recorded once it is paid",
    "setup-try": "a test message, which changes nothing",
    "dashboard-rewards-exchange": "a table is read and its differences are shown; applying it is recorded",
    "dashboard-submission-claim": "who looks at it, for a quarter of an hour; it stands on the submission",
    "dashboard-submission-release": "likewise",
    "submission": "a member's own, whose history has it",
    "submission-withdraw": "likewise",
    "submit-type": "likewise",
    "survey": "what a member answered, whose history has it",
    "survey-hook": "likewise, told by a survey tool",
    "visit": "one's own session, by a ticket",
}


def test_every_form_is_recorded_or_says_why_not(
    things: dict[str, Any], sign_in: Callable[..., Browser]
) -> None:
    browser = sign_in("acme-owner")
    taking = set()
    for pattern in TENANT_PATTERNS:
        with transaction.atomic():
            answer = browser.on(ACME).post(address_of(pattern, "saas.urls.tenant", things), FORM)
            transaction.set_rollback(True)
        if answer.status_code != 405:
            taking.add(pattern.name)
    assert sorted(taking - RECORDED.keys() - UNRECORDED.keys()) == []
    assert taking == RECORDED.keys() | UNRECORDED.keys()


def test_every_act_that_is_recorded_stands_in_the_catalogue_and_is_recorded_somewhere() -> None:
    written = set(_list_texts())
    for acts in RECORDED.values():
        assert set(acts) <= ACTIONS.keys()
        assert set(acts) <= written, "no code records it"
    assert {action.partition(".")[0] for action in ACTIONS} == GROUPS.keys()
    assert not RECORDED.keys() & UNRECORDED.keys()


def test_every_call_names_an_action_of_the_catalogue() -> None:
    """As far as it is written out; what is computed is refused when it is recorded."""
    for name in _list_recorded():
        assert name in ACTIONS, name


def _list_recorded() -> Iterator[str]:
    for node in _nodes():
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "record_audit":
            for keyword in node.keywords:
                if keyword.arg == "action" and isinstance(keyword.value, ast.Constant):
                    yield str(keyword.value.value)


def _list_texts() -> Iterator[str]:
    for node in _nodes():
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _nodes() -> Iterator[ast.AST]:
    for floor in FLOORS:
        for path in sorted((PROJECT / floor).rglob("*.py")):
            if path.parts[-2:] != ("audit", "actions.py"):
                yield from ast.walk(ast.parse(path.read_text()))
