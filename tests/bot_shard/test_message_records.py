"""Which messages become activities, and what they carry."""

from __future__ import annotations

from typing import Any

import pytest

from .listening import Listener
from .payloads import ADA, BEN, CATEGORY, GUILD, MESSAGE, ROBOT, TEXT, THREAD, guild, member, message, user


@pytest.fixture
def listener() -> Listener:
    listener = Listener()
    listener.hear("GUILD_CREATE", guild())
    return listener


def test_a_message_says_who_where_and_when(listener: Listener) -> None:
    author = user(global_name="Ada L.", avatar="abc")
    [activity] = listener.hear("MESSAGE_CREATE", message(author=ADA) | {"author": author})

    assert activity.source_id == f"discord:message:{MESSAGE}"
    assert (activity.source, activity.subject, activity.type) == (
        f"discord:{GUILD}",
        f"discord:{ADA}",
        "message",
    )
    assert activity.occurred_ms == (int(MESSAGE) >> 22) + 1_420_070_400_000
    assert activity.attributes == {
        "name": "Ada L.", "avatar": f"https://cdn/avatars/{ADA}/abc.png", "roles": ["77"],
        "joined": "2025-03-04T05:06:07.000000+00:00", "channel": TEXT, "category": CATEGORY,
    }  # fmt: skip


def test_the_guild_nickname_and_avatar_win(listener: Listener) -> None:
    [activity] = listener.hear("MESSAGE_CREATE", message(member=member(nick="Countess", avatar="xyz")))
    assert activity.attributes["name"] == "Countess"
    assert activity.attributes["avatar"] == f"https://cdn/guilds/{GUILD}/users/{ADA}/avatars/xyz.png"


def test_a_thread_inherits_its_place(listener: Listener) -> None:
    [activity] = listener.hear("MESSAGE_CREATE", message(channel_id=THREAD))
    place = {key: activity.attributes[key] for key in ("channel", "parent", "category", "thread")}
    assert place == {"channel": THREAD, "parent": TEXT, "category": CATEGORY, "thread": True}


def test_text_is_never_stored(listener: Listener) -> None:
    [activity] = listener.hear("MESSAGE_CREATE", message(content="my secret"))
    assert "secret" not in repr(activity)
    assert activity.attributes["length"] == 9


def answered(author: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": 19, "referenced_message": {"id": "1", "author": author} | more}


def test_an_answer_to_somebody_else_is_a_reply(listener: Listener) -> None:
    [activity] = listener.hear("MESSAGE_CREATE", message(**answered(user(BEN))))
    assert (activity.type, activity.attributes["reply_to"]) == ("reply", BEN)


@pytest.mark.parametrize(
    "reference",
    [
        pytest.param(answered(user(ADA)), id="to oneself"),
        pytest.param(answered(user(ROBOT, bot=True)), id="to a bot"),
        pytest.param(answered(user(BEN), webhook_id="1"), id="to a webhook"),
        pytest.param({"type": 19, "referenced_message": None}, id="to a deleted message"),
    ],
)
def test_any_other_answer_is_a_message(listener: Listener, reference: dict[str, Any]) -> None:
    [activity] = listener.hear("MESSAGE_CREATE", message(**reference))
    assert activity.type == "message"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"author": user(ROBOT, bot=True)}, id="bot"),
        pytest.param({"author": user("1", system=True)}, id="system user"),
        pytest.param({"webhook_id": "5"}, id="webhook"),
        pytest.param({"type": 7}, id="join message"),
        pytest.param({"type": 18}, id="thread-created message"),
        pytest.param({"member": member(pending=True)}, id="screening pending"),
        pytest.param({"guild_id": "2000000000000000999"}, id="unlinked guild"),
        pytest.param({"guild_id": None}, id="direct message"),
    ],
)
def test_what_earns_nothing_makes_no_activity(listener: Listener, change: dict[str, Any]) -> None:
    assert listener.hear("MESSAGE_CREATE", message() | change) == []


def test_a_guild_that_gets_linked_is_heard_from_then_on(listener: Listener) -> None:
    other = "2000000000000000999"
    assert listener.hear("MESSAGE_CREATE", message(guild_id=other)) == []
    listener.links.guild_ids |= {int(other)}
    assert len(listener.hear("MESSAGE_CREATE", message(guild_id=other))) == 1


def test_deletions_name_their_messages(listener: Listener) -> None:
    gone = {"guild_id": GUILD, "channel_id": TEXT}
    [single] = listener.hear("MESSAGE_DELETE", gone | {"id": "5"})
    many = listener.hear("MESSAGE_DELETE_BULK", gone | {"ids": ["6", "7"]})
    assert single.attributes["target"] == "discord:message:5"
    assert [each.source_id for each in many] == ["discord:deleted:6", "discord:deleted:7"]
    assert {each.attributes["reason"] for each in many} == {"deleted"}


def test_a_flagged_message_is_given_back_and_a_blocked_one_never_was(listener: Listener) -> None:
    flagged = {"guild_id": GUILD, "channel_id": TEXT, "user_id": ADA, "action": {"type": 2}, "rule_id": "1"}
    assert listener.hear("AUTO_MODERATION_ACTION_EXECUTION", flagged) == []
    [activity] = listener.hear("AUTO_MODERATION_ACTION_EXECUTION", flagged | {"message_id": "5"})
    assert (activity.source_id, activity.attributes["reason"]) == ("discord:deleted:5", "automod")


def test_a_thread_belongs_to_whoever_started_it(listener: Listener) -> None:
    thread = {"id": "1300000000000000005", "guild_id": GUILD, "type": 11, "parent_id": TEXT, "owner_id": ADA}
    assert listener.hear("THREAD_CREATE", thread) == []
    [activity] = listener.hear("THREAD_CREATE", thread | {"newly_created": True})
    assert (activity.type, activity.subject, activity.attributes["parent"]) == (
        "thread",
        f"discord:{ADA}",
        TEXT,
    )


def test_moving_a_channel_moves_what_is_written_there(listener: Listener) -> None:
    listener.hear("CHANNEL_UPDATE", {"id": TEXT, "guild_id": GUILD, "type": 0, "parent_id": "99"})
    [activity] = listener.hear("MESSAGE_CREATE", message())
    assert activity.attributes["category"] == "99"
    listener.hear("CHANNEL_DELETE", {"id": "99", "guild_id": GUILD, "type": 4})
    [activity] = listener.hear("MESSAGE_CREATE", message())
    assert "category" not in activity.attributes
