"""A question to the bot: who asks, in which language, in which community's words, and how its work is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import discord

from saas.core.counts import write_count
from tenants.context import TenantContext

from .calls import Calls
from .words import choose_language, local_digits, number, say, signed

P = ParamSpec("P")
T = TypeVar("T")

OWN_COLOUR = "#4f46e5"  # where no community has one
DEFAULT_POINTS = "points"  # what a community that chose no word of its own has

Interaction = discord.Interaction[discord.Client]


class Question:
    """One interaction that is being answered: who asks, in which language, and how far the answer is."""

    colour = OWN_COLOUR

    def __init__(
        self, interaction: Interaction, calls: Calls, language: str, *, updates: bool = False
    ) -> None:
        self.interaction = interaction
        self.language = language
        self.user_id = str(interaction.user.id)
        self.updates = updates  # a button: the answer takes the place of its message
        self.acknowledged = False
        self.acknowledged_privately = False
        self._calls = calls


class Guest(Question):
    """Somebody in a server that belongs to no community, or in direct messages."""

    def say(self, key: str, **values: object) -> str:
        return say(self.language, key, **values)

    async def do(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """One unit of work that belongs to no community."""
        return await self._calls.in_public(work, *args, **kwargs)


class Ask(Question):
    """One question to a community."""

    def __init__(
        self, interaction: Interaction, context: TenantContext, calls: Calls, *, updates: bool
    ) -> None:
        language = choose_language(
            str(interaction.locale), str(interaction.guild_locale or ""), context.locale
        )
        super().__init__(interaction, calls, language, updates=updates)
        self.context = context
        self.colour = context.colour

    @property
    def key(self) -> str:
        """The idempotency key of the write that this question causes."""
        return f"discord:{self.interaction.id}"

    def say(self, key: str, **values: object) -> str:
        return say(self.language, key, points=self.points, **values)

    @property
    def points(self) -> str:
        """The community's own word; where it chose none, the language's."""
        own = self.context.points_name
        return say(self.language, "points_word") if own == DEFAULT_POINTS else own

    def count(self, amount: int) -> str:
        """`1 point`, `25 points`, in the community's own word."""
        if self.context.points_name == DEFAULT_POINTS:
            key = "point_one" if abs(amount) == 1 else "point_many"
            return say(self.language, key, count=self.number(amount))
        figure, _, unit = write_count(amount, self.context.points_name).partition(" ")
        return f"{local_digits(self.language, figure)} {unit}"

    def number(self, value: int) -> str:
        return number(self.language, value)

    def signed(self, value: int) -> str:
        return signed(self.language, value)

    def many(self, key: str, count: int) -> str:
        """`1 member`, `1,284 members`: the sentences `key`_one and `key`_many."""
        return self.say(f"{key}_one" if count == 1 else f"{key}_many", count=self.number(count))

    async def do(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """One unit of work inside the community."""
        return await self._calls.in_tenant(self.context, work, *args, **kwargs)
