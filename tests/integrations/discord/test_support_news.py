"""Who supports, in the team's channel and, where organisers thank in public, in theirs: once each, names as they are, nobody pinged."""

from __future__ import annotations

from typing import Any

import pytest

from engagement.notifications.models import NotificationSettings
from engagement.notifications.support_news import TeamNews, find_thanks
from integrations.discord.models import DiscordProblem
from integrations.discord.supports.news import describe_news, thank
from integrations.discord.team_languages.german import GERMAN
from integrations.discord.team_news import SUPPORTERS, tell_team
from saas.core import clock
from saas.wiring import HANDLERS
from tests.engagement.supporters.supporting import begin, make_tier
from tests.integrations.discord.scene import Scene


def choose(**how: Any) -> None:
    NotificationSettings.objects.update_or_create(pk=1, defaults=how)


def test_the_team_reads_it_once_with_the_way_there(scene: Scene) -> None:
    choose(team_channel_id=scene.channel.id)
    text = describe_news("en", TeamNews("moved", "Ada *Wren*", "Pa_trons", "Fri*ends"))
    for _ in range(2):
        tell_team(scene.context, scene.client, event_id=7, text=text, path=SUPPORTERS)
    (message,) = scene.messages(scene.channel.id)
    assert message.embeds[0]["description"] == (
        r"**Ada \*Wren\*** supports with **Pa\_trons** now, with **Fri\*ends** before."
    )
    assert message.components[0]["components"][0]["url"].endswith("/dashboard/supporters/")


def test_thanks_stand_in_their_own_channel_beside_what_the_team_reads(scene: Scene) -> None:
    row = begin(scene.context, scene.member, make_tier(scene.context, on_sale=True, name="<@&1>"))
    choose(team_channel_id=scene.channel.id, thanks_channel_id=scene.channel.id)
    thanks = find_thanks(context=scene.context, supporter_id=row.pk)
    assert thanks is not None
    tell_team(scene.context, scene.client, event_id=7, text="News", path=SUPPORTERS)
    for _ in range(2):
        thank(scene.context, scene.client, event_id=7, thanks=thanks)
    _, message = scene.messages(scene.channel.id)
    assert r"**Ada \*Wren\*** supports" in message.embeds[0]["description"]
    assert "<@&1>" not in message.embeds[0]["description"]
    assert not message.mentions


def test_a_closed_channel_is_the_organisers_to_mend(scene: Scene) -> None:
    row = begin(scene.context, scene.member, make_tier(scene.context, on_sale=True))
    choose(thanks_channel_id=900_000_000_000_000_123)
    thanks = find_thanks(context=scene.context, supporter_id=row.pk)
    assert thanks is not None
    thank(scene.context, scene.client, event_id=7, thanks=thanks)
    problem = DiscordProblem.objects.get()
    assert (problem.kind, "News and thanks" in problem.message) == ("thanks", True)


@pytest.mark.parametrize("kind", ["joined", "moved", "ending", "left_server", "resumed", "ended"])
def test_each_turn_has_its_words(kind: str) -> None:
    news = TeamNews(kind, "Ada", "Friends", "Patrons", clock.now())
    assert f"support.{kind}" in GERMAN
    for language in ("en", "de"):
        said = describe_news(language, news)
        assert "**Ada**" in said
        assert ("<t:" in said) == (kind in ("ending", "left_server"))


def test_each_event_has_its_job() -> None:
    for event, job in {
        "SupporterJoined": "began", "SupporterMoved": "moved", "SupporterEnding": "ending", "SupporterResumed": "resumed",
        "SupporterLeft": "ended",
    }.items():  # fmt: skip
        assert f"integrations.discord.supports.tell_team_{job}" in HANDLERS[event]
