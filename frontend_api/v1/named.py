"""People whom a kind names: approvers of credits, reviewers of submissions. Without the permission they see and decide on that alone.

An API key never is one of them: what it may do is what its scopes say.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from engagement.audit.actor import Actor
from engagement.credits.approvers import ACTION as DECIDE
from engagement.credits.approvers import BY_PERMISSION, Authority, get_authority, require_authority
from engagement.credits.people import roles_of_member
from engagement.members.selectors import get_member
from engagement.submissions.errors import NotReviewerError
from engagement.submissions.models import Submission
from engagement.submissions.people import REVIEW, reviewable_types
from tenants.permissions import PERMISSIONS, NotPermittedError

from .access import REVIEWERS, TRUSTED, Access
from .callers import Caller

_SEES_CREDITS: Final = "view_credits"
_SEES_SUBMISSIONS: Final = "view_submissions"


def is_named(caller: Caller, actor: Actor, access: Access) -> bool:
    """Whether the caller is one of the people of `access.named`, for one kind at least. Who may by permission is none of them: what was
    taken from them stays taken."""
    if access.named == TRUSTED:
        return bool(credit_authority(caller).approvers)
    return access.named == REVIEWERS and bool(kinds_to_review(caller, actor))


def credit_authority(caller: Caller) -> Authority:
    """On which credits the caller decides. Two queries for who does not by permission."""
    if caller.can(DECIDE):
        return BY_PERMISSION
    roles = [] if caller.member_id is None else roles_of_member(get_member(member_id=caller.member_id))
    user_id = None if caller.user is None else caller.user.pk
    return get_authority(rights=caller.rights, user_id=user_id, discord_role_ids=roles)


def credits_to_see(caller: Caller) -> Collection[int] | None:
    """The kinds of credits whose requests the caller sees; None: all."""
    return None if caller.can(_SEES_CREDITS) else credit_authority(caller).type_ids


def require_credits_seen(caller: Caller, type_id: int) -> None:
    """Raises NotPermittedError for a request of another kind than those that the caller decides on."""
    if not caller.can(_SEES_CREDITS):
        require_authority(credit_authority(caller), type_id)


def kinds_to_review(caller: Caller, actor: Actor) -> frozenset[int] | None:
    """The kinds of submissions on which the caller decides; None: all."""
    if caller.can(REVIEW):
        return None
    return frozenset() if caller.kind == "key" else reviewable_types(rights=caller.rights, actor=actor)


def kinds_to_see(caller: Caller, actor: Actor) -> frozenset[int] | None:
    """The kinds whose submissions the caller sees; None: all."""
    return None if caller.can(_SEES_SUBMISSIONS) else kinds_to_review(caller, actor)


def narrow_kinds(wanted: int | None, seen: Collection[int] | None) -> list[int] | None:
    """The kinds of a list: the one that was asked for, within what the caller sees; None: all."""
    if wanted is None:
        return None if seen is None else sorted(seen)
    return [wanted] if seen is None or wanted in seen else []


def require_kind(kinds: Collection[int] | None, submission: Submission, action: str = REVIEW) -> None:
    """Raises NotPermittedError for who is named nowhere, NotReviewerError for who is named by other kinds alone."""
    if kinds is None or submission.type_id in kinds:
        return
    if not kinds:
        raise NotPermittedError(PERMISSIONS[action])
    raise NotReviewerError(submission.type.name)
