"""A schema from the cached script.

Invariant: an active tenant has a whole schema. The usual way does everything in one transaction of the owner's role; the
statement-at-a-time way (Citus, where one message cannot hold all the DDL) makes the tenant active last and clears up
after a failure. A tenant that somebody founded on the site has its row first (tenants.founding) and its schema by a job:
`finish_provisioning`, which may be killed anywhere and run again.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction

from saas.core.errors import InvalidInputError
from saas.core.schemas import check_schema, enter_schema
from saas.core.text import require_line
from saas.events import publish

from .catalogue import quote
from .context import TenantContext
from .errors import SlugTakenError
from .events import TenantProvisioned
from .models import Domain, Membership, Tenant, User
from .owner import as_owner
from .routing import invalidate_routing
from .schema_script import get_script, render
from .slugs import check_slug

Seed = Callable[[TenantContext], None]


@dataclass(frozen=True, kw_only=True)
class TenantFacts:
    """What a new tenant is like. Checked when made; raises BadSlugError and InvalidInputError."""

    slug: str
    name: str
    kind: str = Tenant.Kind.DISCORD
    timezone: str = "UTC"
    first_weekday: int = 0
    locale: str = "en"
    points_name: str = "points"
    colour: str = "#4f46e5"
    live: bool = True

    def __post_init__(self) -> None:
        check_slug(self.slug)
        name = require_line(self.name, longest=100, what="The community's name", field="name")
        points = require_line(self.points_name, longest=30, what="The points' name", field="points_name")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "points_name", points)
        if self.kind not in Tenant.Kind.values:
            kinds = ", ".join(Tenant.Kind.values)
            raise InvalidInputError(
                f"The kind {self.kind!r:.40} is not known; choose one of {kinds}.", field="kind"
            )
        if self.timezone not in zoneinfo.available_timezones():
            raise InvalidInputError(
                f"The time zone {self.timezone!r:.60} is not known; use a name such as Europe/Berlin.",
                field="timezone",
            )
        if not 0 <= self.first_weekday <= 6:
            raise InvalidInputError(
                "The first weekday is a number from 0 (Monday) to 6 (Sunday).", field="first_weekday"
            )
        if not re.fullmatch(r"[a-z]{2,3}(-[A-Z]{2})?", self.locale):
            raise InvalidInputError(
                f"The language {self.locale!r:.40} is not known; use a code such as en or de.", field="locale"
            )
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", self.colour):
            raise InvalidInputError(f"The colour {self.colour!r} must look like #4f46e5.", field="colour")


def list_wrong(facts: dict[str, Any]) -> list[InvalidInputError]:
    """Everything that is wrong with the facts of a new tenant, so that a form can show it at once; empty where they fit."""
    wrong: list[InvalidInputError] = []
    fitting = {"slug": "fits", "name": "Fits"}  # what takes a wrong value's place, beside the defaults
    tried = dict(facts)
    while True:
        try:
            TenantFacts(**tried)
            return wrong
        except InvalidInputError as error:
            if error.field not in tried:
                return [*wrong, error]
            wrong.append(error)
            tried.pop(error.field)
            tried |= {name: value for name, value in fitting.items() if name == error.field}


def host_of(slug: str) -> str:
    """The host name of a slug."""
    return f"{slug}.{settings.BASE_DOMAIN}"


def provision_tenant(
    *, owner: User | None = None, seed: Seed | None = None, statement_at_a_time: bool = False, **facts: Any
) -> Tenant:
    """Make a tenant: its schema, its row, its domain, its owner's membership and `seed`'s rows.

    `facts` are the fields of TenantFacts. One transaction of the owner's role (but for `statement_at_a_time`), so it is
    called outside any other. Not idempotent: a second call with the same slug raises SlugTakenError.
    Publishes TenantProvisioned in the public log; routing follows within a second.
    Raises BadSlugError, InvalidInputError, SlugTakenError, OwnerRoleMissingError, OwnerRoleMisusedError.
    """
    wanted = TenantFacts(**facts)
    statements = get_script()
    with as_owner():
        make = _provision_step_by_step if statement_at_a_time else _provision_at_once
        tenant = make(wanted, statements, owner, seed)
    invalidate_routing(tenant_id=tenant.pk)
    return tenant


def finish_provisioning(*, tenant_id: int, seed: Seed | None = None) -> Tenant | None:
    """Give a tenant in state PROVISIONING its schema, and make it active; None where the tenant is gone.

    One transaction of the owner's role, which holds the tenant's row: killed anywhere, nothing of it is kept and it can be
    run again; run twice at once, the second waits and finds it done. What an earlier try may have left is dropped first.
    Publishes TenantProvisioned. Raises OwnerRoleMissingError, OwnerRoleMisusedError.
    """
    statements = get_script()
    with as_owner(), transaction.atomic():
        tenant: Tenant | None = Tenant.objects.select_for_update().filter(pk=tenant_id).first()
        if tenant is None or tenant.state != Tenant.State.PROVISIONING:
            return tenant
        drop_schema(tenant.schema_name)
        _build(tenant, statements, seed)
    invalidate_routing(tenant_id=tenant_id)
    return tenant


def drop_schema(schema: str) -> None:
    """Drop a tenant's schema with all that is in it; nothing where there is none. Needs `as_owner`."""
    with connection.cursor() as cursor:
        cursor.execute(f"drop schema if exists {quote(check_schema(schema))} cascade")


