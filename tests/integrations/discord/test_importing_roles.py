"""Levels from Discord roles, and the old bot's level roles taken over, against a local Discord over real sockets."""

from __future__ import annotations

from typing import Any

import pytest

from engagement.imports.applying import work_on_import
from engagement.imports.errors import InvalidImportError
from engagement.imports.models import ImportRow, ImportRun
from engagement.imports.services import apply_import, create_import
from engagement.ledger.models import LedgerBalance
from engagement.levels.curves import DEFAULT_CURVE
from engagement.members.models import Identity
from integrations.discord.models import LevelRole
from integrations.oldbots import members
from integrations.oldbots.jobs import read_roles
from integrations.oldbots.services import (
    accept_rewards,
    infer_from_roles,
    list_guild_roles,
    list_rewards,
)
from saas.core.errors import UnavailableError
from tenants.context import enter_tenant
from tenants.models import GuildLink
from tests.engagement.imports.bringing import ACTOR, mee6_file, read_run

from .scene import Scene


def populate(scene: Scene) -> dict[str, Any]:
    """Two roles under the bot's and one above; three people who have them, one bot, one without."""
    state, guild = scene.state, scene.guild
    state.install_bot(guild)
    roles = {name: state.create_role(guild, name) for name in ("Regular", "Veteran")}
    for name, held in {"bea": ["Regular"], "cleo": ["Regular", "Veteran"], "dora": []}.items():
        person = state.create_user(name)
        state.join(guild, person)
        for role in held:
            state.give_role(guild, person, roles[role])
    GuildLink.objects.filter(tenant_id=scene.context.tenant_id).update(guild_id=guild.id)
    return roles


def infer(scene: Scene, levels: dict[int, int]) -> ImportRun:
    run = create_import(source="roles", actor=ACTOR)
    infer_from_roles(import_id=run.pk, levels=levels, context=scene.context)
    read_roles(tenant=scene.context.schema, import_id=run.pk)
    run.refresh_from_db()
    return run


def test_whoever_has_a_role_gets_the_fewest_points_of_its_level(scene: Scene) -> None:
    roles = populate(scene)

    run = infer(scene, {roles["Regular"].id: 5, roles["Veteran"].id: 20})

    assert (run.state, run.keep, run.problem) == ("ready", "level", "")
    assert sorted(ImportRow.objects.values_list("name", "old_level")) == [("bea", 5), ("cleo", 20)]
    apply_import(import_id=run.pk, actor=ACTOR, context=scene.context)
    work_on_import(import_id=run.pk, context=scene.context)
    cleo = Identity.objects.get(member__display_name="cleo").member_id
    assert LedgerBalance.objects.get(member_id=cleo).lifetime == DEFAULT_CURVE.thresholds[20]


def test_many_members_are_read_page_by_page(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    roles = populate(scene)
    monkeypatch.setattr(members, "_AT_ONCE", 2)

    assert infer(scene, {roles["Regular"].id: 5}).rows == 2


def test_without_the_intent_it_is_said_where_to_switch_it_on(scene: Scene) -> None:
    roles = populate(scene)
    config = scene.discord.discord.config
    granted, config.privileged_intents = config.privileged_intents, 0
    try:
        run = infer(scene, {roles["Regular"].id: 5})
    finally:
        config.privileged_intents = granted

    assert run.state == "failed"
    assert "Server Members Intent" in run.problem


@pytest.mark.parametrize("levels", [{}, {1: 0}, {1: 1_001}, {1: -1}])
def test_levels_that_make_no_sense(scene: Scene, levels: dict[int, int]) -> None:
    run = create_import(source="roles", actor=ACTOR)
    with pytest.raises(InvalidImportError):
        infer_from_roles(import_id=run.pk, levels=levels, context=scene.context)


def test_the_guilds_roles_are_offered_without_those_of_bots(scene: Scene) -> None:
    populate(scene)

    assert {role.name for role in list_guild_roles(context=scene.context)} >= {"Regular", "Veteran"}
    assert "@everyone" not in {role.name for role in list_guild_roles(context=scene.context)}


def rewarded(scene: Scene, *role_ids: int) -> ImportRun:
    rewards = [{"rank": 5 * place, "role": {"id": str(role)}} for place, role in enumerate(role_ids, 1)]
    return read_run(mee6_file({1: 500}, role_rewards=rewards))


def test_level_roles_are_taken_over_one_by_one(scene: Scene) -> None:
    roles = populate(scene)
    run = rewarded(scene, roles["Regular"].id, 700_000_000_000_000_001)

    found = list_rewards(run=run, context=scene.context)
    assert [(one.name, one.level, bool(one.problem)) for one in found] == [
        ("Regular", 5, False),
        ("A role that is gone", 10, True),
    ]

    left = accept_rewards(
        import_id=run.pk, role_ids=[one.role_id for one in found], actor=ACTOR, context=scene.context
    )

    assert [one.level for one in left] == [10]
    assert list(LevelRole.objects.values_list("level", "role_id")) == [(5, roles["Regular"].id)]
    run.refresh_from_db()
    assert [one.accepted for one in list_rewards(run=run, context=scene.context)] == [True, False]
    accept_rewards(import_id=run.pk, role_ids=[roles["Regular"].id], actor=ACTOR, context=scene.context)
    assert LevelRole.objects.count() == 1


def test_while_discord_is_away_nothing_is_taken_over(scene: Scene, settings: Any) -> None:
    from integrations.discord import roles as roles_module

    run = rewarded(scene, populate(scene)["Regular"].id)
    roles_module._standings.clear()
    settings.DISCORD_API_URL = "http://127.0.0.1:9/api/v10"
    with enter_tenant(scene.context), pytest.raises(UnavailableError, match="does not answer"):
        accept_rewards(import_id=run.pk, role_ids=[1], actor=ACTOR, context=scene.context)
    assert not LevelRole.objects.exists()
