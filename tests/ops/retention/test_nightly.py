"""What goes at night, in every community and in public, and what stays."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection

from engagement.activity.gaps import prune_gaps
from engagement.activity.models import HearingGap
from engagement.activity.poison import prune_poison
from engagement.progression.models import BulkAct, BulkItem
from engagement.progression.pruning import prune_bulk_acts
from frontend_api.site.sessions import prune_sessions
from integrations.discord.models import Delivery
from integrations.discord.pruning import prune_deliveries
from ops.devstack.places import PROJECT
from ops.retention.jobs import PRUNED, prune_as_owner, prune_everywhere
from ops.retention.table import OF_PUBLIC, OF_TENANTS, Kept
from saas.core import clock
from saas.core.schemas import PUBLIC
from saas.events.jobs import JobRow, defer_rows, get_job
from saas.events.log import append_rows
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant
from tenants.invites import prune_invites
from tenants.models import Invite, PoisonActivity, SchemaScript, Tenant, User
from tenants.owner import as_owner
from tenants.schema_script import get_script, migrations_key, prune_scripts
from tests.saas.events.material import note, read_jobs


def ago(days: float) -> Any:
    return clock.now() - timedelta(days=days)


def one(kind: str) -> Kept:
    return next(row for row in (*OF_PUBLIC, *OF_TENANTS) if row.table == kind)


def test_the_reference_says_the_days_of_the_code() -> None:
    text = (PROJECT / "ops" / "retention.md").read_text()
    for row in (*OF_PUBLIC, *OF_TENANTS):
        if row.kept:
            assert re.search(rf"^\| `{row.table}` \| {row.kept.days} days", text, flags=re.M), row.table


def test_a_delivery_goes_after_60_days_but_not_while_its_job_waits(db: None, acme: TenantContext) -> None:
    with enter_tenant(acme):
        for event_id, days in ((1, 63), (3, 62), (4, 61), (2, 59)):
            Delivery.objects.create(event_id=event_id, created_at=ago(days), state=Delivery.State.SENT)
        Delivery.objects.filter(event_id=4).update(state=Delivery.State.WAITING)
        with connection.cursor() as cursor:
            defer_rows(cursor, [JobRow(note.name, acme.schema, {"event_id": 3, "event": {}})])
        assert prune_deliveries(at_once=1) == 2
        assert set(Delivery.objects.values_list("event_id", flat=True)) == {2, 3}
        assert prune_deliveries() == 0


def test_a_bulk_act_goes_a_year_after_its_end_with_its_results(db: None, acme: TenantContext) -> None:
    def act(number: int, **facts: Any) -> BulkAct:
        key = f"00000000-0000-0000-0000-00000000000{number}"
        made = BulkAct.objects.create(key=key, act="give", actor={}, total=2, **facts)
        BulkItem.objects.bulk_create(BulkItem(bulk=made, member_id=member) for member in (1, 2))
        return made

    with enter_tenant(acme):
        act(1, state=BulkAct.State.FINISHED, finished_at=ago(366))
        running = act(2, state=BulkAct.State.RUNNING)
        undoing = act(3, state=BulkAct.State.UNDOING, finished_at=ago(400))
        young = act(4, state=BulkAct.State.UNDONE, finished_at=ago(364))
        assert prune_bulk_acts() == 3
        assert set(BulkAct.objects.all()) == {running, undoing, young}
        assert BulkItem.objects.count() == 6


def test_a_spell_that_nobody_heard_goes_after_a_year(db: None, acme: TenantContext) -> None:
    with enter_tenant(acme):
        for days in (366, 364):
            HearingGap.objects.create(shard_id=0, started_at=ago(days), ended_at=ago(days), key=f"{days}")
        assert prune_gaps() == 1
        assert HearingGap.objects.get().key == "364"


def test_what_was_set_aside_goes_after_its_replay_or_a_year(db: None) -> None:
    rows = {
        "replayed": {"seen_at": ago(40), "replayed_at": ago(31)},
        "just replayed": {"seen_at": ago(400), "replayed_at": ago(29)},
        "forgotten": {"seen_at": ago(366)},
        "open": {"seen_at": ago(364)},
    }
    for key, facts in rows.items():
        PoisonActivity.objects.create(key=key, raw=b"{}", size=2, error="odd", **facts)
    assert prune_poison() == 2
    assert set(PoisonActivity.objects.values_list("key", flat=True)) == {"just replayed", "open"}


def test_an_invite_goes_90_days_after_it_ended(db: None) -> None:
    tenant = Tenant.objects.earliest("pk")
    rows = {
        "taken": {"expires_at": ago(100), "accepted_at": ago(91)},
        "just taken": {"expires_at": ago(95), "accepted_at": ago(89)},
        "ran out": {"expires_at": ago(91)},
        "open": {"expires_at": ago(-3)},
    }
    for digest, facts in rows.items():
        Invite.objects.create(tenant=tenant, role="admin", token_digest=digest, **facts)
    assert prune_invites() == 2
    assert set(Invite.objects.values_list("token_digest", flat=True)) == {"just taken", "open"}


def test_sessions_that_are_over_go_with_their_rows(db: None) -> None:
    user = User.objects.earliest("pk")
    for key, days in (("over", 1), ("open", -1)):
        Session.objects.create(session_key=key, session_data="", expire_date=ago(days))
        UserSession.objects.create(user=user, session_key=key, ip="0.0.0.0", user_agent="x")
    assert prune_sessions() == 1
    assert Session.objects.get().session_key == "open"
    assert UserSession.objects.get().session_key == "open"


def test_scripts_of_earlier_releases_go_and_this_ones_stays(committed_db: None) -> None:
    get_script()
    with as_owner():
        for key, days in (("older", 31), ("old", 29)):
            SchemaScript.objects.create(key=key, statements=[], created_at=ago(days))
        SchemaScript.objects.filter(key=migrations_key()).update(created_at=ago(300))
        assert prune_scripts() == 1
        assert {row.key for row in SchemaScript.objects.all()} == {"old", migrations_key()}
        SchemaScript.objects.filter(key="old").delete()


def test_the_night_asks_the_owner_only_where_something_is_old(
    db: None, acme: TenantContext, globex: TenantContext
) -> None:
    with enter_tenant(acme), connection.cursor() as cursor:
        append_rows(cursor, [("TeaServed", {}, ago(91))])
    with enter_tenant(globex), connection.cursor() as cursor:
        append_rows(cursor, [("TeaServed", {}, ago(1))])
    before = {row["id"] for row in read_jobs()}
    for _ in range(2):  # a night that comes twice adds nothing
        prune_everywhere(tenant=PUBLIC)
    made = [(row["task_name"], row["args"]["tenant"]) for row in read_jobs() if row["id"] not in before]
    assert sorted(made) == sorted(
        [
            ("ops.retention.prune_old", PUBLIC),
            ("ops.retention.prune_old", acme.schema),
            ("ops.retention.prune_old", globex.schema),
            ("ops.retention.prune_as_owner", PUBLIC),
            ("ops.retention.prune_as_owner", acme.schema),
        ]
    )


@pytest.mark.parametrize("tenant", ["public", "acme"])
def test_its_jobs_run_through_and_count(committed_db: None, acme: TenantContext, tenant: str) -> None:
    schema = PUBLIC if tenant == "public" else acme.schema
    table = "public_event" if tenant == "public" else "domain_event"
    for name in ("ops.retention.prune_old", "ops.retention.prune_as_owner"):
        run: Callable[..., None] = get_job(name)
        with enter_tenant(acme), connection.cursor() as cursor:
            append_rows(cursor, [("TeaServed", {}, ago(91))], schema=schema)
        count = PRUNED.labels(table)._value.get()
        run(tenant=schema)
    assert PRUNED.labels(table)._value.get() == count + 2


def test_the_owners_job_leaves_the_usual_connection_behind(committed_db: None, acme: TenantContext) -> None:
    with enter_tenant(acme), connection.cursor() as cursor:
        append_rows(cursor, [("TeaServed", {}, ago(91))])
        prune_as_owner(tenant=acme.schema)
        assert not TenantEvent.objects.exists()
        cursor.execute("select current_user")
        assert "owner" not in cursor.fetchone()[0]
