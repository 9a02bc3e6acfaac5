"""Who is known by their id alone is asked for at Discord, and takes their name over."""

from __future__ import annotations

import pytest

from engagement.members.models import Identity, Member
from engagement.progression.newcomers import NAMELESS
from integrations.discord.names import look_up_names
from saas.events.retries import RetryLaterError
from tests.integrations.discord.scene import Scene


def nameless(user_id: int | str) -> Member:
    member = Member.objects.create(display_name=NAMELESS)
    Identity.objects.create(provider="discord", external_id=str(user_id), member=member)
    return member


def name_of(member: Member) -> str:
    member.refresh_from_db()
    return member.display_name


def test_nick_first_then_the_name_everywhere(scene: Scene) -> None:
    nick, plain, gone, nobody = (scene.state.create_user(f"p{n}", f"Person ‮{n}") for n in range(4))
    for user in (nick, plain):
        scene.state.join(scene.guild, user)
    scene.state.update_member(scene.guild, nick, nick="Nicky")
    members = [nameless(user.id) for user in (nick, plain, gone)] + [nameless(5), nameless("not-a-number")]
    ids = [member.pk for member in members]
    assert look_up_names(scene.context, scene.client, member_ids=ids) == 3
    assert [name_of(member) for member in members] == ["Nicky", "Person 1", "Person 2", NAMELESS, NAMELESS]
    assert nobody


def test_who_has_a_name_is_not_asked_for_and_keeps_it(scene: Scene) -> None:
    before = scene.calls("GET")
    assert look_up_names(scene.context, scene.client, member_ids=[scene.member.pk, 999_999]) == 0
    assert scene.calls("GET") == before
    assert name_of(scene.member) == "Ada *Wren*"


def test_what_was_found_is_kept_when_discord_asks_for_patience(scene: Scene) -> None:
    users = [scene.state.create_user(f"p{n}") for n in range(2)]
    for user in users:
        scene.state.join(scene.guild, user)
    first, second = (nameless(user.id) for user in users)
    scene.state.fail_rest(match="/members/", status=0)  # the first call goes through
    scene.state.fail_rest(match="/members/", status=429, retry_after=5.0)
    with pytest.raises(RetryLaterError):
        look_up_names(scene.context, scene.client, member_ids=[first.pk, second.pk])
    assert name_of(first) == "p0"
    scene.state.clear_faults()


def test_somebody_who_starts_a_thread_makes_the_job(committed_db: None, acme: object) -> None:
    from engagement.activity.messages import Activity
    from engagement.kinds import seed_community
    from engagement.members.events import MembersUnnamed
    from saas.events import Position, read_after
    from tenants.context import enter_tenant
    from tests.engagement.activity.facts import NOON, book, message

    with enter_tenant(acme):  # type: ignore[arg-type]
        seed_community(acme)  # type: ignore[arg-type]
    thread = Activity(
        "discord:thread:1234567890123",
        "discord:900000000000000001",
        "discord:55",
        "thread",
        NOON,
        {"channel": "7"},
    )
    book(acme, [thread, message(1)])  # type: ignore[arg-type]
    with enter_tenant(acme):  # type: ignore[arg-type]
        member = Member.objects.get(identities__external_id="55")
        events = [row for row in read_after(Position(0, 0)) if row.type == "MembersUnnamed"]
        assert [MembersUnnamed.from_data(row.data).member_ids for row in events] == [[member.pk]]
