"""A community's owner hears of a failed payment by direct message, once, and nobody else does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.discord.errors import DiscordAwayError
from integrations.discord.models import Delivery
from integrations.discord.owner_news import describe_overdue, describe_recovered, tell_owner
from tenants.models import Membership
from tests.integrations.discord.scene import Scene

ENDS = datetime(2026, 3, 15, 12, tzinfo=UTC)


@pytest.fixture
def owner(scene: Scene) -> Any:
    """The owner's Discord account, which shares the guild with the bot."""
    found = scene.state.create_user("acme.boss")
    scene.state.join(scene.guild, found)
    membership = Membership.objects.select_related("user").get(
        tenant_id=scene.context.tenant_id, role="owner"
    )
    membership.user.discord_id = found.id
    membership.user.save(update_fields=["discord_id"])
    return found


def tell(scene: Scene, stage: str = "start", event_id: int = 1) -> Delivery | None:
    body = describe_overdue(scene.context, stage=stage, ends_at=ENDS.isoformat())
    return tell_owner(scene.context, event_id=event_id, body=body)


def written(scene: Scene) -> list[tuple[int, str]]:
    """(channel, text) of everything that the bot wrote anywhere."""
    world = scene.discord.discord.world
    return [
        (channel, message.embeds[0]["description"])
        for channel, messages in world.messages.items()
        for message in messages.values()
        if message.author_id == world.bot_id
    ]


def test_the_owner_alone_is_told_once(scene: Scene, owner: Any) -> None:
    delivery = tell(scene)
    tell(scene)
    assert delivery is not None
    assert delivery.state == "sent"
    ((channel, text),) = written(scene)
    assert channel not in scene.guild.channels
    assert text == (
        f"The payment for **Acme Makers** did not go through. Until <t:{int(ENDS.timestamp())}:F> everything stays on.\n"
        "Nothing is deleted. Pay the open invoice, with another card if need be: "
        "https://acme.localhost/dashboard/billing/"
    )


@pytest.mark.parametrize("stage", ["half", "three_days", "one_day", "over"])
def test_each_stage_names_the_date(scene: Scene, owner: Any, stage: str) -> None:
    tell(scene, stage)
    assert f"<t:{int(ENDS.timestamp())}:F>" in written(scene)[0][1]


def test_the_recovery_is_told(scene: Scene, owner: Any) -> None:
    tell_owner(scene.context, event_id=2, body=describe_recovered(scene.context))
    assert written(scene)[0][1].endswith("Everything that its plan includes is on.")


def test_closed_messages_leave_it_to_the_mail(scene: Scene, owner: Any) -> None:
    scene.state.set_dms(owner, open=False)
    delivery = tell(scene)
    assert delivery is not None
    assert delivery.state == "refused"
    assert written(scene) == []
    scene.state.set_dms(owner, open=True)
    tell(scene)
    assert written(scene) == []


def test_an_answer_that_was_lost_tells_it_once(scene: Scene, owner: Any) -> None:
    scene.state.fail_rest(status=500, match="/messages", method="POST", after=True)
    with pytest.raises(DiscordAwayError):
        tell(scene)
    tell(scene)
    assert len(written(scene)) == 1


def test_an_owner_without_discord_and_an_installation_without_a_bot_have_the_mail(
    scene: Scene, settings: Any
) -> None:
    membership = Membership.objects.select_related("user").get(
        tenant_id=scene.context.tenant_id, role="owner"
    )
    membership.user.discord_id = None
    membership.user.save(update_fields=["discord_id"])
    assert tell(scene) is None
    membership.user.discord_id = scene.user.id
    membership.user.save(update_fields=["discord_id"])
    settings.DISCORD_BOT_TOKEN = ""
    assert tell(scene) is None
    assert written(scene) == []
