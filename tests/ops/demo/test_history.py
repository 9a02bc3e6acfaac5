"""The demo's past: the same everywhere, with a rhythm, and with labels that tell the truth."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from engagement.activity.messages import decode_activity, encode_activity
from ops.demo.communities import COMMUNITIES, DemoCommunity, get_demo
from ops.demo.history import make_day, subject_of
from ops.demo.people import list_people
from ops.sandbox.discord.config import Config
from ops.sandbox.discord.seed import seed_world
from ops.sandbox.discord.seed_demo import channels_of, seed_demo_world
from ops.sandbox.discord.state.snowflakes import seeded_id
from ops.sandbox.discord.state.world import World

FIRST = date(2026, 6, 1)
EACH = pytest.mark.parametrize("community", COMMUNITIES, ids=lambda one: one.slug)


def days_of(community: DemoCommunity, count: int) -> list[date]:
    return [FIRST + timedelta(days=number) for number in range(count)]


def test_there_is_one_of_each_kind() -> None:
    assert sorted(one.kind for one in COMMUNITIES) == ["brand", "course", "creator", "discord", "saas"]


@EACH
def test_a_day_is_the_same_whenever_it_is_made(community: DemoCommunity) -> None:
    late = FIRST + timedelta(days=community.days - 1)
    once = make_day(community, FIRST, late, key_id=7)
    for day in days_of(community, 5):
        make_day(community, FIRST, day, key_id=7)
    assert make_day(community, FIRST, late, key_id=7) == once


@EACH
def test_ids_are_unique_and_activities_whole(community: DemoCommunity) -> None:
    seen: set[str] = set()
    for day in days_of(community, 20):
        for activity in make_day(community, FIRST, day, key_id=7):
            assert activity.source_id not in seen
            seen.add(activity.source_id)
            assert len(encode_activity(activity)) < 16 * 1024
            if activity.source.startswith("discord:"):
                decode_activity(encode_activity(activity))


@EACH
def test_a_day_keeps_to_itself_and_to_those_who_are_there(community: DemoCommunity) -> None:
    people = {subject_of(community, one.number): one for one in list_people(community, FIRST)}
    day = FIRST + timedelta(days=community.days // 2)
    for activity in make_day(community, FIRST, day, key_id=7):
        moment = datetime.fromtimestamp(activity.occurred_ms / 1000, UTC).date()
        assert abs((moment - day).days) <= 1
        person = people.get(activity.subject)
        if person is not None and activity.type != "left":
            assert person.is_there(day)


@EACH
def test_it_grows_and_rests(community: DemoCommunity) -> None:
    counts = [len(make_day(community, FIRST, day, key_id=7)) for day in days_of(community, community.days)]
    third = len(counts) // 3
    assert sum(counts[-third:]) > 1.2 * sum(counts[:third])
    by_weekday = Counter[int]()
    for day, count in zip(days_of(community, community.days), counts, strict=True):
        by_weekday[day.weekday()] += count
    busiest = max(range(7), key=lambda number: community.weekdays[number])
    calmest = min(range(7), key=lambda number: community.weekdays[number])
    assert by_weekday[busiest] > by_weekday[calmest]


def test_labels_can_be_seen_in_what_people_do() -> None:
    pixel = get_demo("pixel-pals")
    people = {subject_of(pixel, one.number): one for one in list_people(pixel, FIRST)}
    repeated: Counter[str] = Counter()
    for day in days_of(pixel, pixel.days):
        texts: Counter[tuple[str, str]] = Counter()
        for activity in make_day(pixel, FIRST, day, key_id=None):
            if "shingles" in activity.attributes:
                texts[(activity.subject, str(activity.attributes["shingles"]))] += 1
        for (subject, _text), count in texts.items():
            if count >= 20:
                repeated[subject] += 1
    spammers = {subject for subject, one in people.items() if one.label == "spammer"}
    assert set(repeated) == spammers
    assert Counter(one.label for one in people.values() if one.label) == {
        "spammer": 4,
        "farmer": 2,
        "ring": 3,
    }


def test_the_local_discord_knows_who_is_there_and_where_they_talk() -> None:
    world = World(Config())
    seed_world(world)
    born = FIRST + timedelta(days=150)
    seed_demo_world(world, born)
    for community in COMMUNITIES:
        if community.guild is None:
            continue
        guild = world.guilds[seeded_id(2, community.guild.number)]
        there = [one for one in list_people(community, community.first_day(born)) if one.is_there(born)]
        assert {seeded_id(1, one.number) for one in there} <= guild.members.keys()
        assert {seeded_id(1, number) for number in community.founders} <= guild.members.keys()
        for channel in channels_of(community):
            assert channel in guild.channels
        assert guild.name == community.name
        assert guild.roles[seeded_id(4, community.guild.regular_role)].name == "Regular"
