"""Where a submission's review message stands in Discord. The message is a picture of the submission and nothing hangs on it: one that
is deleted there leaves the submission in the queue."""

from __future__ import annotations

from .models import Submission


def note_review_message(*, submission_id: int, channel_id: int, message_id: int) -> None:
    """It is posted. Idempotent."""
    Submission.objects.filter(pk=submission_id).update(message_id=message_id, message_channel_id=channel_id)


def forget_review_message(*, submission_id: int, message_id: int) -> None:
    """It is gone. Nothing happens where another one stands by now. Idempotent."""
    Submission.objects.filter(pk=submission_id, message_id=message_id).update(
        message_id=None, message_channel_id=None
    )
