"""Every list asks the database as often for many rows as for few."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from engagement.activity.models import Activity
from engagement.audit.models import AuditEntry
from engagement.boosts.models import Boost
from engagement.imports.models import ImportRow, ImportRun
from engagement.members.models import Member, MemberType
from engagement.rules.models import Rule, RuleVersion
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tenants.models import ApiKey, Invite, Membership, User
from tenants.scopes import SCOPES
from tests.frontend_api.givers import give
from tests.frontend_api.hosts import ACME, Browser
from tests.frontend_api.v1.asking import Api, issue

MANY = 300  # more than a page of any list
PAGES = (
    "/dashboard/",
    "/dashboard/rules/",
    "/dashboard/rules/{rule}/versions/",
    "/dashboard/boosts/",
    "/dashboard/imports/",
    "/dashboard/imports/{run}/lines/",
    "/dashboard/members/",
    "/dashboard/members/types/",
    "/dashboard/audit/",
    "/dashboard/settings/history/",
    "/dashboard/team/",
    "/dashboard/keys/",
    "/dashboard/levels/",
    "/leaderboard/",
    "/earn/",
)
NOUNS = (
    "activities",
    "boosts",
    "imports",
    "imports/{run}/lines",
    "leaderboards",
    "leaderboards/all",
    "members",
    "entries",
    "rules",
    "rules/message/versions",
)


def multiply(row: models.Model, times: int, **unique: Callable[[int], Any]) -> None:
    """The same row again and again, but for what `unique` makes of its number."""
    kind = type(row)
    fields = {field.attname: getattr(row, field.attname) for field in kind._meta.concrete_fields}
    fields.pop("id")
    kind._default_manager.bulk_create(
        kind(**fields | {name: make(number) for name, make in unique.items()}) for number in range(times)
    )


def fill(acme: TenantContext, places: dict[str, int], times: int, start: int) -> None:
    """`times` more of everything that has a list."""

    def named(number: int) -> str:
        return f"more-{start}-{number}"

    with enter_tenant(acme):
        for number in range(min(times, 30)):
            give(acme, 820_000_000_000_000_000 + start + number, named(number), 10)
        member = Member.objects.latest("pk").pk
        now = clock.now()
        activity = Activity(
            source_id="",
            source="key:1",
            member_id=member,
            type="sale",
            occurred_at=now,
            arrived_at=now,
            attributes={},
        )
        multiply(activity, times, source_id=named)
        AuditEntry.objects.bulk_create(
            AuditEntry(
                action=action,
                actor_kind="user",
                actor_name="Ada",
                target_kind="member",
                target_id="1",
                salt="s",
                before={"name": "a"},
                after={"name": "b"},
                occurred_at=now,
            )
            for action in ("settings.changed", "member.changed")
            for _ in range(times)
        )
        rule = Rule.objects.select_related("latest").get(pk=places["rule"])
        assert rule.latest is not None
        multiply(rule.latest, times, number=lambda number: start + number + 10, name=named)
        for number in range(times):
            made = Rule.objects.create(key=named(number), name=named(number), created_at=now)
            made.latest = RuleVersion.objects.create(
                rule=made,
                number=1,
                name=made.name,
                definition=rule.latest.definition,
                created_at=now,
                created_by="Ada",
            )
            made.save()
        boost = Boost(
            name="More", percent=150, timezone="UTC", starts_at=now, ends_at=now + timedelta(hours=1), told_until=now,
            created_by="Ada", created_at=now, scope={}, pauses=[], stopped_by="",
        )  # fmt: skip
        multiply(boost, times, key=named)
        run = ImportRun.objects.get(pk=places["run"])
        multiply(run, times, file_name=named)
        row = ImportRow(run=run, line=1, external_id="", name="", avatar_url="", error="", created=False)
        multiply(row, times, line=lambda number: start + number + 1, external_id=named)
        MemberType.objects.bulk_create(MemberType(name=named(number)) for number in range(min(times, 20)))
    users = User.objects.bulk_create(
        User(username=named(number), email=f"{named(number)}@example.org") for number in range(times)
    )
    Membership.objects.bulk_create(
        Membership(user=user, tenant_id=acme.tenant_id, role="moderator") for user in users
    )
    Invite.objects.bulk_create(
        Invite(
            tenant_id=acme.tenant_id,
            email=user.email,
            role="analyst",
            token_digest=user.username,
            expires_at=now + timedelta(days=7),
        )
        for user in users
    )
    ApiKey.objects.bulk_create(
        ApiKey(tenant_id=acme.tenant_id, name=user.username, prefix=f"p{user.pk}", digest=user.username)
        for user in users
    )


def count(ask: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert ask().status_code == 200
    return len(queries)


@pytest.fixture
def places(pages: Browser, acme: TenantContext) -> dict[str, int]:
    """What stands in the addresses, in a community with a few rows of everything."""
    with enter_tenant(acme):
        run = ImportRun.objects.create(source="csv", state="ready", keep="xp", existing="highest", results={})
        found = {"rule": Rule.objects.get(key="message").pk, "run": run.pk}
    fill(acme, found, 2, 0)
    return found


def test_pages(places: dict[str, int], acme: TenantContext) -> None:
    desk = Browser()
    desk.sign_in("acme-owner")
    addresses = [path.format(**places) for path in PAGES]

    def counts() -> dict[str, int]:
        return {path: count(lambda path=path: desk.on(ACME).get(path)) for path in addresses}  # type: ignore[misc]

    counts()  # the day's first visit is noted
    few = counts()
    fill(acme, places, MANY, 1_000)
    assert counts() == few


def test_nouns(places: dict[str, int], acme: TenantContext) -> None:
    api = Api(issue(acme, *SCOPES))
    addresses = [path.format(**places) for path in NOUNS]

    def counts() -> dict[str, int]:
        return {path: count(lambda path=path: api.get(path)) for path in addresses}  # type: ignore[misc]

    counts()
    few = counts()
    fill(acme, places, MANY, 1_000)
    assert counts() == few
