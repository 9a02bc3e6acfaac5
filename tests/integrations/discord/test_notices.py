"""A notice comes as a direct message, else as a hint in the channel, else it stands on the page alone; each once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engagement.members.models import Member
from engagement.notifications.models import Notice, NotificationSettings
from engagement.notifications.notices import choose_quiet, mark_read, tell_member
from integrations.discord.errors import DiscordAwayError
from integrations.discord.notices import bring_notice
from tests.integrations.discord.scene import Scene


def tell(scene: Scene, key: str = "one", kind: str = "redemption_rejected", **facts: Any) -> Notice:
    facts = {"reward": "Hood*ie", "id": 7, "points": 1284, **facts}
    notice = tell_member(member_id=scene.member.pk, kind=kind, facts=facts, key=key)
    assert notice is not None
    return notice


def bring(scene: Scene, notice: Notice, event_id: int = 5) -> str:
    return bring_notice(scene.context, scene.client, event_id=event_id, notice_id=notice.pk)


def direct(scene: Scene) -> list[Any]:
    return scene.messages(scene.client.open_dm(scene.user.id))


def open_channel(scene: Scene) -> None:
    NotificationSettings.objects.update_or_create(pk=1, defaults={"notice_channel_id": scene.channel.id})


def test_it_comes_as_a_direct_message_once(scene: Scene) -> None:
    notice = tell(scene, reason="Out of paint")
    assert bring(scene, notice) == "dm"
    assert bring(scene, notice) == "dm"
    (message,) = direct(scene)
    assert message.embeds[0]["description"] == (
        r"“Hood\*ie” was not approved. Your 1,284 points are back. Reason: Out of paint"
    )
    button = message.components[0]["components"][0]
    assert button["label"] == "Open"
    assert button["url"].endswith(f"/notices/{notice.pk}/")
    assert Notice.objects.get().sent_by == "dm"


def test_it_comes_in_the_members_language(scene: Scene) -> None:
    Member.objects.filter(pk=scene.member.pk).update(locale="de-DE")
    bring(scene, tell(scene))
    assert "nicht genehmigt. Du hast 1.284 points zurück." in direct(scene)[0].embeds[0]["description"]


def test_closed_messages_leave_it_on_the_page(scene: Scene) -> None:
    scene.state.set_dms(scene.user, open=False)
    notice = tell(scene)
    assert bring(scene, notice) == ""
    assert Notice.objects.get().sent_by == ""
    assert bring(scene, notice) == ""
    assert direct(scene) == []


def test_closed_messages_and_a_channel_say_that_there_is_news_and_not_which(scene: Scene) -> None:
    open_channel(scene)
    notice = tell(scene)
    scene.state.set_dms(scene.user, open=False)
    assert bring(scene, notice) == "channel"
    (message,) = scene.messages()
    assert message.content == f"<@{scene.user.id}>, there is news for you on your page."
    assert "Hood" not in str(vars(message) if hasattr(message, "__dict__") else message.content)
    assert bring(scene, notice) == "channel"
    assert len(scene.messages()) == 1


def test_a_kind_that_is_nobodys_business_never_reaches_the_channel(scene: Scene) -> None:
    open_channel(scene)
    scene.state.set_dms(scene.user, open=False)
    assert bring(scene, tell(scene, kind="affordable")) == ""
    assert scene.messages() == []


def test_hidden_members_are_not_named_in_the_channel(scene: Scene) -> None:
    open_channel(scene)
    Member.objects.filter(pk=scene.member.pk).update(visibility="hidden")
    scene.state.set_dms(scene.user, open=False)
    assert bring(scene, tell(scene)) == ""
    assert scene.messages() == []


def test_who_wants_no_direct_messages_gets_none(scene: Scene) -> None:
    open_channel(scene)
    choose_quiet(member_id=scene.member.pk, quiet=["dm"])
    assert bring(scene, tell(scene)) == ""
    assert direct(scene) == scene.messages() == []


def test_what_was_read_meanwhile_is_not_sent(scene: Scene) -> None:
    notice = tell(scene)
    mark_read(member_id=scene.member.pk, notice_id=notice.pk)
    assert bring(scene, notice) == ""
    assert direct(scene) == []


def test_an_answer_that_was_lost_is_asked_for_again_and_posts_once(scene: Scene) -> None:
    notice = tell(scene)
    scene.state.fail_rest(status=500, match="/messages", method="POST", after=True)
    with pytest.raises(DiscordAwayError):
        bring(scene, notice)
    assert bring(scene, notice) == "dm"
    assert len(direct(scene)) == 1


def test_who_has_no_discord_account_reads_the_page(scene: Scene) -> None:
    other = Member.objects.create(display_name="By hand")
    notice = tell_member(member_id=other.pk, kind="reward_ready", facts={"reward": "Mug"}, key="hand")
    assert notice is not None
    assert bring_notice(replace(scene.context), scene.client, event_id=6, notice_id=notice.pk) == ""
