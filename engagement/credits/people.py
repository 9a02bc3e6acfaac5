"""Members who hold credits, and whether the person who acts is one of them."""

from __future__ import annotations

from engagement.audit.actor import Actor
from engagement.members.errors import MemberDeletedError, MemberNotFoundError, MemberWaitsError
from engagement.members.models import Identity, Member
from engagement.members.selectors import find_member_of_user
from tenants.models import ApiKey, User


def get_holder(member_id: int) -> Member:
    """Somebody who can be given credits. Raises MemberNotFoundError, MemberDeletedError, MemberWaitsError."""
    member = Member.objects.filter(pk=member_id).first()
    if member is None or member.is_bot:
        raise MemberNotFoundError("There is no such member in this community.")
    if member.deleted_at is not None:
        raise MemberDeletedError(
            f"{member.display_name} was deleted, so that nothing can be given. Restore them first."
        )
    if member.waiting_since is not None:
        raise MemberWaitsError(member.display_name)
    return member


def get_owner(member_id: int) -> Member:
    """Who has the member's balances: the member, or the one whom they were merged into. Raises MemberNotFoundError."""
    member = Member.objects.filter(pk=member_id).first()
    if member is not None and member.merged_into_id is not None:
        member = Member.objects.filter(pk=member.merged_into_id).first()
    if member is None:
        raise MemberNotFoundError("There is no such member in this community.")
    return member


def roles_of_user(*, user_id: int, discord_id: int | None) -> list[int]:
    """The Discord roles that a login has here, as of the last that was heard of its member. At most two queries."""
    member = find_member_of_user(user_id=user_id, discord_id=discord_id)
    return [] if member is None else roles_of_member(member)


def roles_of_member(member: Member) -> list[int]:
    """Nobody decides by the role of somebody who left."""
    gone = member.departed_at is not None or member.deleted_at is not None
    return [] if gone else [int(role) for role in member.role_ids]


def is_oneself(actor: Actor, member_id: int) -> bool:
    """Whether the person who acts is this member, by login, by their Discord account, or through a key that they made."""
    if actor.kind == "member":
        return actor.id == member_id
    if actor.kind == "discord":
        return _is_discord(member_id, actor.id)
    user_id = actor.id if actor.kind in ("user", "operator") else None
    if actor.kind == "key":
        user_id = ApiKey.objects.filter(pk=actor.id).values_list("created_by_id", flat=True).first()
    if user_id is None:
        return False
    if Member.objects.filter(pk=member_id, user_id=user_id).exists():
        return True
    discord_id = User.objects.filter(pk=user_id).values_list("discord_id", flat=True).first()
    return discord_id is not None and _is_discord(member_id, discord_id)


def _is_discord(member_id: int, discord_id: int) -> bool:
    return Identity.objects.filter(
        member_id=member_id, provider="discord", external_id=str(discord_id)
    ).exists()
