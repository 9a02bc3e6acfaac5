"""Reads of what is announced, and of what members were told."""

from __future__ import annotations

from datetime import timedelta

from engagement.members.models import Member
from saas.core import clock

from .models import Notice, NotificationSettings


def get_notification_settings() -> NotificationSettings:
    """The tenant's choices, or the defaults where none were made. The row may be unsaved: change it by the service."""
    return NotificationSettings.objects.filter(pk=1).first() or NotificationSettings(pk=1)


def list_notices(*, member_id: int, before: int | None = None, limit: int = 20) -> list[Notice]:
    """A member's notices, the newest first; `before`: older than that one. One query."""
    mine = Notice.objects.filter(member_id=member_id)
    if before is not None:
        mine = mine.filter(pk__lt=before)
    return list(mine.order_by("-pk")[:limit])


def count_unread(*, member_id: int) -> int:
    """How many notices the member did not read. One query."""
    return Notice.objects.filter(member_id=member_id, read_at=None).count()


def find_told(*, notice_id: int) -> tuple[Notice, Member] | None:
    """A notice and the member whom it tells; None where either is gone, or nobody reads it any more."""
    notice = Notice.objects.filter(pk=notice_id).first()
    if notice is None:
        return None
    member = Member.objects.filter(pk=notice.member_id, deleted_at=None).first()
    return None if member is None else (notice, member)


def has_old_notices() -> bool:
    """Whether there is something to sweep."""
    return Notice.objects.filter(created_at__lt=clock.now() - timedelta(days=30)).exists()
