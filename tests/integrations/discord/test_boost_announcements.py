"""A boost that begins is told once, in the announcements' channel, where somebody asked for it; nobody is pinged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from engagement.audit.actor import SYSTEM
from engagement.boosts.events import BoostStarted
from engagement.boosts.models import Boost
from engagement.boosts.services import BoostDraft, plan_boost, stop_boost
from engagement.notifications.services import set_level_announcements
from integrations.discord.announcements import announce_boost
from integrations.discord.models import Delivery
from tests.integrations.discord.scene import Scene


def start(scene: Scene, **scope: list[str]) -> Boost:
    draft = BoostDraft("Art *week* @everyone", 150, scope, lasts=timedelta(hours=2), announce=True)
    return plan_boost(context=scene.context, draft=draft, actor=SYSTEM, key="one", allowances=())


def tell(
    scene: Scene, boost: Boost, event_id: int = 1, *, live: bool = True, announce: bool = True, resumed: bool = False
) -> Delivery | None:  # fmt: skip
    event = BoostStarted(boost.pk, boost.name, boost.percent, boost.ends_at.isoformat(), announce, resumed)
    return announce_boost(replace(scene.context, live=live), scene.client, event_id=event_id, event=event)


def choose_channel(scene: Scene) -> None:
    set_level_announcements(actor=SYSTEM, level_up="channel", channel_id=scene.channel.id)


def test_it_is_told_once_with_what_it_is_for_and_until_when(scene: Scene) -> None:
    choose_channel(scene)
    boost = start(scene, types=["message"], channels=[str(scene.channel.id)], roles=["77"])

    for _ in range(2):
        delivery = tell(scene, boost)

    assert delivery is not None
    assert delivery.state == "sent"
    [message] = scene.messages()
    assert message.embeds[0]["description"] == (
        rf"⚡ **Art \*week\* \@everyone**: **×1.5** on messages in <#{scene.channel.id}> for <@&77> "
        f"until <t:{int(boost.ends_at.timestamp())}:F>."
    )
    assert not message.content


def test_nothing_is_told_in_shadow_unasked_again_or_without_a_channel(scene: Scene) -> None:
    boost = start(scene)
    assert tell(scene, boost) is None

    choose_channel(scene)

    assert tell(scene, boost, live=False) is None
    assert tell(scene, boost, announce=False) is None
    assert tell(scene, boost, resumed=True) is None
    assert scene.messages() == []


def test_what_was_stopped_meanwhile_is_not_told(scene: Scene) -> None:
    choose_channel(scene)
    boost = start(scene)
    stop_boost(context=scene.context, boost_id=boost.pk, actor=SYSTEM)

    tell(scene, boost)

    assert scene.messages() == []
