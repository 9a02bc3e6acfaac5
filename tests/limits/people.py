"""Who is tracked, who waits, and what two communities have in common."""

from __future__ import annotations

from typing import Any

from engagement.activity.admission import admit_waiting
from engagement.ledger.models import LedgerBalance, LedgerEntry
from engagement.members.models import Identity, Member
from engagement.models import MemberProgress, Standing, StandingPast
from engagement.progression.models import HeldActivity
from engagement.progression.verification import verify_ledger
from tenants.context import TenantContext, enter_tenant


def count_tracked(context: TenantContext) -> int:
    with enter_tenant(context):
        return Member.objects.filter(
            waiting_since=None, deleted_at=None, departed_at=None, is_bot=False
        ).count()


def waiting_users(context: TenantContext) -> list[str]:
    """Their ids in Discord, in the order in which they will be let in."""
    with enter_tenant(context):
        rows = Identity.objects.filter(member__waiting_since__isnull=False, provider="discord")
        return list(rows.order_by("member__waiting_since", "member_id").values_list("external_id", flat=True))


def let_in(context: TenantContext) -> int:
    return admit_waiting(context=context)


def describe_everybody(context: TenantContext) -> dict[str, Any]:
    """Everything that follows from what members did, by their ids in Discord."""
    with enter_tenant(context):
        assert verify_ledger(context) == []
        names = dict(Identity.objects.values_list("member_id", "external_id"))
        found: dict[str, Any] = {name: {} for name in names.values()}
        for balance in LedgerBalance.objects.filter(currency=0):
            found[names[balance.member_id]]["balance"] = (balance.current, balance.lifetime, balance.debt)
        for progress in MemberProgress.objects.all():
            found[names[progress.member_id]]["level"] = (progress.level, progress.usage)
        for row in Standing.objects.all():
            fields = {
                name: value
                for name, value in vars(row).items()
                if name not in {"_state", "member_id", "joined_at"}
            }
            found[names[row.member_id]]["standing"] = fields
        for past in StandingPast.objects.all():
            key = (past.kind, past.starts_on)
            found[names[past.member_id]].setdefault("past", {})[key] = (
                past.score,
                past.reached_at,
                past.ranked,
            )
        for member_id, name in names.items():
            entries = LedgerEntry.objects.filter(member_id=member_id, cause_kind__in=(1, 2, 4))
            found[name]["entries"] = sorted(
                entries.values_list("cause_kind", "rule_id", "amount", "occurred_at")
            )
        return found


def count_held(context: TenantContext) -> int:
    with enter_tenant(context):
        return HeldActivity.objects.count()
