"""The people of the demo communities, and the third server, for a fresh world of `make run`."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from ops.demo.communities import COMMUNITIES, DemoCommunity
from ops.demo.people import Person, list_people

from .seed import _CHANNEL, _GUILD, _JOINED_MS, _ROLE, _USER, _build, _people, _raise_bot_role
from .state import permissions
from .state.entities import TEXT, VOICE, Guild
from .state.guilds import install_bot
from .state.members import create_user, join_guild
from .state.snowflakes import seeded_id
from .state.world import World

# Numbered from 300: category, then its channels, as ops.demo.communities names them.
_HARBOUR_CHANNELS: list[tuple[str, list[tuple[str, int, str]]]] = [
    ("Start here", [("welcome", TEXT, "How the course works"), ("announcements", TEXT, "Dates and changes")]),
    ("Classroom", [
        ("general", TEXT, "Everything else"), ("questions", TEXT, "No question is too small"),
        ("show-your-work", TEXT, "Projects and drafts"),
    ]),
    ("Voice", [("Study hall", VOICE, "")]),
]  # fmt: skip
_DAY_MS = 86_400_000


def seed_demo_world(world: World, born: date) -> None:
    """Add what the demo's history speaks of to a world that `seed_world` has filled. `born` as in ops.demo."""
    harbour = _build(
        world, 3, "Harbour Code School", "A part-time course for people who change into software.", 8,
        _HARBOUR_CHANNELS,
    )  # fmt: skip
    _people(world, harbour, [8, 2, 9], moderators=[2])
    install_bot(world, harbour, granted=permissions.BOT)
    harbour.members[world.bot_id].joined_ms = _JOINED_MS + _DAY_MS
    _raise_bot_role(harbour, world.bot_id)
    for community in COMMUNITIES:
        if community.guild is not None:
            _fill(world, world.guilds[seeded_id(_GUILD, community.guild.number)], community, born)
    world.permissions_changed()


def _fill(world: World, guild: Guild, community: DemoCommunity, born: date) -> None:
    screening, guild.screening = guild.screening, False
    for person in list_people(community, community.first_day(born)):
        if person.is_there(born):
            _join(world, guild, community, person, born)
    guild.screening = screening


def _join(world: World, guild: Guild, community: DemoCommunity, person: Person, born: date) -> None:
    user = create_user(
        world, username=person.username, display_name=person.name, user_id=seeded_id(_USER, person.number)
    )
    roles = []
    if community.guild is not None and (born - person.joined).days > 60:
        roles = [seeded_id(_ROLE, community.guild.regular_role)]
    joined = int(datetime.combine(person.joined, time(12), UTC).timestamp() * 1000)
    join_guild(world, guild, user, roles=roles, joined_ms=joined)


def channels_of(community: DemoCommunity) -> list[int]:
    """The ids of the channels in which the community's history plays."""
    assert community.guild is not None
    return [seeded_id(_CHANNEL, number) for number in (*community.guild.talk, *community.guild.voice)]
