"""Redeemed roles: given once, for a time, taken back when it is over; never one that the member had before, or that others gave."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engagement.audit.actor import SYSTEM
from engagement.notifications.models import NotificationSettings
from engagement.rewards.deciding import cancel_redemption
from engagement.rewards.fulfilling import fulfil_redemption
from engagement.rewards.fulfilment_selectors import list_ended_roles
from engagement.rewards.models import Redemption
from integrations.discord.errors import DiscordAwayError
from integrations.discord.models import DiscordProblem
from integrations.discord.reward_roles import end_reward_role, follow_reward_role, list_members_lacking
from integrations.discord.roles import add_level_role, sync_member_roles
from integrations.discord.team_news import describe_waiting, tell_team
from saas.core import clock
from tests.engagement.rewards.racing import top_up
from tests.engagement.rewards.spending import MODERATOR, make_reward, redeem
from tests.integrations.discord.scene import Scene
from tests.integrations.discord.test_roles import raise_bot


@pytest.fixture
def vip(scene: Scene) -> Any:
    role = scene.state.create_role(scene.guild, "VIP")
    raise_bot(scene)
    top_up(scene.member.pk, 10_000)
    return role


def start(scene: Scene, role: Any, *, days: int | None = None) -> Redemption:
    settings = {"role_id": str(role.id)} | ({"days": days} if days else {})
    redemption = redeem(scene.context, scene.member, make_reward(kind="role", settings=settings))
    fulfil_redemption(redemption_id=redemption.pk)
    return redemption


def follow(scene: Scene, redemption: Redemption) -> Redemption:
    follow_reward_role(scene.context, scene.client, redemption_id=redemption.pk)
    return Redemption.objects.get(pk=redemption.pk)


def test_a_role_is_given_once_and_then_it_is_delivered(scene: Scene, vip: Any) -> None:
    redemption = start(scene, vip)
    assert follow(scene, redemption).state == "delivered"
    assert scene.held() == {vip.id}
    puts = scene.calls("PUT")
    follow(scene, redemption)
    assert scene.calls("PUT") == puts


def test_for_a_time_it_is_taken_back_at_the_end(scene: Scene, vip: Any) -> None:
    redemption = follow(scene, start(scene, vip, days=7))
    other = scene.state.create_role(scene.guild, "By hand")
    scene.guild.members[scene.user.id].roles.append(other.id)
    assert list_ended_roles() == []
    with clock.frozen_at(clock.now() + timedelta(days=8)):
        assert [one.pk for one in list_ended_roles()] == [redemption.pk]
        for _ in range(2):
            assert end_reward_role(scene.context, scene.client, redemption_id=redemption.pk)
        assert scene.held() == {other.id}
        assert list_ended_roles() == []


def test_who_had_it_before_keeps_it(scene: Scene, vip: Any) -> None:
    scene.guild.members[scene.user.id].roles.append(vip.id)
    redemption = follow(scene, start(scene, vip, days=1))
    assert (redemption.state, redemption.outcome["had"]) == ("delivered", True)
    with clock.frozen_at(clock.now() + timedelta(days=2)):
        end_reward_role(scene.context, scene.client, redemption_id=redemption.pk)
    assert scene.held() == {vip.id}


def test_a_crash_after_giving_does_not_make_it_theirs(scene: Scene, vip: Any) -> None:
    """Discord gave it, and the answer was lost: on the next try the member holds it, and it is still ours to take."""
    redemption = start(scene, vip, days=1)
    scene.state.fail_rest(status=500, match="/roles/", method="PUT", after=True)
    with pytest.raises(DiscordAwayError):
        follow(scene, redemption)
    assert scene.held() == {vip.id}
    done = follow(scene, redemption)
    assert (done.state, "had" in done.outcome) == ("delivered", False)
    with clock.frozen_at(clock.now() + timedelta(days=2)):
        end_reward_role(scene.context, scene.client, redemption_id=redemption.pk)
    assert scene.held() == set()


def test_twice_the_same_role_goes_with_the_last_of_them(scene: Scene, vip: Any) -> None:
    first = follow(scene, start(scene, vip, days=1))
    second = follow(scene, start(scene, vip, days=1))
    assert second.ends_at is not None
    assert first.ends_at is not None
    assert second.ends_at - first.ends_at == timedelta(days=1)
    with clock.frozen_at(clock.now() + timedelta(days=1, hours=1)):
        end_reward_role(scene.context, scene.client, redemption_id=first.pk)
        assert scene.held() == {vip.id}
    with clock.frozen_at(clock.now() + timedelta(days=2, hours=1)):
        end_reward_role(scene.context, scene.client, redemption_id=second.pk)
        assert scene.held() == set()


def test_taken_back_by_the_team_it_goes(scene: Scene, vip: Any) -> None:
    redemption = follow(scene, start(scene, vip))
    cancel_redemption(context=scene.context, redemption_id=redemption.pk, actor=MODERATOR)
    follow(scene, redemption)
    assert scene.held() == set()


def test_a_role_above_the_bots_waits_with_its_fix_and_comes_once_it_can(scene: Scene) -> None:
    top_up(scene.member.pk, 1_000)
    role = scene.state.create_role(scene.guild, "Too high")
    scene.state.move_role(scene.guild, role.id, len(scene.guild.roles) - 1)
    redemption = follow(scene, start(scene, role))
    assert (redemption.state, redemption.outcome["waits"]) == ("approved", "role")
    assert "drag" in DiscordProblem.objects.get(key=f"role:{role.id}").message
    raise_bot(scene)
    from integrations.discord import roles

    roles.forget_standing(scene.guild.id)
    done = follow(scene, redemption)
    assert done.state == "delivered"
    assert "waits" not in done.outcome
    assert not DiscordProblem.objects.exists()


def test_who_is_not_on_the_server_gets_it_when_they_join(scene: Scene, vip: Any) -> None:
    redemption = start(scene, vip)
    member = scene.guild.members.pop(scene.user.id)
    assert follow(scene, redemption).outcome["waits"] == "member"
    scene.guild.members[scene.user.id] = member
    assert follow(scene, redemption).state == "delivered"


def test_levels_and_redeemed_roles_leave_each_other_alone(scene: Scene, vip: Any) -> None:
    bronze = scene.state.create_role(scene.guild, "Bronze")
    raise_bot(scene)
    from integrations.discord import roles

    roles.forget_standing(scene.guild.id)
    add_level_role(level=1, role_id=bronze.id, actor=SYSTEM)
    follow(scene, start(scene, vip))
    scene.set_level(3)
    sync_member_roles(scene.context, scene.client, member_id=scene.member.pk)
    assert scene.held() == {vip.id, bronze.id}
    scene.set_level(0)
    sync_member_roles(scene.context, scene.client, member_id=scene.member.pk)
    assert scene.held() == {vip.id}


def test_the_sweep_finds_who_lost_it(scene: Scene, vip: Any) -> None:
    follow(scene, start(scene, vip))
    assert list(list_members_lacking()) == [scene.member.pk]  # as last seen, which was before
    scene.member.role_ids = [str(vip.id)]
    scene.member.save()
    assert list(list_members_lacking()) == []


def test_the_team_is_told_in_its_channel_once_and_nobody_is_pinged(scene: Scene) -> None:
    text = describe_waiting("en", undecided=1, by_hand=0, unshipped=2)
    assert tell_team(scene.context, scene.client, event_id=3, text=text) is None
    NotificationSettings.objects.create(pk=1, team_channel_id=scene.channel.id)
    for _ in range(2):
        tell_team(scene.context, scene.client, event_id=3, text=text)
    (message,) = scene.messages()
    assert message.embeds[0]["description"] == (
        "**1** redemption waits for a decision.\n**2** parcels are to be sent."
    )
