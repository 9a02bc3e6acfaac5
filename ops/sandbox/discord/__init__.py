"""The local Discord: gateway v10 and REST v10 over loopback sockets, for the unmodified discord.py.

Purpose: everything that EngageHub does on Discord can be run, looked at and tested without an account.
Invariant: a client sees the real protocol only; whatever a person, a test or a bench does to this world goes through
`control` (in Python) or `/sandbox/...` (over HTTP). The package needs neither Django nor a database.

    state/     what exists: guilds, channels, members, roles, messages, voice; every change emits a happening
    gateway/   sessions that turn happenings into sequenced dispatches, and replay them on RESUME
    rest/      the HTTP routes with permissions, limits and the check against Discord's OpenAPI document
    control/   the hand of the tester: post, press, join, break
    page/      a page that looks like a chat
"""

from __future__ import annotations

from .config import Config
from .server import LocalDiscord, LocalDiscordThread

__all__ = ["Config", "LocalDiscord", "LocalDiscordThread"]
