"""A member's card under an answer: the facts in words, the avatar fetched, the picture drawn aside from the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import discord
import structlog

from engagement.analytics.selectors import Profile
from engagement.members.models import Visibility
from tenants.flags import is_on

from .answers import Answer, plain
from .card import CardFacts, draw_card
from .questions import Ask

log = structlog.get_logger(__name__)

AVATAR_SECONDS = 0.8


# One thread: drawing holds the interpreter, and hearing must not wait for several pictures at once.
_EASEL = ThreadPoolExecutor(1, thread_name_prefix="card")


async def illustrate(
    ask: Ask, answer: Answer, profile: Profile, days: Sequence[int], user: discord.User | discord.Member
) -> bool:
    """Put the card under the answer; False where something was in its way, the flag drawn_cards among it. The fields are left to the
    caller."""
    if not is_on("drawn_cards", ask.context):
        return False
    facts = _facts(ask, profile, days)
    avatar = None if profile.visibility == Visibility.ALIAS else await _fetch_avatar(user)
    try:
        png = await asyncio.get_running_loop().run_in_executor(_EASEL, draw_card, facts, avatar)
    except Exception:
        log.exception("card_not_drawn", tenant=ask.context.slug)
        return False
    alt = ". ".join(f"{name}: {spoken(value)}" for name, value in answer.fields)
    answer.image = (png, f"{profile.name}. {alt}. {facts.days_text}: {', '.join(map(str, days))}")
    return True


def _facts(ask: Ask, profile: Profile, days: Sequence[int]) -> CardFacts:
    ranked = profile.rank is not None
    return CardFacts(
        name=profile.name,
        level=ask.say("card_level", level=profile.level),
        percent=profile.progress_percent,
        next_text=next_text(ask, profile),
        points=ask.number(profile.current),
        points_text=ask.say("card_points", week=ask.number(profile.week_points)),
        rank=ask.say("card_rank", rank=ask.number(profile.rank or 0)) if ranked else "–",
        rank_text=ask.say("card_of", total=ask.number(profile.total_ranked))
        if ranked
        else rank_text(ask, profile),
        days=days,
        days_text=ask.say("card_days", days=len(days)),
        colour=ask.context.colour,
    )


async def _fetch_avatar(user: discord.User | discord.Member) -> bytes | None:
    """Small, and only if the CDN is quick: the card has an initial to show instead."""
    try:
        picture = user.display_avatar.with_size(256).with_static_format("png")
        return await asyncio.wait_for(picture.read(), AVATAR_SECONDS)
    except (TimeoutError, OSError, ValueError, aiohttp.ClientError, discord.DiscordException):
        return None


def next_text(ask: Ask, profile: Profile) -> str:
    missing = profile.to_next_level
    if missing is None:
        return ask.say("profile_top")
    return ask.say("profile_next", missing=ask.number(missing), next=profile.level + 1)


def level_text(ask: Ask, profile: Profile) -> str:
    """The level with its name, the way to the next one as a bar, and what is missing."""
    filled = profile.progress_percent // 10
    bar = "▰" * filled + "▱" * (10 - filled)
    title = f" · {plain(profile.level_name)}" if profile.level_name else ""
    return f"{profile.level}{title}\n{bar}\n{next_text(ask, profile)}"


def rank_text(ask: Ask, profile: Profile) -> str:
    if profile.rank is not None:
        return ask.say("profile_rank", rank=ask.number(profile.rank), total=ask.number(profile.total_ranked))
    if profile.departed:
        return ask.say("profile_left")
    return ask.say("profile_unranked" if profile.visibility == Visibility.HIDDEN else "profile_no_rank")


def side_notes(ask: Ask, profile: Profile) -> str:
    """That somebody has left, or owes points; empty for everybody else."""
    notes = []
    if profile.departed:
        notes.append(ask.say("profile_departed", name=plain(profile.name)))
    if profile.debt:
        notes.append(ask.say("profile_debt", debt=ask.count(profile.debt)))
    return "\n".join(notes)


def spoken(value: str) -> str:
    """A field as one reads it aloud: on one line, without the bar."""
    return ", ".join(line for line in value.split("\n") if line.strip("▰▱"))
