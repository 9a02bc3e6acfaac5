"""A trial is had once for a community and once for a Discord server, whoever founds what anew.

Invariants: a claim is taken under the table's own constraint, all of its holders or none; it is given back only while the
checkout that took it has come to nothing; what was used stays used when the community is gone.
"""

from __future__ import annotations

from django.db import transaction

from saas.core.schemas import PUBLIC, enter_schema
from tenants.models import GuildLink, Tenant

from .models import BillingAttempt, TrialClaim
from .plans import Plan


def has_trial(*, tenant: Tenant, plan: Plan) -> bool:
    """Whether this community would begin the plan with a trial."""
    holders = _list_holders(tenant) if plan.trial_days else []
    with enter_schema(PUBLIC):
        taken = TrialClaim.objects.filter(holder__in=holders)
        # What its own open checkout claimed may be left for another.
        return bool(holders) and not taken.exclude(used=False, attempt__tenant_id=tenant.pk).exists()


def claim_trial(*, attempt: BillingAttempt) -> bool:
    """Claim the trial for a checkout; False where the community or its server had one, or another checkout holds it."""
    with enter_schema(PUBLIC), transaction.atomic():
        holders = _list_holders(attempt.tenant)
        rows = [
            TrialClaim(holder=holder, attempt=attempt, claimed_by=attempt.tenant_id) for holder in holders
        ]
        TrialClaim.objects.bulk_create(rows, ignore_conflicts=True)
        mine = TrialClaim.objects.filter(holder__in=holders, attempt=attempt)
        if holders and mine.count() == len(holders):
            return True
        mine.filter(used=False).delete()
    return False


def release_trial(*, attempt: BillingAttempt) -> int:
    """Give back what a checkout claimed and did not use. Answers how many holders are free again. Idempotent."""
    with enter_schema(PUBLIC):
        return TrialClaim.objects.filter(attempt=attempt, used=False).delete()[0]


def use_trial(*, tenant: Tenant) -> None:
    """A trial of this community has begun: it and its server have had theirs, for ever. Idempotent."""
    with enter_schema(PUBLIC), transaction.atomic():
        holders = [_name(tenant), *_list_guilds(tenant)]
        TrialClaim.objects.bulk_create(
            [TrialClaim(holder=holder, used=True, claimed_by=tenant.pk) for holder in sorted(holders)],
            ignore_conflicts=True,
        )
        TrialClaim.objects.filter(holder__in=holders, used=False).update(used=True, claimed_by=tenant.pk)


def was_had_elsewhere(*, tenant: Tenant) -> bool:
    """Whether a server that is linked to this community had its trial with another, which may be gone."""
    with enter_schema(PUBLIC):
        had = TrialClaim.objects.filter(holder__in=_list_guilds(tenant), used=True)
        return had.exclude(claimed_by=None).exclude(claimed_by=tenant.pk).exists()


def carry_trial(*, tenant_id: int) -> None:
    """A server was linked to a community that had its trial: the server has had it too. Idempotent."""
    with enter_schema(PUBLIC):
        tenant = Tenant.objects.filter(pk=tenant_id).first()
        if tenant is not None and TrialClaim.objects.filter(holder=_name(tenant), used=True).exists():
            use_trial(tenant=tenant)


def _list_holders(tenant: Tenant) -> list[str]:
    """Who would have had the trial, in one order, so that two communities of one server queue up instead of blocking each other.
    Nobody where a Discord community has no server yet: it tries with its server, and not without."""
    guilds = _list_guilds(tenant)
    if tenant.kind == Tenant.Kind.DISCORD and not guilds:
        return []
    return sorted([_name(tenant), *guilds])


def _name(tenant: Tenant) -> str:
    return f"tenant:{tenant.pk}"


def _list_guilds(tenant: Tenant) -> list[str]:
    with enter_schema(PUBLIC):
        standing = GuildLink.objects.filter(tenant=tenant).exclude(state=GuildLink.State.UNLINKED)
        return [f"guild:{guild}" for guild in standing.values_list("guild_id", flat=True)]
