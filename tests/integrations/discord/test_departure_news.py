"""The team reads in its channel what was cancelled with a deleted member: once, with names as they are, and on Home all the same."""

from __future__ import annotations

from engagement.departures.events import PendingReturned
from engagement.departures.services import return_pending
from engagement.members.models import Member
from engagement.notifications.models import NotificationSettings
from engagement.rewards.models import Redemption, Reward
from integrations.discord.departure_news import tell_team_returned
from saas.core import clock
from tests.integrations.discord.scene import Scene


def news(scene: Scene) -> PendingReturned:
    return PendingReturned(scene.member.pk, redemptions=2, points=1_300, submissions=1, requests=0)


def tell(scene: Scene) -> None:
    tell_team_returned(scene.context, scene.client, event_id=7, event=news(scene))


def test_it_is_told_once_in_the_teams_channel(scene: Scene) -> None:
    NotificationSettings.objects.update_or_create(pk=1, defaults={"team_channel_id": scene.channel.id})
    tell(scene)
    tell(scene)
    (message,) = scene.messages(scene.channel.id)
    told = message.embeds[0]["description"]
    assert told.startswith(r"**Ada \*Wren\*** was deleted. Cancelled with that: 2 redemptions")
    assert "1,300 points came back" in told
    assert message.components[0]["components"][0]["url"].endswith(f"/dashboard/members/{scene.member.pk}/")


def test_without_a_channel_it_stands_on_home(scene: Scene) -> None:
    from frontend_api.dashboard.home import list_attention

    tell(scene)
    assert scene.messages(scene.channel.id) == []
    reward = Reward.objects.create(kind="custom", key="hat", name="Hat", price=0, state="active")
    Redemption.objects.create(
        key="k", member_id=scene.member.pk, reward=reward, reward_name="Hat", kind="custom", price=0, counted=False,
        state="requested", via="web", requested_at=clock.now(),
    )  # fmt: skip
    Member.objects.filter(pk=scene.member.pk).update(deleted_at=clock.now())
    return_pending(member_id=scene.member.pk)
    titles = {line.title: line.text for line in list_attention(scene.context, now=clock.now())}
    assert "1 redemption." in titles["Ada *Wren* was deleted with things pending"]
