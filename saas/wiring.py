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
    "CreditRequested": ("integrations.discord.follow_credit_request", "engagement.credits.mail_approvers"),
    "CreditRequestDecided": ("integrations.discord.follow_credit_request",),
    "PendingReturned": ("integrations.discord.tell_team_returned",),
    "EntitlementsChanged": ("engagement.activity.follow_room", "engagement.boosts.follow_plan"),
    "MembersAdmitted": ("integrations.discord.follow_curve",),
    "ImportFinished": ("integrations.discord.follow_curve",),
    "MembersUnnamed": ("integrations.discord.look_up_names",),
    "MemberJoined": ("integrations.discord.follow_level",),
    "WentLive": ("integrations.discord.follow_live",),
    "CommunityDeleted": ("billing.end_deleted_plan",),
    "CommunityRestored": ("billing.offer_plan_again",),
    "OwnershipTransferred": ("billing.tell_payer_stays",),
    "PaymentOverdue": ("integrations.discord.tell_owner_overdue",),
    "PaymentRecovered": ("integrations.discord.tell_owner_recovered",),
    "MemberTold": ("integrations.discord.bring_notice",),
    "RedemptionChanged": ("integrations.discord.ask_team",),
    "CommunityFounded": ("engagement.kinds.provision_community",),
}
