"""Reactions, joins, departures and member updates."""

from __future__ import annotations

import pytest

from .listening import Listener
from .payloads import ADA, BEN, GUILD, MESSAGE, ROBOT, guild, member, message, reaction, user


@pytest.fixture
def listener() -> Listener:
    listener = Listener()
    listener.hear("GUILD_CREATE", guild())
    return listener


def test_a_reaction_is_given_and_received(listener: Listener) -> None:
    given, received = listener.hear("MESSAGE_REACTION_ADD", reaction())
    assert (given.type, given.subject) == ("reaction_given", f"discord:{BEN}")
    assert (received.type, received.subject) == ("reaction_received", f"discord:{ADA}")
    assert given.source_id == f"discord:reaction:{MESSAGE}:{BEN}:👍"
    assert received.source_id == f"discord:received:{MESSAGE}:{BEN}:👍"


def test_taking_it_back_names_what_was_given(listener: Listener) -> None:
    [removed] = listener.hear("MESSAGE_REACTION_REMOVE", reaction())
    assert removed.source_id == f"discord:unreacted:{MESSAGE}:{BEN}:👍"
    assert removed.attributes["target"] == f"discord:reaction:{MESSAGE}:{BEN}:👍"


def test_a_reaction_to_oneself_is_nothing(listener: Listener) -> None:
    assert listener.hear("MESSAGE_REACTION_ADD", reaction(user_id=ADA, author=ADA)) == []


def test_bots_neither_give_nor_receive(listener: Listener) -> None:
    robot = member() | {"user": user(ROBOT, bot=True)}
    assert listener.hear("MESSAGE_REACTION_ADD", reaction(user_id=ROBOT, member=robot)) == []
    listener.hear("MESSAGE_CREATE", message() | {"author": user(ROBOT, bot=True)})
    [only] = listener.hear("MESSAGE_REACTION_ADD", reaction(author=ROBOT))
    assert only.type == "reaction_given"


def test_who_is_a_bot_outlives_the_process(listener: Listener) -> None:
    number = listener.session.watermark.heard + 1
    listener.ears.message_create(listener.session, number, message() | {"author": user(ROBOT, bot=True)})
    assert [b"SADD", b"bots", ROBOT.encode()] in listener.take_commands()


def test_joining_and_leaving(listener: Listener) -> None:
    [joined] = listener.hear("GUILD_MEMBER_ADD", member() | {"guild_id": GUILD, "user": user()})
    assert joined.source_id == f"discord:joined:{GUILD}:{ADA}:1741064767000"
    assert joined.attributes["name"] == "user1"
    [left] = listener.hear("GUILD_MEMBER_REMOVE", {"guild_id": GUILD, "user": user()})
    assert (left.type, left.subject) == ("left", f"discord:{ADA}")


def test_a_replayed_departure_has_the_same_name() -> None:
    names = set()
    for _ in range(2):
        listener = Listener()
        [left] = listener.hear("GUILD_MEMBER_REMOVE", {"guild_id": GUILD, "user": user()})
        names.add(left.source_id)
    assert len(names) == 1


def test_who_is_screened_joins_when_let_in(listener: Listener) -> None:
    newcomer = {"guild_id": GUILD, "user": user()}
    assert listener.hear("GUILD_MEMBER_ADD", member(pending=True) | newcomer) == []
    assert listener.hear("GUILD_MEMBER_UPDATE", member(pending=True) | newcomer) == []
    [joined] = listener.hear("GUILD_MEMBER_UPDATE", member() | newcomer)
    assert joined.type == "joined"
    [updated] = listener.hear("GUILD_MEMBER_UPDATE", member(roles=["88"]) | newcomer)
    assert (updated.type, updated.attributes["roles"]) == ("member_updated", ["88"])


def test_bots_do_not_join(listener: Listener) -> None:
    robot = {"guild_id": GUILD, "user": user(ROBOT, bot=True)}
    assert listener.hear("GUILD_MEMBER_ADD", member() | robot) == []
    assert listener.hear("GUILD_MEMBER_REMOVE", robot) == []


@pytest.mark.parametrize(
    ("event", "more", "emoji"),
    [
        ("MESSAGE_REACTION_REMOVE_ALL", {}, None),
        ("MESSAGE_REACTION_REMOVE_EMOJI", {"emoji": {"id": None, "name": "👍"}}, "👍"),
        ("MESSAGE_REACTION_REMOVE_EMOJI", {"emoji": {"id": "77", "name": "fox"}}, "77"),
    ],
)
def test_reactions_cleared_by_a_moderator(
    listener: Listener, event: str, more: dict, emoji: str | None
) -> None:
    place = {"guild_id": GUILD, "channel_id": reaction()["channel_id"], "message_id": MESSAGE}
    [cleared] = listener.hear(event, place | more)
    [again] = listener.hear(event, place | more)
    assert cleared.type == "reactions_cleared"
    assert cleared.attributes["cleared"] == f"discord:message:{MESSAGE}"
    assert cleared.attributes.get("emoji") == emoji
    assert cleared.source_id != again.source_id, "each clearing is one of its own"
