"""The tests of services and selectors run inside acme."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tenants.context import TenantContext, enter_tenant


@pytest.fixture
def in_acme(db: None, acme: TenantContext) -> Iterator[TenantContext]:
    """Acme's schema, without rules whatever provisioning seeded, rolled back afterwards."""
    from engagement.rules.models import Rule, RulesState, RuleVersion

    with enter_tenant(acme):
        Rule.objects.update(latest=None)
        RuleVersion.objects.all().delete()
        Rule.objects.all().delete()
        RulesState.objects.all().delete()
        yield acme
