"""The gate matrix: gate × plan × surface, made from the declaration.

Every built gate and limit names where it is enforced; each of those places is asked under every plan and opens or closes as the
plan says. A gate without a place, a place that nobody asks, and a name in code that was never declared fail here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction

from billing.plans import PLANS
from ops.check.docs import modules
from ops.devstack.places import PROJECT
from tenants.context import TenantContext
from tenants.entitlements import UNLIMITED
from tenants.gates import GATES, LIMITS
from tenants.models import Tenant
from tenants.routing import get_routing
from tests.frontend_api.hosts import ACME, Browser
from tests.frontend_api.v1.buckets import stand_still
from tests.gates.askers import USED, World, load_askers

ASKERS = load_askers()
BUILT = {name: one for name, one in (GATES | LIMITS).items() if one.built}
# Declared, and enforced by what is being built at the moment. Whoever finishes one takes its line away.
PENDING: set[str] = set()
# Besides the plans: all but the one thing that is asked about, so that what every plan has is seen closed as well.
WITHOUT = "without"
ASKED = [*PLANS, WITHOUT]


def given_by(plan: str, name: str) -> tuple[list[str], dict[str, int]]:
    """Features and limits."""
    if plan == WITHOUT:
        return sorted(GATES.keys() - {name}), {name: 0} if name in LIMITS else {}
    return sorted(PLANS[plan].features), PLANS[plan].limits_at()


def phase(plan: str, name: str) -> dict[str, Any]:
    features, limits = given_by(plan, name)
    return {
        "phases": [
            {"starts_at": "2020-01-01T00:00:00+00:00", "plan": plan, "features": features, "limits": limits}
        ]
    }


def is_given(plan: str, name: str, used: int) -> bool:
    features, limits = given_by(plan, name)
    return name in features if name in GATES else used < limits.get(name, UNLIMITED)


def test_every_built_gate_and_limit_names_where_it_is_enforced() -> None:
    unnamed = {name for name, one in BUILT.items() if not one.surfaces}
    assert unnamed == PENDING & unnamed, "say in tenants/gates.py where it is enforced"
    assert not PENDING - unnamed, "it is there now: take its line out of PENDING"
    planned = [name for name, one in (GATES | LIMITS).items() if not one.built and one.surfaces]
    assert planned == []


def test_every_surface_is_asked_and_nothing_else() -> None:
    declared = {surface for one in BUILT.values() for surface in one.surfaces}
    assert declared == set(ASKERS)
    kinds = {surface.partition(" ")[0] for surface in declared}
    assert kinds <= {"page", "rest", "bot", "job", "ingest", "live"}
    counted = {surface for name, one in LIMITS.items() for surface in one.surfaces}
    assert counted == set(USED), "a limit's surface says how much is in use"


@pytest.fixture
def world(
    things: dict[str, Any], sign_in: Callable[..., Browser], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> World:
    settings.BILLING_ON = True
    stand_still(monkeypatch)
    owner = sign_in("acme-owner").on(ACME)
    context = get_routing().context_for_host(ACME)
    assert context is not None
    assert context.context is not None
    return World(context.context, things, owner)


@pytest.mark.parametrize("name", [name for name in BUILT if name not in PENDING])
def test_each_surface_is_open_or_closed_as_the_plan_says(world: World, name: str) -> None:
    wrong = []
    for plan in ASKED:
        for surface in BUILT[name].surfaces:
            with transaction.atomic():
                here = put_on(world, plan, name)
                used = USED[surface](here) if surface in USED else 0
                expected = is_given(plan, name, used)
                if ASKERS[surface](here) != expected:
                    wrong.append(f"{surface} under {plan}: {'closed' if expected else 'open'}")
                transaction.set_rollback(True)
    assert wrong == []


def put_on(world: World, plan: str, name: str) -> World:
    Tenant.objects.filter(pk=world.context.tenant_id).update(entitlements=phase(plan, name))
    routing = get_routing()
    routing.load_tenants({world.context.tenant_id})
    context: TenantContext | None = routing.context_for_schema(world.context.schema)
    assert context is not None
    return World(context, world.things, world.owner)


# --- names in code ---

# Function → which of its arguments, by place, names a gate or a limit.
ASKING = {"is_open": 0, "require_open": 0, "limit_of": 0, "require_room": 0, "require_gate": 0}
IN_TEMPLATES = re.compile(r'{% lock "(\w+)"|desk\.opens\.(\w+)')


def test_code_and_templates_name_only_what_is_declared() -> None:
    found = [*named_in_code(), *named_in_templates()]
    assert [f"{place}: {name}" for place, name in found if name not in GATES | LIMITS] == []
    assert {name for _, name in found} >= {"level_roles", "announcements", "team_grants", "audit_export"}


def named_in_code() -> Iterator[tuple[str, str]]:
    for path, tree in modules():
        constants = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called not in ASKING or "tenants/gate" in str(path):
                continue
            first = node.args[ASKING[called]]
            name = constants.get(first.id) if isinstance(first, ast.Name) else getattr(first, "value", None)
            if isinstance(name, str):
                yield str(path.relative_to(PROJECT)), name


def named_in_templates() -> Iterator[tuple[str, str]]:
    for path in sorted((PROJECT / "frontend_api" / "templates").rglob("*.html")):
        for match in IN_TEMPLATES.finditer(path.read_text()):
            yield str(path.relative_to(PROJECT)), match[1] or match[2]
