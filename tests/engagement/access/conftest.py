"""Acme's team: owner, an admin, a second admin, the moderator, an analyst; and how they act."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from engagement.audit.actor import Actor
    from engagement.audit.models import AuditEntry
    from tenants.context import TenantContext
    from tenants.models import Membership, User


@dataclass(frozen=True)
class Team:
    """By what they play: `admin`, `admin2`, `analyst`, `moderator`, `owner`."""

    context: TenantContext
    rows: dict[str, Membership]

    def user(self, name: str) -> User:
        return self.rows[name].user

    def row_id(self, name: str) -> int:
        return int(self.rows[name].pk)

    def actor(self, name: str) -> Actor:
        from engagement.audit.actor import Actor

        return Actor("user", self.user(name).pk, str(self.user(name)), via="web")


def make_team(context: TenantContext) -> Team:
    from tenants.models import Membership, User

    for name, role in (("admin", "admin"), ("admin2", "admin"), ("analyst", "analyst")):
        user, _ = User.objects.get_or_create(username=f"acme-{name}", defaults={"display_name": name.title()})
        Membership.objects.get_or_create(user=user, tenant_id=context.tenant_id, defaults={"role": role})
    rows = Membership.objects.filter(tenant_id=context.tenant_id).select_related("user")
    return Team(context, {row.user.username.removeprefix("acme-"): row for row in rows})


@pytest.fixture
def team(db: None, acme: TenantContext) -> Team:
    return make_team(acme)


@pytest.fixture
def entries(acme: TenantContext) -> Callable[..., list[AuditEntry]]:
    """Acme's entries of an action, oldest first."""

    def find(action: str) -> list[AuditEntry]:
        from engagement.audit.models import AuditEntry
        from tenants.context import enter_tenant

        with enter_tenant(acme):
            return list(AuditEntry.objects.filter(action=action).order_by("pk"))

    return find
