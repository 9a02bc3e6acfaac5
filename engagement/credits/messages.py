"""Where in Discord the team was asked about a request, so that the message can be kept up to date."""

from __future__ import annotations

from .models import CreditRequest


def note_message(*, request_id: int, channel_id: int, message_id: int) -> None:
    """The message that asks about it. Noted once; a second one changes nothing."""
    rows = CreditRequest.objects.filter(pk=request_id, message_id=None)
    rows.update(message_id=message_id, message_channel_id=channel_id)


def forget_message(*, request_id: int) -> None:
    """It was deleted, or its channel is closed to us. The request stays in the queue."""
    CreditRequest.objects.filter(pk=request_id).update(message_id=None, message_channel_id=None)
