"""What a template brings to Discord: accepted piece by piece, made when going live and not before, undone with the template."""

from __future__ import annotations

import pytest

from engagement.audit.actor import Actor
from engagement.audit.models import AuditEntry
from engagement.members.models import Member
from engagement.notifications.selectors import get_notification_settings
from engagement.notifications.services import set_level_announcements
from integrations.discord import roles as roles_module
from integrations.discord.errors import BadLevelRoleError
from integrations.discord.models import DiscordProblem, LevelRole
from integrations.discord.previews import preview_roles
from integrations.discord.roles import add_level_role
from integrations.discord.template_parts import (
    Announcement,
    WantedRole,
    apply_with_parts,
    is_announced_by_template,
    list_planned_roles,
    make_planned_roles,
    undo_with_parts,
)
from tenants.models import Tenant
from tests.integrations.discord.scene import Scene
from tests.integrations.discord.test_roles import raise_bot

ADA = Actor("user", 1, "Ada", role="owner", via="web")
PLANNED = WantedRole(5, "Regular")


@pytest.fixture
def shadow(scene: Scene) -> Scene:
    Tenant.objects.filter(pk=scene.context.tenant_id).update(live=False, setup={})
    return scene


def put_on(scene: Scene, *roles: WantedRole, told: Announcement | None = None, kind: str = "creator") -> None:
    apply_with_parts(kind=kind, announcement=told, roles=roles, actor=ADA, context=scene.context)


def go_live(scene: Scene, live: bool = True) -> None:
    Tenant.objects.filter(pk=scene.context.tenant_id).update(live=live)


def make(scene: Scene) -> int:
    return make_planned_roles(scene.context, scene.client, list_planned_roles(context=scene.context))


def named(scene: Scene, name: str = "Regular") -> list[int]:
    return [role.id for role in scene.guild.roles.values() if role.name == name]


def said() -> tuple[str, int | None, str]:
    row = get_notification_settings()
    return (row.level_up, row.channel_id, row.text)


def test_in_shadow_mode_discord_is_not_touched(shadow: Scene) -> None:
    put_on(shadow, PLANNED)
    assert make(shadow) == 0
    assert shadow.calls("POST") == 0
    assert named(shadow) == []
    assert not LevelRole.objects.exists()


def test_going_live_makes_it_once(shadow: Scene) -> None:
    put_on(shadow, PLANNED)
    go_live(shadow)
    late = list_planned_roles(context=shadow.context)
    assert make(shadow) == 1
    assert make_planned_roles(shadow.context, shadow.client, late) == 0
    assert named(shadow) == [LevelRole.objects.get(level=5).role_id]
    assert list_planned_roles(context=shadow.context) == []


def test_without_the_permission_the_fix_is_noted_and_it_stays_planned(shadow: Scene) -> None:
    put_on(shadow, PLANNED)
    go_live(shadow)
    own = next(role for role in shadow.guild.roles.values() if role.bot_id is not None)
    kept, own.permissions = own.permissions, 0
    roles_module._standings.clear()
    assert make(shadow) == 0
    assert "Manage Roles" in DiscordProblem.objects.get(key__startswith="planned:").message
    own.permissions = kept
    assert make(shadow) == 1
    assert not DiscordProblem.objects.filter(key__startswith="planned:").exists()


def test_repeating_it_changes_and_records_nothing(shadow: Scene) -> None:
    raise_bot(shadow)
    there = WantedRole(10, "Fan", "highest", shadow.state.create_role(shadow.guild, "Fan").id)
    told = Announcement("channel", shadow.channel.id, "Well done, {member}")
    put_on(shadow, PLANNED, there, told=told)
    entries, setup = AuditEntry.objects.count(), Tenant.objects.get(pk=shadow.context.tenant_id).setup
    put_on(shadow, PLANNED, there, told=told)
    assert AuditEntry.objects.count() == entries
    assert Tenant.objects.get(pk=shadow.context.tenant_id).setup == setup
    assert AuditEntry.objects.filter(action="level_role.planned", actor_name="Ada").count() == 1


def test_an_undo_takes_everything_back(shadow: Scene) -> None:
    set_level_announcements(level_up="dm", text="Hello {member}", actor=ADA)
    before = said()
    there = WantedRole(10, "Fan", "highest", shadow.state.create_role(shadow.guild, "Fan").id)
    put_on(shadow, PLANNED, there, told=Announcement("channel", shadow.channel.id, ""))
    assert said() == ("channel", shadow.channel.id, "")
    undo_with_parts(actor=ADA, context=shadow.context)
    assert said() == before
    assert not LevelRole.objects.exists()
    assert list_planned_roles(context=shadow.context) == []
    assert named(shadow, "Fan"), "the role in Discord is not ours to delete"


def test_an_undo_leaves_what_a_person_did(shadow: Scene) -> None:
    mine = shadow.state.create_role(shadow.guild, "Regular").id
    add_level_role(level=5, role_id=mine, actor=ADA)
    put_on(shadow, WantedRole(5, "Regular", "stack", mine), told=Announcement("off", None, ""))
    set_level_announcements(level_up="dm", actor=ADA)
    assert not is_announced_by_template(context=shadow.context)
    undo_with_parts(actor=ADA, context=shadow.context)
    assert said()[0] == "dm"
    assert LevelRole.objects.get().role_id == mine


def test_another_template_replaces_the_roles_and_its_undo_brings_them_back(shadow: Scene) -> None:
    put_on(shadow, PLANNED, kind="creator")
    put_on(shadow, WantedRole(10, "Expert"), kind="saas")
    assert [role.name for role in list_planned_roles(context=shadow.context)] == ["Expert"]
    undo_with_parts(actor=ADA, context=shadow.context)
    assert list_planned_roles(context=shadow.context) == [PLANNED]


def test_what_does_not_fit_leaves_everything_as_it_was(shadow: Scene) -> None:
    role = shadow.state.create_role(shadow.guild, "Regular").id
    add_level_role(level=30, role_id=role, actor=ADA)
    setup = Tenant.objects.get(pk=shadow.context.tenant_id).setup
    with pytest.raises(BadLevelRoleError):
        put_on(shadow, WantedRole(5, "Regular", "stack", role))
    with pytest.raises(BadLevelRoleError):
        put_on(shadow, WantedRole(5, " \u202e "))
    assert Tenant.objects.get(pk=shadow.context.tenant_id).setup == setup


def test_the_preview_counts_planned_roles(shadow: Scene) -> None:
    put_on(shadow, WantedRole(5, "Follower"), WantedRole(10, "Fan", "highest"))
    shadow.set_level(7)
    lines = preview_roles(planned=list_planned_roles(context=shadow.context))
    assert [(line.level, line.name, line.give, line.take) for line in lines] == [
        (5, "Follower", 1, 0),
        (10, "Fan", 0, 0),
    ]
    assert Member.objects.count() == 1
