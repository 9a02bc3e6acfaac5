"""The catalogue: every act that is recorded, with its words for people. Whoever records a new one adds its row here.

A code is `noun.verb_past` and stays for ever, because entries hold it. The words follow the actor's name and come before the
target's: “Ada *gave or took points of* Grace”.
"""

from __future__ import annotations

from typing import Final

from .errors import UnknownAuditActionError

_TABLE: Final = (
    ("account.signed_in", "signed in"),
    ("announcements.changed", "changed the announcements of"),
    ("audit.erased", "erased what the log told of"),
    ("audit.exported", "exported the audit log of"),
    ("board.changed", "changed the leaderboard"),
    ("board.created", "made the leaderboard"),
    ("board.deleted", "deleted the leaderboard"),
    ("commands.changed", "set up the bot command"),
    ("figure.chosen", "chose what breaks ties:"),
    ("figure.forgotten", "deleted the figure"),
    ("figure.recorded", "recorded the figure"),
    ("guild.claimed", "claimed the Discord server"),
    ("guild.linked", "linked the Discord server"),
    ("guild.removed", "took the bot out of the Discord server"),
    ("guild.returned", "brought the bot back to the Discord server"),
    ("guild.unlinked", "unlinked the Discord server"),
    ("import.applied", "brought levels over:"),
    ("import.cancelled", "cancelled the import"),
    ("import.created", "began the import"),
    ("import.undone", "undid the import"),
    ("key.created", "made the API key"),
    ("key.revoked", "revoked the API key"),
    ("level_role.planned", "planned level roles"),
    ("level_role.added", "began to give the level role"),
    ("level_role.removed", "stopped giving the level role"),
    ("job.cancelled", "cancelled the job"),
    ("job.retried", "ran again the job"),
    ("levels.changed", "changed the levels of"),
    ("levels.named", "named the level"),
    ("member.changed", "changed the member"),
    ("member.claim_locked", "entered too many wrong claim codes"),
    ("member.claimed", "claimed the member"),
    ("member.code_issued", "made a claim code for the member"),
    ("member.deleted", "deleted the member"),
    ("member.exported", "exported the list of members of"),
    ("member.merged", "merged the member"),
    ("member.purged", "erased the name and identities of"),
    ("member.registered", "registered the member"),
    ("member.restored", "restored the member"),
    ("member.types_changed", "changed the list of member types of"),
    ("member.unmerged", "parted the merged member"),
    ("operator.entered", "looked into the data of"),
    ("permission.refused", "was not allowed to"),
    ("poison.replayed", "replayed an activity that was set aside:"),
    ("plan.cancelled", "cancelled the plan of"),
    ("plan.change_planned", "planned another plan for"),
    ("plan.change_undone", "took back the planned plan of"),
    ("plan.changed", "changed the plan of"),
    ("plan.checkout_begun", "began to buy a plan for"),
    ("plan.ended", "ended the plan of"),
    ("plan.payer_changed", "changed who pays for"),
    ("plan.payer_offered", "asked somebody to pay for"),
    ("plan.portal_opened", "opened cards and invoices of"),
    ("plan.resumed", "resumed the plan of"),
    ("plan.started", "began the plan of"),
    ("points.adjusted", "changed the points of"),
    ("points.undone", "undid a change of the points of"),
    ("role_map.changed", "changed who the Discord role stands for:"),
    ("rule.archived", "archived the rule"),
    ("rule.created", "made the rule"),
    ("rule.disabled", "switched off the rule"),
    ("rule.enabled", "switched on the rule"),
    ("rule.revised", "changed the rule"),
    ("rule.moved", "moved the rule"),
    ("rule.restored", "brought back the rule"),
    ("rule_settings.changed", "changed what holds for all rules of"),
    ("settings.changed", "changed the settings of"),
    ("settings.copied", "copied another community’s settings into"),
    ("settings.copy_undone", "took back the copied settings of"),
    ("settings.lent", "copied to another community the settings of"),
    ("team.grants_changed", "changed what may be done by"),
    ("team.invite_revoked", "took back the invitation of"),
    ("team.invited", "invited"),
    ("team.joined", "joined the team:"),
    ("team.left", "left the team:"),
    ("team.removed", "removed from the team"),
    ("team.role_changed", "changed the role of"),
    ("template.applied", "applied the template"),
    ("template.undone", "undid the template"),
    ("tenant.address_changed", "changed the address of"),
    ("tenant.created", "made the community"),
    ("tenant.deleted", "deleted the community"),
    ("tenant.offer_ended", "ended the offer of the community to"),
    ("tenant.offered", "offered the community to"),
    ("tenant.renamed", "renamed the community"),
    ("tenant.restored", "restored the community"),
    ("tenant.transferred", "handed the community over to"),
    ("tenant.resumed", "opened again the community"),
    ("tenant.suspended", "suspended the community"),
    ("tenant.went_live", "took live the community"),
    ("tenant.went_shadow", "put into shadow mode the community"),
    ("view.deleted", "deleted the saved view"),
    ("view.saved", "saved the view"),
)  # fmt: skip
ACTIONS: Final = dict(_TABLE)
GROUPS: Final = {
    "account": "Sign-in",
    "announcements": "Announcements",
    "audit": "Audit log",
    "board": "Leaderboards",
    "commands": "Bot commands",
    "figure": "Own figures",
    "guild": "Discord server",
    "import": "Imports",
    "key": "API keys",
    "job": "Jobs",
    "level_role": "Level roles",
    "levels": "Levels",
    "member": "Members",
    "operator": "EngageHub’s staff",
    "permission": "Refused attempts",
    "plan": "Plan and payment",
    "points": "Points by hand",
    "poison": "Activities set aside",
    "role_map": "Discord roles",
    "rule": "Rules",
    "rule_settings": "Rules in general",
    "settings": "Settings",
    "team": "Team",
    "template": "Templates",
    "tenant": "Community",
    "view": "Saved views",
}


def check_action(action: str) -> str:
    """Raises UnknownAuditActionError."""
    if action not in ACTIONS:
        raise UnknownAuditActionError(action)
    return action


def words_of(action: str) -> str:
    """What stands between actor and target; for a code of a later release, the code itself."""
    return ACTIONS.get(action, action)
