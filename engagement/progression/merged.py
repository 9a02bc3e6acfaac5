"""Whose points they are now, of a member who was merged into another one."""

from __future__ import annotations

from engagement.members.models import Member


def find_owner(member_id: int) -> int:
    """The member who took everything over, else the member. Merging keeps the way one step long. One query."""
    merged = Member.objects.filter(pk=member_id).values_list("merged_into_id", flat=True).first()
    return merged or member_id