def reserve_tenant(*, facts: TenantFacts, owner: User | None, **fields: Any) -> Tenant:
    """The row, the address and the owner's membership of a tenant whose schema is still to be made, in the caller's
    transaction. `fields` are further columns of the row. Raises SlugTakenError."""
    try:
        with transaction.atomic():
            values = {name: getattr(facts, name) for name in TenantFacts.__dataclass_fields__}
            tenant = Tenant(**values, **fields)
            tenant.save(force_insert=True)
            Domain.objects.create(domain=host_of(facts.slug), tenant=tenant, is_primary=True)
    except IntegrityError as error:
        raise SlugTakenError(facts.slug) from error
    if owner is not None:
        Membership.objects.create(user=owner, tenant=tenant, role=Membership.Role.OWNER)
    return tenant


def _provision_at_once(
    wanted: TenantFacts, statements: list[str], owner: User | None, seed: Seed | None
) -> Tenant:
    with transaction.atomic():
        tenant = reserve_tenant(facts=wanted, owner=owner)
        _build(tenant, statements, seed)
    return tenant


def _build(tenant: Tenant, statements: list[str], seed: Seed | None) -> None:
    with enter_schema(tenant.schema_name), connection.cursor() as cursor:
        # One message: a round trip for each of a few hundred statements would take longer than the statements.
        cursor.execute(";\n".join(render(statements, tenant.schema_name)))
    _finish(tenant, seed)


def _provision_step_by_step(
    wanted: TenantFacts, statements: list[str], owner: User | None, seed: Seed | None
) -> Tenant:
    with transaction.atomic():
        tenant = reserve_tenant(facts=wanted, owner=owner)
    try:
        with enter_schema(tenant.schema_name), connection.cursor() as cursor:
            for statement in render(statements, tenant.schema_name):
                cursor.execute(statement)
        with transaction.atomic():
            _finish(tenant, seed)
    except BaseException:
        drop_schema(tenant.schema_name)
        tenant.delete()
        raise
    return tenant


def _finish(tenant: Tenant, seed: Seed | None) -> None:
    if seed is not None:
        context = TenantContext.of(tenant)
        with enter_schema(context.schema):
            seed(context)
    tenant.state, tenant.founding_error = Tenant.State.ACTIVE, ""
    tenant.save(update_fields=["state", "founding_error"])
    publish(TenantProvisioned(tenant_id=tenant.pk, schema=tenant.schema_name, slug=tenant.slug))
