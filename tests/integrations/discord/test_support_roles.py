"""The role of a supporter: given while the support runs, taken back at its end; never one that the member had before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from engagement.members.models import Member
from engagement.supporters.mirroring import write_support
from engagement.supporters.models import GRACE, Supporter, SupporterTier
from engagement.supporters.roles import list_members_with_wrong_roles
from engagement.supporters.tiers import change_tier
from integrations.discord.roles import add_level_role, sync_member_roles
from saas.core import clock
from tests.engagement.supporters.supporting import ADA, FORM, begin, facts_of, make_tier
from tests.integrations.discord.scene import Scene
from tests.integrations.discord.test_roles import raise_bot


@pytest.fixture
def vip(scene: Scene) -> Any:
    role = scene.state.create_role(scene.guild, "VIP")
    raise_bot(scene)
    return role


def tier_with(scene: Scene, role: Any) -> SupporterTier:
    return make_tier(scene.context, on_sale=True, role_id=str(role.id))


def sync(scene: Scene) -> set[int]:
    sync_member_roles(scene.context, scene.client, member_id=scene.member.pk)
    return set(scene.held())


def end(scene: Scene, row: Supporter) -> None:
    begin(scene.context, scene.member, row.tier, reference=row.reference, state="ended")


def test_it_is_given_once_and_taken_back_at_the_end(scene: Scene, vip: Any) -> None:
    row = begin(scene.context, scene.member, tier_with(scene, vip))
    assert sync(scene) == {vip.id}
    puts = scene.calls("PUT")
    assert sync(scene) == {vip.id}
    assert scene.calls("PUT") == puts
    end(scene, row)
    assert sync(scene) == set()


def test_who_had_it_before_keeps_it(scene: Scene, vip: Any) -> None:
    scene.guild.members[scene.user.id].roles.append(vip.id)
    row = begin(scene.context, scene.member, tier_with(scene, vip))
    assert sync(scene) == {vip.id}
    end(scene, row)
    assert sync(scene) == {vip.id}


def test_what_the_team_gives_after_the_end_stays(scene: Scene, vip: Any) -> None:
    row = begin(scene.context, scene.member, tier_with(scene, vip))
    sync(scene)
    end(scene, row)
    assert sync(scene) == set()
    scene.guild.members[scene.user.id].roles.append(vip.id)
    assert sync(scene) == {vip.id}


def test_another_role_of_the_tier_takes_the_place_of_the_first(scene: Scene, vip: Any) -> None:
    other = scene.state.create_role(scene.guild, "Patron")
    raise_bot(scene)
    tier = tier_with(scene, vip)
    begin(scene.context, scene.member, tier)
    sync(scene)
    change_tier(context=scene.context, key=tier.key, form=replace(FORM, role_id=str(other.id)), actor=ADA)
    assert sync(scene) == {other.id}


def test_a_late_one_has_it_for_the_grace(scene: Scene, vip: Any) -> None:
    now = clock.now()
    begin(scene.context, scene.member, tier_with(scene, vip), state="late", late_since=now)
    assert sync(scene) == {vip.id}
    with clock.frozen_at(now + GRACE + timedelta(minutes=1)):
        assert sync(scene) == set()


def test_a_level_that_gives_it_too_keeps_it_at_the_end(scene: Scene, vip: Any) -> None:
    add_level_role(level=1, role_id=vip.id, actor=ADA)
    scene.set_level(1)
    row = begin(scene.context, scene.member, tier_with(scene, vip))
    sync(scene)
    end(scene, row)
    assert sync(scene) == {vip.id}


def test_the_sweep_finds_who_lacks_it_and_who_has_it_still(scene: Scene, vip: Any) -> None:
    facts = facts_of(scene.member, tier_with(scene, vip))
    write_support(context=scene.context, facts=facts)
    assert list_members_with_wrong_roles() == [scene.member.pk]
    sync(scene)
    Member.objects.filter(pk=scene.member.pk).update(role_ids=[str(vip.id)])
    assert list_members_with_wrong_roles() == []
    write_support(context=scene.context, facts=replace(facts, state="ended"))
    assert list_members_with_wrong_roles() == [scene.member.pk]
    sync(scene)
    assert list_members_with_wrong_roles() == []
