"""Reads of what is announced."""

from __future__ import annotations

from .models import NotificationSettings


def get_notification_settings() -> NotificationSettings:
    """The tenant's choices, or the defaults where none were made. The row may be unsaved: change it by the service."""
    return NotificationSettings.objects.filter(pk=1).first() or NotificationSettings(pk=1)
