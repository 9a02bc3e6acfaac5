"""What a community did on one day: activities in the order of their moments. Pure and seeded.

A day is made from the community, the day and the seed alone, so any day can be made without those before it. Days have a
rhythm: hours and weekdays of the community's zone, a slow growth, noise; newcomers talk more in their first week, and
interest fades over months.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

from engagement.activity.messages import Activity
from ops.sandbox.discord.state.snowflakes import seeded_id, snowflake_at

from .communities import DemoCommunity
from .people import SEED, Person, list_people

_USER, _GUILD, _CHANNEL, _ROLE = 1, 2, 3, 4
_EMOJI = ("👍", "❤️", "🎉", "😂", "🦊", "👀")
_TALK = (("message", 60), ("reply", 20), ("reaction", 16), ("thread", 1), ("voice", 3))
_VALUES: dict[str, dict[str, tuple[Any, ...]]] = {
    "purchase": {"amount": (9, 14, 19, 24, 32, 49, 75, 120), "currency": ("GBP",)},
    "feature_used": {"feature": ("invoices", "bank feed", "receipts", "reports", "payroll", "budgets")},
    "lesson_completed": {"lesson": tuple(f"unit-{n}" for n in range(1, 25))},
    "quiz_passed": {"score": (60, 70, 80, 85, 90, 95, 100)},
    "video_watched": {"minutes": (4, 9, 12, 25, 41, 55)},
    "content_shared": {"network": ("mastodon", "linkedin", "instagram")},
    "feedback_sent": {"length": (40, 120, 300, 800)},
}


def make_day(community: DemoCommunity, first_day: date, day: date, *, key_id: int | None) -> list[Activity]:
    """The activities of the local day `day`. `key_id` is the API key that the community's own software uses."""
    return sorted(
        _Day(community, first_day, day, key_id).make(), key=lambda one: (one.occurred_ms, one.source_id)
    )


def subject_of(community: DemoCommunity, number: int) -> str:
    """How the outside names a person: by Discord where there is a server, else by the community's own user id."""
    return f"discord:{seeded_id(_USER, number)}" if community.guild else f"app:{community.slug}-{number}"


