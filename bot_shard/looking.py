"""Looking at a member through the bot: who may be shown to whom, and what is said where nobody can be.

Somebody under an alias is shown to nobody else either when asked for by their Discord name: that would tell who is behind
the alias.
"""

from __future__ import annotations

from dataclasses import dataclass

import discord

from engagement.members.models import Member, Visibility
from engagement.progression.services import ensure_member

from .answers import Answer
from .cog import PROVIDER, member_of, name_of
from .questions import Ask


@dataclass(frozen=True)
class Person:
    """A Discord user as the interaction names them."""

    user_id: int
    name: str
    avatar_url: str

    @classmethod
    def of(cls, user: discord.User | discord.Member) -> Person:
        return cls(user.id, user.display_name, user.display_avatar.url)


@dataclass(frozen=True)
class Look:
    """`member` is None for who was never seen here, for who does not want to be shown, and for who waits for room."""

    member: Member | None
    is_hidden: bool = False
    waits: bool = False


def look_at(person: Person, *, own: bool) -> Look:
    """Inside the community. Whom only an activity without a name told of is named on this occasion."""
    member = member_of(person.user_id)
    if member is None:
        return Look(None)
    if member.visibility != Visibility.VISIBLE and not own:
        return Look(None, is_hidden=True)
    if member.waiting_since is not None:
        return Look(None, waits=True)
    ensure_member(
        provider=PROVIDER,
        external_id=str(person.user_id),
        display_name=person.name,
        avatar_url=person.avatar_url,
    )
    return Look(member)


def is_waiting(user_id: int) -> bool:
    """Inside the community: whether they are here, and nothing of theirs counts yet for want of room."""
    member = member_of(user_id)
    return member is not None and member.waiting_since is not None


def say_nothing_yet(ask: Ask, *, waits: bool) -> Answer:
    """To somebody without points. Why there is no room is the team's business, so members hear nothing of plans."""
    if waits:
        return Answer(ask.say("waits"), hint=ask.say("waits_hint"), private=True)
    return Answer(ask.say("nobody_yet"), hint=ask.say("nobody_yet_hint"))


def refuse_look(
    ask: Ask, user: discord.User | discord.Member, *, is_hidden: bool, waits: bool = False
) -> Answer:
    """What is said instead of figures that are not there or not for this reader."""
    if is_hidden:
        return Answer(ask.say("is_hidden", name=name_of(user)))
    if user.id == ask.interaction.user.id:
        return say_nothing_yet(ask, waits=waits)
    return Answer(ask.say("other_nobody_yet", name=name_of(user)))
