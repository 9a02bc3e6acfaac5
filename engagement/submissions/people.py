"""Who acts on a submission: which members they are here, whether it is their own, whether they may review it."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from engagement.audit.actor import Actor
from engagement.members.models import Identity, Member
from tenants.models import ApiKey, User
from tenants.permissions import Rights

from .errors import NotReviewerError, OwnSubmissionError, SubmissionNotFoundError
from .models import Submission, SubmissionType

REVIEW = "review_submissions"
# Programs and our own jobs act for others; whom a key may act for is asked at its door.
_FOR_OTHERS = ("key", "system")


def list_members_of(actor: Actor) -> list[Member]:
    """The members that the actor is here: by member, by login, by the Discord account that either of them knows (the one that a login
    unlinked last as well), or by the key that they made. At most three queries."""
    if actor.kind == "member":
        return list(Member.objects.filter(pk=actor.id))
    user_id, accounts = (actor.id if actor.kind in ("user", "operator") else None), set[int]()
    if actor.kind == "key":
        user_id = ApiKey.objects.filter(pk=actor.id).values_list("created_by_id", flat=True).first()
    logins = User.objects.none() if user_id is None else User.objects.filter(pk=user_id)
    if actor.kind == "discord":
        accounts.add(actor.id)
        logins = User.objects.filter(Q(discord_id=actor.id) | Q(former_discord_id=actor.id))
    elif user_id is None:
        return []
    users = list(logins)
    accounts |= {
        account for user in users for account in (user.discord_id, user.former_discord_id) if account
    }
    known = Identity.objects.filter(
        provider="discord", external_id__in=[str(account) for account in accounts]
    )
    linked = Q(user_id__in=[user_id or 0, *(user.pk for user in users)])
    return list(Member.objects.filter(linked | Q(pk__in=known.values("member_id"))))


def claim_key(actor: Actor, mine: Iterable[Member]) -> str:
    """Names the person in a claim, the same from Discord and from the web."""
    ids = sorted(member.pk for member in mine)
    return f"member:{ids[0]}" if ids else f"{actor.kind}:{actor.id}"


def require_owner(submission: Submission, actor: Actor) -> None:
    """Raises SubmissionNotFoundError: what others handed in is nobody else's to change, or to know of."""
    if actor.kind in _FOR_OTHERS:
        return
    if submission.member_id not in {member.pk for member in list_members_of(actor)}:
        raise SubmissionNotFoundError


def refuse_own(submission: Submission, mine: Iterable[Member]) -> None:
    """Raises OwnSubmissionError. A member who was merged into another one counts as that one."""
    ids = {member.pk for member in mine} | {member.merged_into_id for member in mine}
    if submission.member_id in ids:
        raise OwnSubmissionError


def may_review(submission_type: SubmissionType, *, rights: Rights, actor: Actor) -> bool:
    """Whoever may review everything, and whom the type names."""
    return rights.may(REVIEW) or submission_type.pk in _named(actor, [submission_type])


def require_reviewer(submission_type: SubmissionType, *, rights: Rights, actor: Actor) -> None:
    """Raises NotReviewerError."""
    if not may_review(submission_type, rights=rights, actor=actor):
        raise NotReviewerError(submission_type.name)


def reviewable_types(*, rights: Rights, actor: Actor) -> frozenset[int] | None:
    """The types that somebody may review; None: all of them."""
    if rights.may(REVIEW):
        return None
    return _named(actor, list(SubmissionType.objects.exclude(reviewers={})))


def _named(actor: Actor, types: list[SubmissionType]) -> frozenset[int]:
    """Of these types those that name the actor: by login, by member, or by a Discord role that they have."""
    if not types or actor.kind in _FOR_OTHERS:
        return frozenset()
    mine = [member for member in list_members_of(actor) if member.deleted_at is None]
    roles = {str(role) for member in mine for role in member.role_ids}
    users = {member.user_id for member in mine} | (
        {actor.id} if actor.kind in ("user", "operator") else set()
    )
    return frozenset(
        one.pk
        for one in types
        if roles & set(one.reviewers.get("roles", ())) or users & set(one.reviewers.get("users", ()))
    )
