"""`manage.py seed_demo`: through ingest, once, dated as it happened, and with nobody told."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F

from engagement.activity.models import Activity
from engagement.ledger.models import LedgerEntry
from engagement.members.models import Member
from engagement.progression.verification import verify_ledger
from ops.demo import communities
from ops.demo.founding import find_tenant
from ops.demo.logins import PASSWORD
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tenants.models import User

BORN = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


@pytest.fixture
def short(
    committed_db: None, redis_stream: object, redis_cache: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two communities, one with a Discord server and one without, and three weeks of history."""
    from dataclasses import replace

    chosen = tuple(replace(communities.get_demo(slug), days=21) for slug in ("harbour-school", "ledgerline"))
    for module in ("ops.demo.communities", "ops.demo.founding", "ops.management.commands.seed_demo"):
        monkeypatch.setattr(f"{module}.COMMUNITIES", chosen)
    monkeypatch.setattr(clock, "now", lambda: NOW)


def seed(*arguments: str) -> str:
    out = StringIO()
    call_command("seed_demo", "--born", BORN.isoformat(), *arguments, stdout=out)
    return out.getvalue()


def contexts() -> list[TenantContext]:
    found = [find_tenant(community) for community in communities.COMMUNITIES]
    return [TenantContext.of(tenant) for tenant in found if tenant is not None]


def counts(context: TenantContext) -> tuple[int, int, int]:
    with enter_tenant(context):
        return Activity.objects.count(), LedgerEntry.objects.count(), Member.objects.count()


def test_the_past_is_booked_once_and_dated_as_it_happened(short: None) -> None:
    seed()
    before = {context.slug: counts(context) for context in contexts()}
    assert set(before) == {"harbour-school", "ledgerline"}
    for context in contexts():
        with enter_tenant(context):
            assert verify_ledger(context) == []
            late = F("occurred_at") + timedelta(hours=1)
            assert not LedgerEntry.objects.filter(created_at__gt=late).exists()
            assert not Activity.objects.filter(arrived_at__gt=late).exists()
            assert Member.objects.filter(created_at__lt=NOW - timedelta(days=10)).exists()
            assert LedgerEntry.objects.filter(occurred_at__lt=NOW - timedelta(days=14)).exists()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name LIKE 'integrations.discord.announce%'"
        )
        assert cursor.fetchone()[0] == 0

    assert "activities" in seed()
    assert {context.slug: counts(context) for context in contexts()} == before


def test_those_known_by_their_id_alone_are_looked_up_at_discord(
    short: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    founded = tuple(replace(one, founders=(8, 2) if one.guild else ()) for one in communities.COMMUNITIES)
    for module in ("ops.demo.communities", "ops.demo.founding", "ops.management.commands.seed_demo"):
        monkeypatch.setattr(f"{module}.COMMUNITIES", founded)
    seed()
    (school,) = (context for context in contexts() if context.slug == "harbour-school")
    with enter_tenant(school):
        nameless = set(Member.objects.filter(display_name="A member").values_list("pk", flat=True))
    assert len(nameless) == 2
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT args->'event'->'member_ids' FROM procrastinate_jobs"
            " WHERE task_name = 'integrations.discord.look_up_names' AND args->>'tenant' = %s",
            [school.schema],
        )
        asked = [row[0] for row in cursor.fetchall()]
    found = {member for ids in asked for member in (json.loads(ids) if isinstance(ids, str) else ids)}
    assert found == nameless


def test_a_day_later_only_what_is_new_is_added(short: None, monkeypatch: pytest.MonkeyPatch) -> None:
    seed()
    before = {context.slug: counts(context)[0] for context in contexts()}
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=1))
    said = seed()
    assert "of 2 days" in said
    for context in contexts():
        assert counts(context)[0] > before[context.slug]
        with enter_tenant(context):
            assert verify_ledger(context) == []


def test_logins_work_and_the_operator_is_one(short: None) -> None:
    seed("--no-history")
    assert User.objects.get(username="grace").check_password(PASSWORD)
    assert User.objects.get(username="operator").is_operator
    assert {context.slug for context in contexts()} == {"harbour-school", "ledgerline"}
    assert all(counts(context)[0] == 0 for context in contexts())


def test_labels_need_nothing_and_an_unknown_community_is_named(db: None) -> None:
    out = StringIO()
    call_command("seed_demo", "--labels", "--only", "pixel-pals", stdout=out)
    labels = [json.loads(line)["label"] for line in out.getvalue().splitlines()]
    assert sorted(set(labels)) == ["farmer", "ring", "spammer"]
    with pytest.raises(CommandError, match="pixel-pals"):
        call_command("seed_demo", "--only", "nowhere")


def test_it_is_refused_away_from_home(db: None, settings: object) -> None:
    settings.BASE_DOMAIN = "hub.example"  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="known password"):
        call_command("seed_demo")
