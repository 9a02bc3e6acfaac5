"""Who was purged leaves no trace in the audit log either, once a worker with the owner's role has been there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.db import connection, transaction

from engagement.audit.actor import SYSTEM, Actor
from engagement.audit.models import AuditEntry
from engagement.audit.services import record_audit
from engagement.audit.verification import verify_chain
from engagement.members.models import Identity, Member
from engagement.progression.jobs import erase_traces, tidy_members
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.cast import ACME

DISCORD_ID = 810_000_000_000_000_001


def delete_long_ago(context: TenantContext, discord_id: int) -> int:
    """A member whom the log names twice: as one who acted, and as one who was acted on."""
    with enter_tenant(context):
        member = Member.objects.create(
            display_name="Ada Lovelace", deleted_at=clock.now() - timedelta(days=31)
        )
        Identity.objects.create(member=member, provider="discord", external_id=str(discord_id))
        with transaction.atomic():
            record_audit(
                actor=SYSTEM, action="member.deleted", target_kind="member", target_id=member.pk,
                target_name="Ada Lovelace",
            )  # fmt: skip
            record_audit(
                actor=Actor("discord", discord_id, "Ada Lovelace", via="bot"),
                action="member.claimed",
            )
    return int(member.pk)


def list_waiting() -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select args::text from public.procrastinate_jobs where task_name = 'engagement.progression.erase_traces'"
        )
        return [orjson.loads(text) for (text,) in cursor.fetchall()]


def names(context: TenantContext) -> list[str]:
    with enter_tenant(context):
        found = AuditEntry.objects.values_list("actor_name", "target_name")
        return [name for pair in found for name in pair if "Ada" in name]


def test_the_log_forgets_who_was_purged(committed_db: None, acme: TenantContext) -> None:
    member_id = delete_long_ago(acme, DISCORD_ID)
    tidy_members(tenant=acme.schema)
    (waiting,) = list_waiting()
    assert waiting == {
        "tenant": acme.schema,
        "people": [["member", member_id], ["discord", DISCORD_ID]],
    }
    assert len(names(acme)) == 2

    for _ in range(2):
        with enter_tenant(acme):
            erase_traces(**waiting)

    assert names(acme) == []
    with enter_tenant(acme):
        assert verify_chain().findings == []


def test_who_works_on_the_team_stays_there_as_who_acted(committed_db: None, acme: TenantContext) -> None:
    member_id = delete_long_ago(acme, ACME.discord_id("moderator"))
    tidy_members(tenant=acme.schema)
    assert list_waiting()[0]["people"] == [["member", member_id]]


def test_without_the_owners_role_it_is_left_and_said(
    committed_db: None, acme: TenantContext, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    delete_long_ago(acme, DISCORD_ID)
    tidy_members(tenant=acme.schema)
    settings.DATABASE_OWNER_URL = ""

    with enter_tenant(acme):
        erase_traces(**list_waiting()[0])

    assert len(names(acme)) == 2
    assert "manage.py erase_audit acme" in caplog.text
