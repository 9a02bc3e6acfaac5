"""Level roles: desired state, only ours, and a refusal that names its fix."""

from __future__ import annotations

from typing import Any

import pytest

from engagement.audit.actor import SYSTEM
from integrations.discord.models import DiscordProblem, LevelRole
from integrations.discord.roles import (
    add_level_role,
    check_level_roles,
    desired_roles,
    get_standing,
    remove_level_role,
    sync_member_roles,
)
from saas.core.errors import InvalidInputError, NotFoundError
from saas.events.retries import RetryLaterError
from tests.integrations.discord.scene import Scene


@pytest.fixture
def ladder(scene: Scene) -> list[Any]:
    """Bronze at 1 and Silver at 5 are kept; Gold at 10 only while it is the highest, as is Elder at 20."""
    names = [
        ("Bronze", 1, "stack"),
        ("Silver", 5, "stack"),
        ("Gold", 10, "highest"),
        ("Elder", 20, "highest"),
    ]
    made = []
    for name, level, keep in names:
        role = scene.state.create_role(scene.guild, name)
        add_level_role(actor=SYSTEM, level=level, role_id=role.id, keep=keep)
        made.append(role)
    raise_bot(scene)
    return made


def raise_bot(scene: Scene) -> None:
    """Drag the bot's role to the top, as an organiser would."""
    own = next(role for role in scene.guild.roles.values() if role.bot_id is not None)
    scene.state.move_role(scene.guild, own.id, len(scene.guild.roles) - 1)


def sync(scene: Scene) -> int:
    return sync_member_roles(scene.context, scene.client, member_id=scene.member.pk)


def names(scene: Scene) -> set[str]:
    return {scene.guild.roles[role].name for role in scene.held()}


@pytest.mark.parametrize(
    ("level", "wanted"),
    [
        (0, set()),
        (1, {"Bronze"}),
        (7, {"Bronze", "Silver"}),
        (10, {"Bronze", "Silver", "Gold"}),
        (25, {"Bronze", "Silver", "Elder"}),
    ],
)
def test_roles_follow_the_level_up_and_down(
    scene: Scene, ladder: list[Any], level: int, wanted: set[str]
) -> None:
    scene.set_level(12)
    sync(scene)
    assert names(scene) == {"Bronze", "Silver", "Gold"}
    scene.set_level(level)
    sync(scene)
    assert names(scene) == wanted
    assert sync(scene) == 0  # Nothing is left to do.


def test_roles_that_are_not_ours_stay(scene: Scene, ladder: list[Any]) -> None:
    theirs = scene.state.create_role(scene.guild, "Artist")
    scene.state.give_role(scene.guild, scene.user, theirs.id)
    scene.set_level(5)
    sync(scene)
    scene.set_level(0)
    sync(scene)
    assert names(scene) == {"Artist"}


def test_a_role_above_the_bots_names_the_fix_and_is_not_even_tried(scene: Scene, ladder: list[Any]) -> None:
    scene.state.move_role(scene.guild, ladder[1].id, len(scene.guild.roles) - 1)
    scene.set_level(5)
    assert sync(scene) == 1
    assert names(scene) == {"Bronze"}
    problem = DiscordProblem.objects.get()
    assert problem.key == f"role:{ladder[1].id}"
    assert "drag “EngageHub” above “Silver”" in problem.message
    # When the organiser put it right
    raise_bot(scene)
    get_standing(scene.client, scene.guild.id, fresh=True)
    assert sync(scene) == 1
    assert not DiscordProblem.objects.exists()


def test_a_picture_that_is_out_of_date_is_looked_at_again(scene: Scene, ladder: list[Any]) -> None:
    get_standing(scene.client, scene.guild.id)
    scene.state.move_role(scene.guild, ladder[0].id, len(scene.guild.roles) - 1)
    scene.set_level(1)
    assert sync(scene) == 0
    assert "drag" in DiscordProblem.objects.get().message


def test_without_manage_roles_that_is_what_is_asked_for(scene: Scene, ladder: list[Any]) -> None:
    for role in scene.guild.roles.values():
        role.permissions &= ~((1 << 28) | (1 << 3))
    scene.set_level(1)
    assert sync(scene) == 0
    assert "switch Manage Roles on" in DiscordProblem.objects.get().message


def test_a_deleted_role_is_named(scene: Scene) -> None:
    add_level_role(actor=SYSTEM, level=1, role_id=10**17)
    scene.set_level(1)
    assert sync(scene) == 0
    assert "no longer exists" in DiscordProblem.objects.get().message


def test_somebody_who_left_is_passed_over(scene: Scene, ladder: list[Any]) -> None:
    scene.set_level(5)
    scene.state.leave(scene.guild, scene.user)
    assert sync(scene) == 0
    assert not DiscordProblem.objects.exists()


def test_the_guilds_budget_is_kept(scene: Scene) -> None:
    """Ten changes in ten seconds; the eleventh waits its turn in the queue, and no call is refused."""
    for number in range(12):
        role = scene.state.create_role(scene.guild, f"Step {number}")
        add_level_role(actor=SYSTEM, level=1, role_id=role.id)
    raise_bot(scene)
    scene.set_level(1)
    with pytest.raises(RetryLaterError) as caught:
        sync(scene)
    assert 0 < caught.value.seconds <= 10
    assert len(scene.held()) == 10
    assert scene.discord.discord.limits.refusals == 0


def test_the_check_lists_every_problem(scene: Scene, ladder: list[Any]) -> None:
    assert check_level_roles(scene.context, scene.client) == []
    scene.state.move_role(scene.guild, ladder[3].id, len(scene.guild.roles) - 1)
    add_level_role(actor=SYSTEM, level=30, role_id=10**17)
    problems = check_level_roles(scene.context, scene.client)
    assert len(problems) == 2
    assert "Elder" in problems[0]


def test_level_roles_are_checked_when_they_are_set(db: None, scene: Scene) -> None:
    add_level_role(actor=SYSTEM, level=3, role_id=10**17)
    add_level_role(actor=SYSTEM, level=3, role_id=10**17, keep="highest")
    assert LevelRole.objects.get().keep == "highest"
    for level, role, keep in (
        (0, 10**17, "stack"),
        (1, 5, "stack"),
        (1, 10**17 + 1, "maybe"),
        (4, 10**17, "stack"),
    ):
        with pytest.raises(InvalidInputError):
            add_level_role(actor=SYSTEM, level=level, role_id=role, keep=keep)
    remove_level_role(actor=SYSTEM, role_id=10**17)
    with pytest.raises(NotFoundError):
        remove_level_role(actor=SYSTEM, role_id=10**17)


def test_desired_roles_of_nothing_are_none() -> None:
    assert desired_roles([], 5) == set()
