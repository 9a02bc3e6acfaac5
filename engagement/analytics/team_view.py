"""A member as the team sees them: by the real name, with every account, deleted or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engagement.ledger.models import POINTS, LedgerBalance
from engagement.members.models import ClaimCode, Member
from engagement.members.selectors import get_member
from engagement.progression.models import HeldActivity, MemberProgress
from saas.core import clock


@dataclass(frozen=True, slots=True)
class AccountLine:
    provider: str
    external_id: str


@dataclass(frozen=True, slots=True)
class MemberSheet:
    """All amounts in whole points. `code_expires_at` is None where no claim code waits."""

    member: Member
    type_name: str
    accounts: tuple[AccountLine, ...]
    current: int
    lifetime: int
    debt: int
    level: int
    last_active_at: datetime | None
    code_expires_at: datetime | None
    merged_into: Member | None
    held: int = 0  # activities that wait with the member

    @property
    def is_deleted(self) -> bool:
        return self.member.deleted_at is not None

    @property
    def can_be_claimed(self) -> bool:
        """Somebody without login and Discord account."""
        outside = any(account.provider == "discord" for account in self.accounts)
        return not self.is_deleted and self.member.user_id is None and not outside


def get_member_sheet(*, member_id: int) -> MemberSheet:
    """A fixed number of queries. Raises MemberNotFoundError."""
    member = get_member(member_id=member_id, with_deleted=True)
    balance = LedgerBalance.objects.get(member_id=member_id, currency=POINTS)
    progress = MemberProgress.objects.get(pk=member_id)
    code = ClaimCode.objects.filter(member=member, expires_at__gt=clock.now()).first()
    accounts = member.identities.order_by("provider", "pk").values_list("provider", "external_id")
    return MemberSheet(
        member,
        member.type.name if member.type is not None else "",
        tuple(AccountLine(*account) for account in accounts),
        balance.current,
        balance.lifetime,
        balance.debt,
        progress.level,
        progress.last_active_at,
        None if code is None else code.expires_at,
        Member.objects.filter(pk=member.merged_into_id).first() if member.merged_into_id else None,
        HeldActivity.objects.filter(member_id=member_id).count() if member.waiting_since else 0,
    )
