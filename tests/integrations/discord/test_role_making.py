"""Level roles from the organiser's page: made where they are missing, taken where they are there, moved to another level."""

from __future__ import annotations

import pytest

from engagement.audit.actor import SYSTEM
from engagement.audit.models import AuditEntry
from integrations.discord import roles as roles_module
from integrations.discord.errors import BadLevelRoleError, DiscordUnavailableError
from integrations.discord.models import LevelRole
from integrations.discord.role_making import change_level_role, make_level_role
from integrations.discord.roles import add_level_role
from saas.core.errors import NotFoundError
from tests.integrations.discord.scene import Scene
from tests.integrations.discord.test_roles import raise_bot


def make(scene: Scene, name: str = "Regular", level: int = 5) -> LevelRole:
    return make_level_role(scene.context, scene.client, level=level, name=name, actor=SYSTEM)


def named(scene: Scene, name: str) -> list[int]:
    return [role.id for role in scene.guild.roles.values() if role.name == name]


def test_a_missing_role_is_made_without_permissions(scene: Scene) -> None:
    row = make(scene)

    assert named(scene, "Regular") == [row.role_id]
    assert scene.guild.roles[row.role_id].permissions == 0
    assert (row.level, row.keep) == (5, "stack")
    assert AuditEntry.objects.filter(action="level_role.added").count() == 1


def test_sent_twice_it_makes_one(scene: Scene) -> None:
    assert make(scene).pk == make(scene).pk
    assert len(named(scene, "Regular")) == 1


def test_a_role_of_that_name_is_taken(scene: Scene) -> None:
    role = scene.state.create_role(scene.guild, "Regular")
    raise_bot(scene)
    assert make(scene).role_id == role.id


def test_hostile_names_are_cleaned_or_refused(scene: Scene) -> None:
    assert make(scene, "  Re\u202egu\nlar  ").role_id in named(scene, "Regu lar")
    for name in ("", " \u202e ", "\x00"):
        with pytest.raises(BadLevelRoleError):
            make(scene, name)


def test_without_the_permission_the_fix_is_told_and_nothing_is_made(scene: Scene) -> None:
    own = next(role for role in scene.guild.roles.values() if role.bot_id is not None)
    own.permissions = 0
    roles_module._standings.clear()

    with pytest.raises(BadLevelRoleError, match="switch Manage Roles on"):
        make(scene)

    assert named(scene, "Regular") == []
    assert not LevelRole.objects.exists()


def test_discord_away_is_told_as_such(scene: Scene) -> None:
    scene.state.fail_rest(status=500, match="/roles", method="POST", count=1)
    with pytest.raises(DiscordUnavailableError):
        make(scene)
    assert not LevelRole.objects.exists()


def test_a_level_role_moves_to_another_level(scene: Scene) -> None:
    role = scene.state.create_role(scene.guild, "Gold")
    add_level_role(level=10, role_id=role.id, actor=SYSTEM)

    change_level_role(role_id=role.id, level=12, keep="highest", actor=SYSTEM)
    change_level_role(role_id=role.id, level=12, keep="highest", actor=SYSTEM)

    row = LevelRole.objects.get()
    assert (row.level, row.keep) == (12, "highest")
    newest = AuditEntry.objects.latest("pk")
    assert (newest.before, newest.after) == ({"level": 10, "keep": "stack"}, {"level": 12, "keep": "highest"})
    assert AuditEntry.objects.filter(action="level_role.added").count() == 2


def test_what_cannot_be_moved_is_refused(scene: Scene) -> None:
    with pytest.raises(NotFoundError):
        change_level_role(role_id=10**17, level=1, keep="stack", actor=SYSTEM)
    role = scene.state.create_role(scene.guild, "Gold")
    add_level_role(level=10, role_id=role.id, actor=SYSTEM)
    for level, keep in ((0, "stack"), (5, "never")):
        with pytest.raises(BadLevelRoleError):
            change_level_role(role_id=role.id, level=level, keep=keep, actor=SYSTEM)
