"""Submissions of a member who was merged into another one."""

from __future__ import annotations

from django.db import transaction

from engagement.files.models import FileUse, StoredFile

from .models import Submission


@transaction.atomic
def move_submissions(*, member_id: int, merged_id: int) -> int:
    """The submissions of `merged_id`, and the files handed in with them, are `member_id`'s from now on. Idempotent. Answers how many
    submissions there were."""
    StoredFile.objects.filter(owner_id=merged_id, use=FileUse.ATTACHMENT).update(owner_id=member_id)
    return Submission.objects.filter(member_id=merged_id).update(member_id=member_id)
