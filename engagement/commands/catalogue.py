"""The bot's commands as an organiser sets them up: each by its name, with what it does. A test holds it against the bot's own table.

A group (`points`) stands for all its commands that have no row of their own. `/setup` answers everywhere, so that a channel that is
gone locks nobody out, and does not stand here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

COMMANDS: Final[Mapping[str, str]] = {
    "profile": "level, points and rank of a member, as a card",
    "stats": "the figures of a member's page",
    "compare": "oneself and another member, side by side",
    "rank": "the own rank, with the neighbours",
    "levels": "what the levels cost and bring",
    "community": "what the community is, and where its pages are",
    "dashboard": "the way to the dashboard, for the team",
    "leaderboard": "who is ahead, with the own line under it",
    "history": "the own entries, each with its reason",
    "why": "what a message earned, and by which rule",
    "earn": "the ways to earn",
    "help": "what the bot can do",
    "shop": "what there is for points",
    "redeem": "take something from the shop",
    "redemptions": "what one redeemed, and how far it is",
    "request": "ask the team for credits",
    "requests": "the credits one asked for, and what became of it",
    "credits": "all of /credits",
    "credits balance": "how many credits one has",
    "credits approve": "grant a request, for who decides on credits",
    "credits reject": "refuse a request, for who decides on credits",
    "credits grant": "give credits, for who manages the server",
    "credits revoke": "take credits, for who manages the server",
    "support": "what to support with money, and how one's own stands",
    "submit": "hand something in",
    "submissions": "what one handed in, and how far it is",
    "claim": "take over what was registered by hand, with its code",
    "privacy": "all of /privacy",
    "privacy show": "be shown by name",
    "privacy alias": "be shown under an alias",
    "privacy hide": "not be shown at all",
    "points": "all of /points, for moderators",
    "points give": "give points by hand",
    "points take": "take points by hand",
    "boost": "all of /boost, for who manages the server",
    "boost start": "start a boost for some hours",
    "boost stop": "stop a boost",
    "boost list": "what runs and is planned, and the hours left",
    "member": "all of /member, for moderators",
    "member info": "what the team knows of a member, in short",
}
