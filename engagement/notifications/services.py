"""Changes of what is announced."""

from __future__ import annotations

from django.db import transaction

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from saas.core.errors import InvalidInputError
from tenants.gatekeeping import require_gate

from .models import LevelUp, NotificationSettings, SupportNews
from .selectors import get_notification_settings
from .texts import THANKS_PLACES, check_text


@transaction.atomic
def set_level_announcements(
    *, level_up: str, actor: Actor, channel_id: int | None = None, text: str | None = None
) -> NotificationSettings:
    """Announce level-ups in a channel (None: where the deed was done), to the member alone, or not at all.

    `text` is the sentence (texts.py); empty stands for ours, None leaves it as it is. Idempotent. Switching them off is open to every
    plan. Raises InvalidInputError, GateClosedError.
    """
    if level_up not in LevelUp.values:
        known = ", ".join(LevelUp.values)
        raise InvalidInputError(
            f"Level-ups cannot be announced {level_up!r}; choose one of {known}.", field="level_up"
        )
    _check_channel(channel_id)
    before = NotificationSettings.objects.filter(pk=1).values("level_up", "channel_id", "text").first()
    after = {
        "level_up": level_up,
        "channel_id": channel_id if level_up == LevelUp.CHANNEL else None,
        "text": check_text(text) if text is not None else before["text"] if before else "",
    }
    if before != after and level_up != LevelUp.OFF:
        require_gate("announcements")
    row, _ = NotificationSettings.objects.update_or_create(pk=1, defaults=after)
    if before != after:
        record_audit(
            actor=actor,
            action="announcements.changed",
            target_kind="announcements",
            target_name="level-ups",
            before=before,
            after=after,
        )
    return row


@transaction.atomic
def set_team_channel(*, channel_id: int | None, actor: Actor) -> NotificationSettings:
    """Ask the team in a channel of Discord's what it has to decide on; None: on the dashboard alone. What was asked before stays where
    it is. Idempotent. Raises InvalidInputError."""
    _check_channel(channel_id)
    before = get_notification_settings().team_channel_id
    row, _ = NotificationSettings.objects.update_or_create(pk=1, defaults={"team_channel_id": channel_id})
    if before != channel_id:
        record_audit(
            actor=actor,
            action="team_channel.changed",
            target_kind="team_channel",
            target_name="the team’s channel",
            before={"channel_id": before},
            after={"channel_id": channel_id},
        )
    return row


@transaction.atomic
def set_notice_channel(*, channel_id: int | None, actor: Actor) -> NotificationSettings:
    """Say in a channel of Discord's that there is news for a member who takes no direct messages, never which; None: nowhere, so that it
    stands on their page alone. Idempotent. Raises InvalidInputError."""
    _check_channel(channel_id)
    before = get_notification_settings().notice_channel_id
    row, _ = NotificationSettings.objects.update_or_create(pk=1, defaults={"notice_channel_id": channel_id})
    if before != channel_id:
        record_audit(
            actor=actor,
            action="notice_channel.changed",
            target_kind="notice_channel",
            target_name="the members’ channel",
            before={"channel_id": before},
            after={"channel_id": channel_id},
        )
    return row


@transaction.atomic
def set_support_notices(
    *, news: str, thanks_channel_id: int | None, thanks_text: str, actor: Actor
) -> NotificationSettings:
    """How the team hears of who supports, and in which channel who begins is thanked in public (None: in none), in which words
    (texts.py; empty stands for ours). What was said before stays. Idempotent. Recorded. Raises InvalidInputError."""
    if news not in SupportNews.values:
        known = ", ".join(SupportNews.values)
        raise InvalidInputError(
            f"The team cannot hear of supporters {news[:20]!r}; choose one of {known}.", field="news"
        )
    _check_channel(thanks_channel_id, field="thanks_channel_id")
    standing = get_notification_settings()
    after = {
        "support_news": news,
        "thanks_channel_id": thanks_channel_id,
        "thanks_text": check_text(thanks_text, places=THANKS_PLACES, field="thanks_text"),
    }
    before = {name: getattr(standing, name) for name in after}
    if before == after:
        return standing
    row, _ = NotificationSettings.objects.update_or_create(pk=1, defaults=after)
    record_audit(
        actor=actor,
        action="support_news.changed",
        target_kind="support_news",
        target_name="who supports",
        before=before,
        after=after,
    )
    return row


def _check_channel(channel_id: int | None, *, field: str = "channel_id") -> None:
    if channel_id is not None and not 10**16 <= channel_id < 2**63:
        raise InvalidInputError(
            f"{channel_id} is no Discord channel id. Copy it from the channel's menu in Discord.",
            field=field,
        )