class _Day:
    def __init__(self, community: DemoCommunity, first_day: date, day: date, key_id: int | None) -> None:
        self.community = community
        self.day = day
        self.age = (day - first_day).days
        self.dice = Random(f"{SEED}:{community.slug}:{day.isoformat()}")
        self.zone = ZoneInfo(community.timezone)
        self.key_id = key_id
        self.everybody = list_people(community, first_day)
        self.present = [person for person in self.everybody if person.is_there(day)]
        self.present += [
            Person(number, "", "", first_day - timedelta(days=300), None, 1 / (place + 2))
            for place, number in enumerate(community.founders)
        ]
        self.said: list[tuple[int, int, Person]] = []  # moment, message id, who: what can be answered
        self.reactions: set[str] = set()
        self.count = 0

    def make(self) -> Iterator[Activity]:
        yield from self._comings_and_goings()
        honest = [person for person in self.present if person.label not in {"spammer", "ring"}]
        if not honest:
            return
        weights = [person.talk * self._interest(person) for person in honest]
        moments = sorted(self._moment() for _ in range(self._volume()))
        for at, person in zip(moments, self.dice.choices(honest, weights, k=len(moments)), strict=True):
            yield from self._act(person, at)
        for person in self.present:
            if person.label == "spammer":
                yield from self._spam(person)
            elif person.label == "farmer" and self.dice.random() < 0.6:
                yield from self._farm(person)
            elif person.label == "ring":
                yield from self._flatter(person)

    def _volume(self) -> int:
        growth = 0.45 + 0.55 * self.age / self.community.days
        weekday = self.community.weekdays[self.day.weekday()]
        return int(self.community.daily * growth * weekday * self.dice.lognormvariate(0, 0.25))

    def _interest(self, person: Person) -> float:
        """Newcomers twice as much; half as much after four months; nobody falls quite silent."""
        days = (self.day - person.joined).days
        return (2.0 if days < 7 else 1.0) * max(0.15, math.exp(-days / 175))

    def _moment(self, *, hour: int | None = None) -> int:
        """Milliseconds since 1970 of a random moment of the local day."""
        if hour is None:
            (hour,) = self.dice.choices(range(24), self.community.hours)
        local = datetime.combine(self.day, time(hour), self.zone).astimezone(UTC)
        return int(local.timestamp() * 1000) + self.dice.randrange(3_600_000)

    # --- what people do ---

    def _act(self, person: Person, at: int) -> Iterator[Activity]:
        own = self.community.own_types if self.key_id is not None else ()
        if own and (self.community.guild is None or self.dice.random() < 0.4):
            (kind,) = self.dice.choices([name for name, _ in own], [weight for _, weight in own])
            yield self._report(person, at, kind)
            return
        if self.community.guild is None:
            return
        (kind,) = self.dice.choices([name for name, _ in _TALK], [weight for _, weight in _TALK])
        if kind == "voice":
            yield from self._voice(person, at)
        elif kind == "reaction" and self.said:
            yield from self._react(person, at, self.said[-1 - self.dice.randrange(min(6, len(self.said)))])
        elif kind == "thread":
            yield self._make(person, at, "thread", f"discord:thread:{self._id(at)}", self._place())
        else:
            yield self._write(person, at, reply=kind == "reply")

    def _write(self, person: Person, at: int, *, reply: bool = False, text: int | None = None) -> Activity:
        message = self._id(at)
        attributes = self._place() | self._traces(text)
        kind = "message"
        if reply and self.said and self.said[-1][2].number != person.number:
            kind = "reply"
            attributes["reply_to"] = str(seeded_id(_USER, self.said[-1][2].number))
        self.said.append((at, message, person))
        return self._make(person, at, kind, f"discord:message:{message}", attributes)

    def _react(self, person: Person, at: int, to: tuple[int, int, Person]) -> Iterator[Activity]:
        _moment, message, author = to
        if author.number == person.number:
            return
        emoji = self.dice.choice(_EMOJI)
        end = f"{message}:{seeded_id(_USER, person.number)}:{emoji}"
        if end in self.reactions:
            return  # nobody gives the same reaction twice
        self.reactions.add(end)
        facts = self._place() | {"emoji": emoji, "target": f"discord:message:{message}"}
        yield self._make(person, at, "reaction_given", f"discord:reaction:{end}", facts)
        yield self._make(author, at, "reaction_received", f"discord:received:{end}", facts)

    def _voice(self, person: Person, at: int) -> Iterator[Activity]:
        guild = self.community.guild
        if guild is None or not guild.voice:
            return
        channel = str(seeded_id(_CHANNEL, self.dice.choice(guild.voice)))
        user, server = seeded_id(_USER, person.number), seeded_id(_GUILD, guild.number)
        for minute in range(at // 60_000, at // 60_000 + self.dice.randrange(6, 40)):
            yield self._make(
                person,
                minute * 60_000,
                "voice_minute",
                f"voice:{server}:{user}:{minute}",
                {"channel": channel},
            )

    def _report(self, person: Person, at: int, kind: str) -> Activity:
        """Something that the community's own software tells by its API key."""
        self.count += 1
        values = {name: self.dice.choice(options) for name, options in _VALUES.get(kind, {}).items()}
        attributes = values | ({"name": person.name} if person.name else {})
        name = f"demo:{self.community.slug}:{self.day.isoformat()}:{self.count}"
        return Activity(
            name, f"key:{self.key_id}", subject_of(self.community, person.number), kind, at, attributes
        )

    # --- those who came for the points ---

    def _spam(self, person: Person) -> Iterator[Activity]:
        """One text, again and again within twenty minutes."""
        text = self.dice.randrange(1_000_000)
        start = self._moment()
        for _ in range(self.dice.randrange(30, 70)):
            yield self._write(person, start + self.dice.randrange(1_200_000), text=text)

    def _farm(self, person: Person) -> Iterator[Activity]:
        """Something every 61 seconds, for an hour and a half."""
        start = self._moment()
        for turn in range(90):
            at = start + turn * 61_000 + self.dice.randrange(800)
            if self.community.guild is not None:
                yield self._write(person, at)
            elif self.community.own_types:
                yield self._report(person, at, self.community.own_types[0][0])

    def _flatter(self, person: Person) -> Iterator[Activity]:
        """Each of the ring reacts to whatever its friends write, and to nothing else."""
        friends = [one for one in self.present if one.label == "ring" and one.number != person.number]
        for friend in friends:
            for _ in range(4):
                at = self._moment()
                yield self._write(friend, at)
                yield from self._react(person, at + 20_000, self.said[-1])

    # --- coming and going ---

    def _comings_and_goings(self) -> Iterator[Activity]:
        if self.community.guild is None:
            return
        server = seeded_id(_GUILD, self.community.guild.number)
        for person in self.everybody:
            user = seeded_id(_USER, person.number)
            if person.joined == self.day:
                at = self._moment(hour=self.dice.randrange(8, 23))
                yield self._make(person, at, "joined", f"discord:joined:{server}:{user}:{at}", {})
            if person.left == self.day:
                at = self._moment(hour=self.dice.randrange(0, 6))
                yield self._make(person, at, "left", f"discord:left:{server}:{user}:{at}", {})

    def _make(self, person: Person, at: int, kind: str, name: str, attributes: dict[str, Any]) -> Activity:
        assert self.community.guild is not None  # only a server has messages
        server = seeded_id(_GUILD, self.community.guild.number)
        facts = dict(attributes)
        if person.name:
            joined = datetime.combine(person.joined, time(12), UTC)
            facts |= {"name": person.name, "joined": joined.isoformat()}
            if (self.day - person.joined).days > 60:
                facts["roles"] = [str(seeded_id(_ROLE, self.community.guild.regular_role))]
        return Activity(name, f"discord:{server}", subject_of(self.community, person.number), kind, at, facts)

    def _place(self) -> dict[str, Any]:
        guild = self.community.guild
        assert guild is not None
        weights = [len(guild.talk) - place for place in range(len(guild.talk))]
        (channel,) = self.dice.choices(guild.talk, weights)
        return {
            "channel": str(seeded_id(_CHANNEL, channel)),
            "category": str(seeded_id(_CHANNEL, guild.category)),
        }

    def _traces(self, text: int | None) -> dict[str, Any]:
        """What is kept of a text: its length and four numbers; one text leaves the same ones each time."""
        source = Random(f"text:{text}") if text is not None else self.dice
        words = [crc32(source.randbytes(8)) for _ in range(4)]
        return {"length": source.randrange(8, 240), "shingles": sorted(words)}

    def _id(self, at: int) -> int:
        self.count += 1
        return snowflake_at(at, self.count % 4096)
