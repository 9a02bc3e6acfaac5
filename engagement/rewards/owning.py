"""Is it their own? Somebody has a login, a Discord account, a member and programs; all of them are one person."""

from __future__ import annotations

from django.db.models import Q

from engagement.audit.actor import Actor
from engagement.members.models import Identity, Member
from tenants.models import ApiKey, User


def is_own(actor: Actor, member_id: int) -> bool:
    """Whether whoever acts is the person behind the member: by member, by login, by the Discord account that either of them knows
    (the one that a login unlinked last as well), or by a key that they made. Two queries at most, and one more for a key."""
    if actor.kind == "member":
        return actor.id == member_id
    if actor.kind == "discord":
        logins = list(User.objects.filter(Q(discord_id=actor.id) | Q(former_discord_id=actor.id)))
        return _is_person(member_id, logins, {actor.id})
    user_id = actor.id if actor.kind in ("user", "operator") else None
    if actor.kind == "key":
        user_id = ApiKey.objects.filter(pk=actor.id).values_list("created_by_id", flat=True).first()
    if user_id is None:
        return False
    return _is_person(member_id, list(User.objects.filter(pk=user_id)), set())


def _is_person(member_id: int, logins: list[User], accounts: set[int]) -> bool:
    known = accounts | {
        account for user in logins for account in (user.discord_id, user.former_discord_id) if account
    }
    linked = Q(user_id__in=[user.pk for user in logins])
    named = Q(
        pk__in=Identity.objects.filter(
            provider="discord", external_id__in=[str(account) for account in known]
        ).values("member_id")
    )
    return Member.objects.filter(linked | named, pk=member_id).exists()
