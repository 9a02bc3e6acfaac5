"""Where in Discord the team was asked about a redemption, so that the message can be kept up to date."""

from __future__ import annotations

from .models import Redemption


def note_message(*, redemption_id: int, channel_id: int, message_id: int) -> None:
    """The message that asks about it. Noted once; a second one changes nothing."""
    rows = Redemption.objects.filter(pk=redemption_id, message_id=None)
    rows.update(message_id=message_id, message_channel_id=channel_id)


def forget_message(*, redemption_id: int) -> None:
    """It was deleted, or its channel is closed to us. The redemption stays where it is."""
    Redemption.objects.filter(pk=redemption_id).update(message_id=None, message_channel_id=None)
