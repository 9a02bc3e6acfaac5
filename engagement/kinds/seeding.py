"""A new community's first rows: the pack of its kind."""

from __future__ import annotations

from engagement.levels.services import seed_levels
from engagement.rewards.tiers import seed_tiers
from engagement.rules.services import seed_rules
from engagement.standings.seasons import seed_season_length
from tenants.context import TenantContext
from tenants.models import Tenant

from .packs import get_pack


def seed_community(context: TenantContext) -> None:
    """Give the tenant in hand the rules, levels, season and reward tiers of its kind. Safe to repeat: what an organiser has made, changed or
    archived stays. It is provisioning's `seed`."""
    kind = Tenant.objects.filter(pk=context.tenant_id).values_list("kind", flat=True).get()
    pack = get_pack(kind)
    seed_rules(rules=pack.rules)
    seed_levels(kind=pack.curve_kind, parameters=pack.curve_parameters, names=pack.level_names)
    seed_season_length(pack.season)
    seed_tiers()
