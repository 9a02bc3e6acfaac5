"""How much of each limit a community uses now. Reads only; what counts is what the limit's own service counts under its lock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engagement.credits.models import CreditType
from engagement.members.models import Member
from engagement.rewards.models import Reward, RewardState
from engagement.rules.models import Rule
from engagement.submissions.freezing import active_types
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from tenants.api_keys import is_in_force, list_api_keys
from tenants.context import TenantContext, enter_tenant
from tenants.models import Membership

# Of which a number in use can be told.
COUNTED: Final = ("members", "rules", "seats", "api_keys", "rewards", "submission_types", "credit_types")


def count_used(*, context: TenantContext) -> Mapping[str, int]:
    """Limit → how many are in use. Enters the tenant. Seven queries, however many there are."""
    now = clock.now()
    with enter_schema(PUBLIC):
        seats = Membership.objects.filter(tenant_id=context.tenant_id).count()
        keys = {
            key.line or key.pk for key in list_api_keys(tenant_id=context.tenant_id) if is_in_force(key, now)
        }
    with enter_tenant(context):
        people = Member.objects.filter(is_bot=False, deleted_at=None, departed_at=None)
        members = people.filter(waiting_since=None).count()
        rules = Rule.objects.filter(enabled=True, archived_at=None).count()
        rewards = Reward.objects.filter(state=RewardState.ACTIVE).count()
        types = active_types().count()
        credits = CreditType.objects.filter(archived_at=None).count()
    return {
        "members": members,
        "rules": rules,
        "seats": seats,
        "api_keys": len(keys),
        "rewards": rewards,
        "submission_types": types,
        "credit_types": credits,
    }


def count_waiting(*, context: TenantContext) -> int:
    """Members who wait for room in the plan. Enters the tenant. One query."""
    with enter_tenant(context):
        return Member.objects.filter(is_bot=False, deleted_at=None, waiting_since__isnull=False).count()
