"""Boards are read inside acme, on the town's Wednesday, with nobody else there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from saas.core.clock import frozen_at
from tenants.context import TenantContext, enter_tenant


@pytest.fixture(autouse=True)
def in_acme(db: None, acme: TenantContext) -> Iterator[TenantContext]:
    from engagement.standings.models import Standing, StandingBucket, StandingGroup, StandingPast

    from .town import NOW

    with enter_tenant(acme), frozen_at(NOW):
        for model in (Standing, StandingPast, StandingBucket, StandingGroup):
            model.objects.all().delete()
        yield acme
