"""The only map from domain event to handlers: event type → names of the jobs that publish() defers.

A handler takes `tenant`, `event_id` and `event` (the event's fields) and is idempotent on the event's id.
"""

from __future__ import annotations

HANDLERS: dict[str, tuple[str, ...]] = {
    "LevelReached": ("integrations.discord.announce_level", "integrations.discord.follow_level"),
    "BoostStarted": ("integrations.discord.announce_boost",),
    "GuildLinked": ("integrations.discord.retire_greeting", "billing.carry_guild_trial"),
    "LevelLost": ("integrations.discord.follow_level",),
    "CurveChanged": ("integrations.discord.follow_curve",),
    "MembersMerged": (
        "integrations.discord.follow_level",
        "engagement.activity.follow_room",
        "engagement.notifications.follow_merge",
        "engagement.departures.follow_merge",
    ),
    "MemberDeleted": ("engagement.activity.follow_room", "engagement.departures.follow_deletion"),
    "CreditRequested": (
        "integrations.discord.follow_credit_request",
        "engagement.credits.mail_approvers",
        "engagement.notifications.tell_large_request",
    ),
    "PendingReturned": ("integrations.discord.tell_team_returned",),
    "EntitlementsChanged": ("engagement.activity.follow_room",),
    "MembersAdmitted": ("integrations.discord.follow_curve",),
    "ImportFinished": ("integrations.discord.follow_curve",),
    "MembersUnnamed": ("integrations.discord.look_up_names",),
    "MemberJoined": ("integrations.discord.follow_level",),
    "WentLive": ("integrations.discord.follow_live", "integrations.discord.reviews.follow_live"),
    "SubmissionHandedIn": (
        "integrations.discord.reviews.post_submission",
        "integrations.links.preview_submission",
    ),
    "SubmissionPreviewed": ("integrations.discord.reviews.follow_submission",),
    "SubmissionChanged": ("integrations.discord.reviews.follow_submission",),
    "SubmissionDecided": ("engagement.notifications.tell_submission",),
    "SubmissionUndone": ("engagement.notifications.tell_submission_undone",),
    "SubmissionOverdue": ("integrations.discord.tell_team_overdue",),
    "CreditRequestsOverdue": ("integrations.discord.tell_team_requests",),
    "CommunityDeleted": ("billing.end_deleted_plan",),
    "CommunityRestored": ("billing.offer_plan_again",),
    "OwnershipTransferred": ("billing.tell_payer_stays",),
    "PaymentOverdue": ("integrations.discord.tell_owner_overdue",),
    "PaymentRecovered": ("integrations.discord.tell_owner_recovered",),
    "MemberTold": ("integrations.discord.bring_notice",),
    "RedemptionChanged": (
        "engagement.rewards.follow_redemption",
        "engagement.notifications.tell_redemption",
        "integrations.discord.ask_team",
    ),
    "RewardOffered": ("engagement.rewards.follow_draws",),
    "RewardChanged": ("engagement.rewards.follow_draws",),
    "DropOffered": ("engagement.notifications.tell_drop_offered",),
    "AddressAsked": ("engagement.notifications.tell_address_asked",),
    "RewardRoleDue": ("integrations.discord.follow_reward_role",),
    "RewardRoleEnded": ("engagement.notifications.tell_role_ended",),
    "RewardRanLow": ("integrations.discord.tell_team_stock",),
    "FulfilmentStuck": (
        "engagement.notifications.tell_stuck",
        "integrations.discord.tell_team_stuck",
    ),
    "AddressGiven": ("integrations.discord.tell_team_address",),
    "TeamReminded": ("integrations.discord.tell_team_waiting",),
    "CreditRequestDecided": (
        "engagement.notifications.tell_credit_decision",
        "integrations.discord.follow_credit_request",
    ),
    "CreditsGranted": ("engagement.notifications.tell_credits_granted",),
    "CreditsRevoked": ("engagement.notifications.tell_credits_revoked",),
    "CreditsLow": ("engagement.notifications.tell_credits_low",),
    "CommunityFounded": ("engagement.kinds.provision_community",),
}
