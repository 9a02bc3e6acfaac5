"""A person takes over the member whom the team registered for them, by code.

Who is nobody here yet becomes that member. Whose Discord account or login is a member already keeps that one, and the registered
member is merged into it, after they have seen what that does.
"""

from __future__ import annotations

from dataclasses import dataclass

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from engagement.ledger.models import POINTS, LedgerBalance
from engagement.ledger.statements import ledger_unit
from engagement.members.claims import check_code, use_code
from engagement.members.errors import MemberDeletedError
from engagement.members.events import MemberClaimed
from engagement.members.models import Identity, Member
from engagement.members.selectors import find_member, get_member
from saas.events import publish
from tenants.context import TenantContext

from .merging import MergePreview, merge_members, preview_merge


@dataclass(frozen=True, slots=True)
class Claimant:
    """The person who claims: a login, a Discord account, or both. `name` is for the team, should they guess."""

    name: str
    user_id: int | None = None
    discord_id: int | None = None

    @property
    def key(self) -> str:
        return f"user:{self.user_id}" if self.user_id is not None else f"discord:{self.discord_id}"


@dataclass(frozen=True, slots=True)
class ClaimPreview:
    """Whom the code opens. `merge` says what becomes of the member that the person is already; None where they are none."""

    member_id: int
    name: str
    lifetime: int
    merge: MergePreview | None


def preview_claim(*, code: str, claimant: Claimant, context: TenantContext) -> ClaimPreview:
    """What claiming would do. Changes nothing but the count of wrong codes.

    Raises InvalidClaimError, ClaimLockedError, MemberDeletedError, CannotMergeError.
    """
    member_id = check_code(code=code, claimant=claimant.key, name=claimant.name)
    own = _find_own(claimant)
    member = get_member(member_id=member_id)
    lifetime = LedgerBalance.objects.get(member_id=member_id, currency=POINTS).lifetime
    merge = None if own is None else preview_merge(kept_id=own.pk, gone_id=member_id, context=context)
    return ClaimPreview(member_id, member.display_name, lifetime, merge)


def claim_member(*, code: str, claimant: Claimant, actor: Actor, context: TenantContext) -> int:
    """The member whom the code opens is the claimant's from now on; the code is used up. Answers the id of their member, which
    is the one they were before where they were one. One transaction under the ledger lock, so that of two who enter one code
    the second is refused.

    Publishes MemberClaimed. Raises InvalidClaimError, ClaimLockedError, MemberDeletedError, CannotMergeError.
    """
    check_code(code=code, claimant=claimant.key, name=claimant.name)
    with ledger_unit():
        member_id = use_code(code)
        member, own = get_member(member_id=member_id), _find_own(claimant)
        if own is not None:
            own = merge_members(kept_id=own.pk, gone_id=member_id, actor=actor, context=context)
            if own.user_id is None and claimant.user_id is not None:
                Member.objects.filter(pk=own.pk).update(user_id=claimant.user_id)
        else:
            own = _hand_over(member, claimant)
        publish(MemberClaimed(own.pk))
        record_audit(
            actor=actor,
            action="member.claimed",
            target_kind="member",
            target_id=own.pk,
            target_name=member.display_name,
            note=f"by {claimant.name}",
        )
    return own.pk


def _hand_over(member: Member, claimant: Claimant) -> Member:
    member.user_id = claimant.user_id
    member.save(update_fields=["user_id"])
    if claimant.discord_id is not None:
        Identity.objects.create(provider="discord", external_id=str(claimant.discord_id), member=member)
    return member


def _find_own(claimant: Claimant) -> Member | None:
    """The member that the person is here already. Raises MemberDeletedError for one whom the team deleted."""
    own = None
    if claimant.user_id is not None:
        own = Member.objects.filter(user_id=claimant.user_id).first()
    if own is None and claimant.discord_id is not None:
        own = find_member(provider="discord", external_id=str(claimant.discord_id), with_deleted=True)
    if own is not None and own.deleted_at is not None:
        raise MemberDeletedError(
            "Your membership here was deleted, so you cannot claim another one. Ask the community's team to restore you."
        )
    return own
