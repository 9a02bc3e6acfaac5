"""What members can be told, as a table: one row a kind, whose words stand in languages/ under its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .errors import UnknownNoticeError


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """`about` says where its page is, with the fact `id`: redemption, reward, submission, credits, credit_queue, support, or nothing.

    `dm`: it goes to Discord as a direct message. `channel`: where that is refused, the community's channel for it says that there
    is news, never which. `optional`: the member may switch it off.
    """

    name: str
    icon: str
    about: str = ""
    dm: bool = True
    channel: bool = True
    optional: bool = False


_TABLE: Final = (
    # rewards: what was decided
    NoticeKind("redemption_approved", "circle-check", "redemption"),
    NoticeKind("redemption_rejected", "circle-x", "redemption"),
    NoticeKind("redemption_cancelled", "circle-x", "redemption"),
    NoticeKind("redemption_expired", "hourglass", "redemption"),
    # rewards: what came of it, by kind
    NoticeKind("role_given", "tag", "redemption"),
    NoticeKind("role_waits", "tag", "redemption", channel=False),
    NoticeKind("role_ended", "tag", "redemption", channel=False),
    NoticeKind("download_ready", "download", "redemption"),
    NoticeKind("code_ready", "ticket", "redemption"),
    NoticeKind("offer_ready", "gift", "redemption"),
    NoticeKind("credits_ready", "coins", "redemption"),
    NoticeKind("raffle_entered", "ticket", "redemption", channel=False),
    NoticeKind("raffle_won", "trophy", "redemption"),
    NoticeKind("raffle_lost", "ticket", "redemption", channel=False),
    NoticeKind("reward_ready", "gift", "redemption"),
    NoticeKind("address_needed", "home", "redemption"),
    NoticeKind("address_reminder", "home", "redemption"),
    NoticeKind("parcel_shipped", "gift", "redemption"),
    NoticeKind("parcel_delivered", "gift", "redemption", channel=False),
    NoticeKind("drop_offered", "bolt", "reward"),
    NoticeKind("affordable", "gift", "reward", channel=False, optional=True),
    # submissions
    NoticeKind("submission_approved", "circle-check", "submission"),
    NoticeKind("submission_rejected", "circle-x", "submission"),
    NoticeKind("submission_needs_info", "info-circle", "submission"),
    NoticeKind("submission_undone", "arrow-back-up", "submission"),
    # credits
    NoticeKind("credit_request_approved", "coins", "credits"),
    NoticeKind("credit_request_part", "coins", "credits"),
    NoticeKind("credit_request_rejected", "circle-x", "credits"),
    NoticeKind("credit_request_asked", "info-circle", "credits"),
    NoticeKind("credit_request_undone", "arrow-back-up", "credits"),
    NoticeKind("credit_decision_waits", "coins", "credit_queue"),
    NoticeKind("credits_granted", "coins", "credits"),
    NoticeKind("credits_revoked", "coins", "credits"),
    NoticeKind("credits_low", "alert-triangle", "credits", channel=False, optional=True),
    # supporting with money
    NoticeKind("support_began", "sparkles", "support", channel=False),
    NoticeKind("support_late", "alert-triangle", "support", channel=False),
    NoticeKind("support_ends", "info-circle", "support", channel=False),
    NoticeKind("support_ended", "info-circle", "support", channel=False),
)
NOTICE_KINDS: Final = {kind.name: kind for kind in _TABLE}
# Beside the optional kinds: no direct messages at all. Everything still stands on the member's page.
NO_DM: Final = "dm"
# Nor being thanked by name in the community's channel for beginning to support it.
NO_THANKS: Final = "support_thanks"
QUIETABLE: Final = (NO_DM, *(kind.name for kind in _TABLE if kind.optional), NO_THANKS)


def get_notice_kind(name: str) -> NoticeKind:
    """Raises UnknownNoticeError."""
    try:
        return NOTICE_KINDS[name]
    except KeyError:
        raise UnknownNoticeError(name) from None
