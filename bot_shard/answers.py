"""How a reply looks: one embed in the tenant's colour, the answer in its first line, at most three fields, at most one
row of buttons, a hint in the footer. Personal and error replies are for one pair of eyes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import discord

from saas.core.errors import EngageHubError

from .relaying import relay
from .words import say

VERSION = "eh1"  # of the buttons' and forms' ids; an older one is answered kindly
MAX_FIELDS = 3
MAX_CHOICES = 25  # of a menu, and of what is offered while somebody types
MAX_LABEL = 100
WARNING_COLOUR = 0xB35309
_MARKDOWN = str.maketrans({sign: f"\\{sign}" for sign in "*_~`|>#[]()-@<"})


def plain(name: str) -> str:
    """A name that members chose, without a meaning in Discord's markup."""
    return name.translate(_MARKDOWN).replace("\n", " ")


def custom_id(*parts: object) -> str:
    """The id of a button or form. It carries all that is needed, so that it works after any restart."""
    return ":".join([VERSION, *map(str, parts)])


@dataclass(slots=True)
class Button:
    """`url` makes it a link instead, which no id answers."""

    label: str
    custom_id: str = ""
    style: discord.ButtonStyle = discord.ButtonStyle.secondary
    disabled: bool = False
    url: str = ""


@dataclass(slots=True)
class Choice:
    """One line of a menu. `value` is what its cog is told."""

    label: str
    value: str
    note: str = ""


@dataclass(slots=True)
class Menu:
    """One of several to be chosen, in a row of its own above the buttons. Discord shows 25 choices at most."""

    custom_id: str
    placeholder: str
    choices: Sequence[Choice]


@dataclass(slots=True)
class Answer:
    """What a command found out; how it is delivered is the desk's matter."""

    title: str
    text: str = ""
    fields: Sequence[tuple[str, str]] = field(default_factory=tuple)
    hint: str = ""
    buttons: Sequence[Button] = field(default_factory=tuple)
    menu: Menu | None = None
    image: tuple[bytes, str] | None = None  # PNG and its alt text
    private: bool = True
    colour: int | None = None

    @property
    def is_warning(self) -> bool:
        return self.colour == WARNING_COLOUR

    def as_message(self, colour: str) -> dict[str, Any]:
        """Keyword arguments of discord.py's send and edit calls, without `ephemeral`."""
        embed = discord.Embed(
            title=self.title[:256] or None,
            description=self.text[:4096] or None,
            colour=self.colour if self.colour is not None else int(colour.lstrip("#"), 16),
        )
        for name, value in self.fields[:MAX_FIELDS]:
            embed.add_field(name=name[:256], value=value[:1024] or "–")
        if self.hint:
            embed.set_footer(text=self.hint[:2048])
        message: dict[str, Any] = {"embed": embed}
        if self.image is not None:
            message["file"] = _picture(*self.image)
            embed.set_image(url="attachment://card.png")
        if self.buttons or self.menu:
            message["view"] = _rows(self.menu, self.buttons)
        return message


def _picture(png: bytes, alt: str) -> discord.File:
    from io import BytesIO

    return discord.File(BytesIO(png), filename="card.png", description=alt[:1024])


def _rows(menu: Menu | None, buttons: Sequence[Button]) -> discord.ui.View:
    """Finished at once: discord.py must not remember it, for the desk answers what is in it by its ids."""
    view = discord.ui.View(timeout=None)
    if menu is not None and menu.choices:
        options = [
            discord.SelectOption(
                label=one.label[:MAX_LABEL], value=one.value, description=one.note[:MAX_LABEL] or None
            )
            for one in menu.choices[:MAX_CHOICES]
        ]
        view.add_item(
            discord.ui.Select(
                custom_id=menu.custom_id, placeholder=menu.placeholder[:150], options=options, row=0
            )
        )
    for button in buttons:
        if button.url:
            view.add_item(discord.ui.Button(label=button.label, url=button.url))
            continue
        view.add_item(
            discord.ui.Button(
                label=button.label, custom_id=button.custom_id, style=button.style, disabled=button.disabled
            )
        )
    view.stop()
    return view


def error_answer(error: EngageHubError, language: str) -> Answer:
    """What happened, why and what to do, as the error says it, in the reader's language where we know it, with a reference to quote."""
    return Answer(
        title="",
        text=relay(language, error.message),
        hint=say(language, "reference", reference=error.reference),
        colour=WARNING_COLOUR,
    )
