"""Dated phases, and the gates that ask them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tenants.entitlements import UNLIMITED, Entitlements
from tenants.gates import GATES, GateClosedError, is_open, require_open

NOW = datetime(2026, 6, 1, tzinfo=UTC)
STORED = {
    "phases": [
        {"starts_at": "2026-07-01T00:00:00+00:00", "features": []},
        {"starts_at": "2026-05-01T00:00:00+00:00", "features": ["level_roles"], "limits": {"rules": 5}},
    ]
}


def test_the_phase_in_force_decides() -> None:
    plan = Entitlements.parse(STORED, 3)
    assert is_open("level_roles", plan, NOW)
    assert not is_open("level_roles", plan, NOW + timedelta(days=60))
    assert (plan.limit_of("rules", NOW), plan.limit_of("members", NOW)) == (5, UNLIMITED)


def test_before_its_first_phase_a_plan_opens_nothing() -> None:
    plan = Entitlements.parse(STORED, 3)
    assert not is_open("level_roles", plan, NOW - timedelta(days=90))
    assert plan.limit_of("rules", NOW - timedelta(days=90)) == 0


def test_without_any_plan_everything_is_open() -> None:
    plan = Entitlements.parse({}, 0)
    assert all(is_open(name, plan, NOW) for name in GATES)
    assert plan.limit_of("rules", NOW) == UNLIMITED


def test_a_closed_gate_says_where_it_is_opened() -> None:
    plan = Entitlements.parse(STORED, 3)
    with pytest.raises(GateClosedError, match="under Billing"):
        require_open("announcements", plan, NOW)
    require_open("level_roles", plan, NOW)
