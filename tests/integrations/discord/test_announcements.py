"""Level-ups told once, where the tenant chose, pinging nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from engagement.audit.actor import SYSTEM
from engagement.notifications.services import set_level_announcements
from engagement.progression.events import LevelReached
from integrations.discord.announcements import announce_level_up
from integrations.discord.errors import DiscordAwayError
from integrations.discord.models import Delivery, DiscordProblem
from saas.core.errors import InvalidInputError
from saas.events.retries import RetryLaterError
from tests.integrations.discord.scene import Scene


def tell(
    scene: Scene, event_id: int = 1, *, channel: int | None = None, live: bool = True
) -> Delivery | None:
    event = LevelReached(scene.member.pk, 5, 4, 1284, str(scene.channel.id if channel is None else channel))
    return announce_level_up(replace(scene.context, live=live), scene.client, event_id=event_id, event=event)


def texts(scene: Scene) -> list[str]:
    return [message.embeds[0]["description"] for message in scene.messages()]


def test_it_is_told_where_the_deed_was_done(scene: Scene) -> None:
    delivery = tell(scene)
    assert delivery is not None
    assert delivery.state == "sent"
    assert texts(scene) == [r"🎉 **Ada \*Wren\*** reached **level 5** — 1,284 points."]
    message = scene.messages()[0]
    assert delivery.message_id == message.id
    assert message.embeds[0]["color"] == 0x4F46E5


def test_a_chosen_channel_wins(scene: Scene) -> None:
    other = scene.state.create_channel(scene.guild, "cheers")
    set_level_announcements(actor=SYSTEM, level_up="channel", channel_id=other.id)
    tell(scene)
    assert scene.messages() == []
    assert len(scene.messages(other.id)) == 1


def test_told_again_it_is_not_posted_again(scene: Scene) -> None:
    tell(scene)
    tell(scene)
    assert len(scene.messages()) == 1
    tell(scene, event_id=2)
    assert len(scene.messages()) == 2


def test_an_answer_that_was_lost_is_asked_for_again_and_posts_once(scene: Scene) -> None:
    scene.state.fail_rest(status=500, match="/messages", method="POST", after=True)
    with pytest.raises(DiscordAwayError):
        tell(scene)
    assert len(scene.messages()) == 1  # The message stands, only its answer was lost.
    delivery = tell(scene)
    assert delivery is not None
    assert delivery.state == "sent"
    assert len(scene.messages()) == 1


def test_after_discord_forgot_the_nonce_an_unsure_one_stays_untold(scene: Scene) -> None:
    scene.state.fail_rest(status=-1, match="/messages", method="POST")
    with pytest.raises(DiscordAwayError):
        tell(scene)
    row = Delivery.objects.get()
    row.attempted_at -= timedelta(minutes=10)
    row.save()
    delivery = tell(scene)
    assert delivery is not None
    assert delivery.state == "unsure"
    assert scene.messages() == []


def test_a_refusal_of_the_moment_does_not_make_it_unsure(scene: Scene) -> None:
    """Ten minutes of 5xx answers: nothing was posted, and once Discord is back it is."""
    scene.state.fail_rest(status=503, match="/messages", method="POST")
    with pytest.raises(DiscordAwayError):
        tell(scene)
    assert Delivery.objects.get().attempted_at is None
    assert (delivery := tell(scene)) is not None
    assert delivery.state == "sent"
    assert len(scene.messages()) == 1


def test_a_rate_limit_sends_the_job_back_with_its_wait(scene: Scene) -> None:
    scene.state.fail_rest(status=429, match="/messages", method="POST", retry_after=30)
    with pytest.raises(RetryLaterError) as caught:
        tell(scene)
    assert 29 < caught.value.seconds <= 30
    # The next job does not even ask while the pause lasts.
    before = scene.calls("POST")
    with pytest.raises(RetryLaterError):
        tell(scene, event_id=2)
    assert scene.calls("POST") == before
    assert {row.state for row in Delivery.objects.all()} == {"waiting"}


def test_in_shadow_mode_nothing_is_told(scene: Scene) -> None:
    assert tell(scene, live=False) is None
    assert scene.messages() == []


def test_off_is_off(scene: Scene) -> None:
    set_level_announcements(actor=SYSTEM, level_up="off")
    assert tell(scene) is None
    assert scene.calls("POST") == 0


@pytest.mark.parametrize(
    "change", [{"is_bot": True}, {"departed_at": "2026-01-01T00:00Z"}, {"visibility": "hidden"}]
)
def test_bots_those_who_left_and_hidden_ones_are_not_announced(
    scene: Scene, change: dict[str, object]
) -> None:
    type(scene.member).objects.filter(pk=scene.member.pk).update(**change)
    assert tell(scene) is None
    assert scene.messages() == []


def test_an_alias_is_all_that_others_see(scene: Scene) -> None:
    type(scene.member).objects.filter(pk=scene.member.pk).update(visibility="alias", alias="Night @everyone")
    tell(scene)
    assert texts(scene)[0].startswith(r"🎉 **Night \@everyone** reached")


def test_an_adjustment_without_a_channel_is_told_nowhere(scene: Scene) -> None:
    event = LevelReached(scene.member.pk, 5, 4, 1284)
    assert announce_level_up(scene.context, scene.client, event_id=1, event=event) is None


def test_to_the_member_alone(scene: Scene) -> None:
    set_level_announcements(actor=SYSTEM, level_up="dm")
    delivery = tell(scene)
    assert delivery is not None
    assert delivery.state == "sent"
    assert scene.messages() == []
    told = scene.messages(delivery.channel_id)
    assert "You reached **level 5** in Acme Makers" in told[0].embeds[0]["description"]


def test_closed_direct_messages_stay_quiet(scene: Scene) -> None:
    set_level_announcements(actor=SYSTEM, level_up="dm")
    scene.state.set_dms(scene.user, open=False)
    delivery = tell(scene)
    assert delivery is not None
    assert delivery.state == "refused"
    assert scene.messages() == []
    assert not DiscordProblem.objects.exists()
    before = scene.calls("POST")
    tell(scene)
    assert scene.calls("POST") == before


def test_a_channel_that_is_closed_to_us_is_shown_to_the_organiser_until_it_opens(scene: Scene) -> None:
    set_level_announcements(actor=SYSTEM, level_up="channel", channel_id=10**17)
    delivery = tell(scene)
    assert delivery is not None
    assert delivery.state == "refused"
    problem = DiscordProblem.objects.get()
    assert "Send Messages and Embed Links" in problem.message
    assert problem.key == f"channel:{10**17}"


def test_nonsense_is_no_setting(db: None) -> None:
    with pytest.raises(InvalidInputError, match="choose one of"):
        set_level_announcements(actor=SYSTEM, level_up="everywhere")
    with pytest.raises(InvalidInputError, match="channel id"):
        set_level_announcements(actor=SYSTEM, level_up="channel", channel_id=5)


def test_the_communitys_own_words_are_told_with_values_that_format_nothing(scene: Scene) -> None:
    from engagement.levels.services import set_level_name

    set_level_name(level=5, name="*Sage*", actor=SYSTEM)
    set_level_announcements(
        actor=SYSTEM, level_up="channel", text="**{member}** is now {level_name} in {community}"
    )
    tell(scene)
    assert texts(scene) == [r"**Ada \*Wren\*** is now \*Sage\* in Acme Makers"]
