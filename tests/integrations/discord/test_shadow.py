"""Shadow mode: everything counts, nothing shows in Discord; afterwards nothing old is told, and roles catch up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engagement.audit.actor import SYSTEM
from engagement.kinds.lifecycle import take_back_to_shadow, take_live
from engagement.members.models import Identity, Member
from engagement.progression.models import MemberProgress
from integrations.discord import jobs
from integrations.discord.models import Delivery, LevelRole
from integrations.discord.previews import RoleChange, preview_roles
from integrations.discord.template_parts import WantedRole, apply_with_parts
from ops.sandbox.discord import LocalDiscordThread
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tenants.models import Tenant
from tests.integrations.discord.test_jobs import linked, messages, reach, work
from tests.saas.events.material import read_jobs

__all__ = ["linked"]


def settle() -> None:
    """Until nothing waits: a job may defer another while the queue is being worked off."""
    for _ in range(5):
        if work() == []:
            return
    pytest.fail(f"Jobs still wait: {work()}")


def roles_of(linked: dict[str, Any]) -> list[int]:
    return list(linked["guild"].members[linked["user"].id].roles)


def test_in_shadow_nothing_shows_and_going_live_gives_roles_without_telling(
    linked: dict[str, Any],
    acme: TenantContext,
    server: LocalDiscordThread,
) -> None:
    take_back_to_shadow(context=acme, actor=SYSTEM)
    reach(acme, linked, 5)
    settle()
    jobs.sweep_level_roles(tenant="public")
    settle()
    assert (messages(server, linked), roles_of(linked)) == ([], [])
    with enter_tenant(acme):
        assert preview_roles() == [RoleChange(5, linked["role"].id, 1, 0)]
    take_live(context=acme, actor=SYSTEM)
    settle()
    assert messages(server, linked) == []
    assert roles_of(linked) == [linked["role"].id]
    reach(acme, linked, 6)
    settle()
    assert len(messages(server, linked)) == 1


@pytest.mark.parametrize("since", [True, False])
def test_what_was_reached_in_shadow_stays_silent_when_its_job_runs_late(
    linked: dict[str, Any],
    acme: TenantContext,
    server: LocalDiscordThread,
    since: bool,
) -> None:
    """Going live overtakes the job. Without the moment since when it is live, it would be told: the test sees the bug."""
    take_back_to_shadow(context=acme, actor=SYSTEM)
    reach(acme, linked, 5)
    take_live(context=acme, actor=SYSTEM)
    if not since:
        Tenant.objects.filter(pk=acme.tenant_id).update(live_since=None)
    settle()
    assert len(messages(server, linked)) == (0 if since else 1)
    assert roles_of(linked) == [linked["role"].id]


def test_a_job_that_was_waiting_when_it_went_back_stays_silent(
    linked: dict[str, Any],
    acme: TenantContext,
    server: LocalDiscordThread,
) -> None:
    reach(acme, linked, 5)
    take_back_to_shadow(context=acme, actor=SYSTEM)
    settle()
    assert (messages(server, linked), roles_of(linked)) == ([], [])
    with enter_tenant(acme):
        assert not Delivery.objects.filter(state=Delivery.State.SENT).exists()


def test_a_remembered_context_does_not_speak_for_a_community_in_shadow(
    linked: dict[str, Any],
    acme: TenantContext,
    server: LocalDiscordThread,
) -> None:
    """The worker's own map is a moment old; the database is asked."""
    reach(acme, linked, 5)
    work_before = [job for job in read_jobs() if job["task_name"] == "integrations.discord.announce_level"]
    Tenant.objects.filter(pk=acme.tenant_id).update(live=False)  # nobody announced it
    jobs.announce_level(**work_before[-1]["args"])
    assert messages(server, linked) == []


def test_a_large_server_catches_up_in_turns(
    linked: dict[str, Any],
    acme: TenantContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs, "MOST_A_SWEEP", 3)
    with enter_tenant(acme):
        for number in range(7):
            member = Member.objects.create(display_name=f"M{number}")
            Identity.objects.create(provider="discord", external_id=f"7{number:017}", member=member)
            MemberProgress.objects.create(member_id=member.pk, level=9)
        jobs.sweep_tenant_roles(tenant=acme.schema)
        found = set()
        for _ in range(5):
            later = [job for job in read_jobs() if job["task_name"].endswith("sweep_tenant_roles")]
            todo = [job for job in later if job["status"] == "todo"]
            found |= {
                job["args"]["member_id"]
                for job in read_jobs()
                if job["task_name"].endswith("sync_member_roles")
            }
            if not todo:
                break
            from django.db import connection

            with connection.cursor() as cursor:
                cursor.execute(
                    "delete from procrastinate_jobs where task_name like %s and status = 'todo'",
                    ["%sweep_tenant_roles"],
                )
            jobs.sweep_tenant_roles(**todo[0]["args"])
    assert len(found) == 7


def test_the_preview_counts_what_is_kept_and_what_goes(db: None, acme: TenantContext) -> None:
    with enter_tenant(acme):
        LevelRole.objects.create(level=5, role_id=51, keep="highest")
        LevelRole.objects.create(level=10, role_id=52, keep="highest")
        LevelRole.objects.create(level=1, role_id=53)
        for level, roles in ((12, ["51"]), (6, []), (0, ["53"]), (5, ["51", "53"])):
            member = Member.objects.create(display_name="M", role_ids=roles)
            MemberProgress.objects.create(member_id=member.pk, level=level)
        gone = Member.objects.create(display_name="Gone", role_ids=[], deleted_at=clock.now())
        MemberProgress.objects.create(member_id=gone.pk, level=12)
        assert preview_roles() == [
            RoleChange(1, 53, give=2, take=1),
            RoleChange(5, 51, give=1, take=1),
            RoleChange(10, 52, give=1, take=0),
        ]


def test_going_live_makes_the_planned_role_and_gives_it(
    linked: dict[str, Any], acme: TenantContext, server: LocalDiscordThread
) -> None:
    take_back_to_shadow(context=acme, actor=SYSTEM)
    reach(acme, linked, 7)
    with enter_tenant(acme):
        apply_with_parts(
            kind="creator",
            announcement=None,
            roles=[WantedRole(7, "Voyager")],
            actor=SYSTEM,
            context=replace(acme, guild_id=linked["guild"].id),
        )
    settle()
    assert not [role for role in linked["guild"].roles.values() if role.name == "Voyager"]
    take_live(context=acme, actor=SYSTEM)
    settle()
    made = [role.id for role in linked["guild"].roles.values() if role.name == "Voyager"]
    assert len(made) == 1
    assert made[0] in roles_of(linked)
