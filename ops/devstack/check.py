"""`make run ARGS=--check`: one message and one command through the whole product, and what came of them.

A member writes in the local Discord; the points must stand in the ledger and on the community's web page, and `/profile` must
know them. Everything is looked at from outside: Discord's side, the database, the page.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from . import local_stripe
from .errors import DevstackError
from .ports import LOOPBACK
from .stack import Stack
from .supervisor import Supervisor

PATIENCE = 45.0
Found = TypeVar("Found")


@dataclass(frozen=True)
class Place:
    """Where and as whom the check writes."""

    community: dict[str, str]
    channel: dict[str, Any]
    commands: dict[str, Any]
    member: dict[str, Any]

    @property
    def guild_id(self) -> str:
        return self.community["guild_id"]


async def drive(stack: Stack, supervisor: Supervisor, *, began: float) -> dict[str, object]:
    """Do it, and answer what was seen. Raises DevstackError with what did not come and after how long."""
    if not stack.has_local_discord:
        raise DevstackError(
            "--check writes as members of the local Discord. Unset DISCORD_BOT_TOKEN and run it again."
        )
    started = time.monotonic() - began
    check = _Check(stack)
    place = await asyncio.to_thread(check.choose_place)
    message = await asyncio.to_thread(check.post_message, place)
    sent = time.monotonic()
    entries = await _until(
        lambda: check.find_entries(place, message["id"]), "the message's points in the ledger"
    )
    booked = time.monotonic() - sent
    name = str(entries[0]["display_name"])
    points = str(entries[0]["current"])
    await _until(
        lambda: check.find_on_board(place, name, points),
        f"{name} with {points} points on the web leaderboard",
    )
    shown = time.monotonic() - sent
    command = await _until(
        lambda: check.ask_profile(place, points), f"/profile answering with {points} points"
    )
    ended = await _until(lambda: check.find_on_dashboard_gate(place), "the organiser's page asking to log in")
    stripe = None
    if stack.has_local_stripe:
        stripe = await _until(lambda: local_stripe.look(stack.stripe_url), "the local Stripe's events")
    return {
        "ok": True,
        "seconds": {
            "start": round(started, 1),
            "message_to_ledger": round(booked, 2),
            "message_to_page": round(shown, 2),
        },
        "communities": [
            {key: made[key] for key in ("name", "host", "guild_id")} for made in stack.communities
        ],
        "message": {"id": message["id"], "channel": place.channel["name"], "member": name},
        "ledger": [{"entry": row["id"], "points": row["amount"], "rule": row["rule_id"]} for row in entries],
        "page": {"address": check.page_address(place, "/leaderboard/"), "shows": f"{name}: {points}"},
        "command": command,
        "dashboard": ended,
        "violations": check.count_violations(),
        "stripe": stripe,
        "restarts": supervisor.restarts,
    }


async def _until(look: Callable[[], Found | None], what: str) -> Found:
    """Look again and again until there is something to see."""
    deadline = time.monotonic() + PATIENCE
    problem = ""
    while time.monotonic() < deadline:
        try:
            found = await asyncio.to_thread(look)
            if found:
                return found
        except (OSError, psycopg.Error, ValueError) as error:
            problem = f" The last try ended with: {error}"
        await asyncio.sleep(0.1)
    raise DevstackError(
        f"{what} did not come within {PATIENCE:.0f} s.{problem} The log above says what each process did."
    )


class _Check:
    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def choose_place(self) -> Place:
        """The highest on the board who has not earned for five minutes: a cooldown would hide the next points, and who is further
        down does not stand on the first page."""
        community = self._stack.communities[0]
        state = self._sandbox("GET", "state")
        guild = next(guild for guild in state["guilds"] if guild["id"] == community["guild_id"])
        people = {user["id"]: user for user in state["users"]}
        channels = [channel for channel in guild["channels"] if channel["type"] == 0]
        busy = self._earned_lately(community["schema"])
        members = [
            people[member["user_id"]]
            for member in guild["members"]
            if not people[member["user_id"]].get("bot") and member["user_id"] not in busy
        ]
        if not members:
            raise DevstackError(
                "Every member of the first community earned within the last minutes. Try again in five."
            )
        points = self._points(community["schema"])
        return Place(
            community=community,
            channel=next(channel for channel in channels if channel["name"] == "general"),
            commands=next(
                (channel for channel in channels if channel["name"] == "bot-commands"), channels[0]
            ),
            member=max(members, key=lambda one: points.get(one["id"], 0)),
        )

    def post_message(self, place: Place) -> dict[str, Any]:
        body = {"guild": place.guild_id, "channel": place.channel["id"], "member": place.member["id"]}
        message: dict[str, Any] = self._sandbox("POST", "messages", body | {"text": "Does this earn points?"})
        return message

    def find_entries(self, place: Place, message_id: str) -> list[dict[str, Any]]:
        return self._rows(
            place.community["schema"],
            "SELECT e.id, e.amount, e.rule_id, m.display_name, b.lifetime AS current FROM {0}.activity a "
            "JOIN {0}.ledger_entry e ON e.cause_kind = 1 AND e.cause_id = a.id JOIN {0}.member m ON m.id = e.member_id "
            "JOIN {0}.ledger_balance b ON b.member_id = e.member_id AND b.currency = 0 WHERE a.source_id = %s ORDER BY e.id",
            [f"discord:message:{message_id}"],
        )

    def find_on_board(self, place: Place, name: str, points: str) -> bool:
        page = self._page(place, "/leaderboard/")
        text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
        grouped = f"{int(points):,}"
        return name in text and (points in text or grouped in text)

    def find_on_dashboard_gate(self, place: Place) -> str | None:
        """The organiser's pages are for organisers: a visitor is sent to log in."""
        try:
            self._open(place, "/dashboard/")
        except urllib.error.HTTPError as error:
            if error.code in {301, 302, 303, 307}:
                return f"{error.code} to {error.headers['Location']}"
            raise
        return None

    def ask_profile(self, place: Place, points: str) -> dict[str, Any] | None:
        body = {"guild": place.guild_id, "channel": place.commands["id"], "member": place.member["id"]}
        record = self._sandbox("POST", "commands", body | {"name": "profile"})
        said = json.dumps(record.get("replies", []), ensure_ascii=False)
        if record.get("failure") or not (points in said or f"{int(points):,}" in said):
            raise ValueError(f"/profile answered {record.get('failure') or said[:300]}")
        return {
            "name": "/profile",
            "answered_after_ms": record.get("answered_after_ms"),
            "says": _words(record),
        }

    def count_violations(self) -> int:
        """REST calls of the bot or the worker that real Discord would have refused."""
        return len(self._sandbox("GET", "violations"))

    def page_address(self, place: Place, path: str) -> str:
        return f"http://{place.community['host']}:{self._stack.ports.web}{path}"

    def _earned_lately(self, schema: str) -> set[str]:
        rows = self._rows(
            schema,
            "SELECT DISTINCT i.external_id FROM {0}.identity i JOIN {0}.activity a ON a.member_id = i.member_id "
            "WHERE i.provider = 'discord' AND a.arrived_at > now() - interval '5 minutes'",
            [],
        )
        return {str(row["external_id"]) for row in rows}

    def _points(self, schema: str) -> dict[str, int]:
        rows = self._rows(
            schema,
            "SELECT i.external_id, b.lifetime FROM {0}.identity i JOIN {0}.ledger_balance b ON b.member_id = i.member_id AND b.currency = 0 "
            "WHERE i.provider = 'discord'",
            [],
        )
        return {str(row["external_id"]): row["lifetime"] for row in rows}

    def _rows(self, schema: str, query: str, values: list[object]) -> list[dict[str, Any]]:
        with (
            psycopg.connect(self._stack.servers.database_url, row_factory=dict_row) as connection,
            connection.cursor() as cursor,
        ):
            statement = sql.SQL(query).format(sql.Identifier(schema))
            return cursor.execute(statement, values).fetchall()

    def _page(self, place: Place, path: str) -> str:
        with self._open(place, path) as answer:
            return str(answer.read().decode())

    def _open(self, place: Place, path: str) -> Any:
        # By address, with the community's host name in the header: not every resolver knows *.localhost.
        request = urllib.request.Request(
            f"http://{LOOPBACK}:{self._stack.ports.web}{path}",
            headers={"Host": f"{place.community['host']}:{self._stack.ports.web}"},
        )
        return _opener.open(request, timeout=10)

    def _sandbox(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"{self._stack.discord_url}/sandbox/{path}",
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise ValueError(
                f"the local Discord answered {error.code}: {error.read().decode()[:300]}"
            ) from error


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """A redirect is an answer here."""


_opener = urllib.request.build_opener(_NoRedirects, urllib.request.ProxyHandler({}))


def _words(record: dict[str, Any]) -> str:
    """What a person would read of the reply."""
    parts: list[str] = []
    for reply in record.get("replies", []):
        parts.append(reply.get("content") or "")
        for embed in reply.get("embeds", []):
            parts += [embed.get("title") or "", embed.get("description") or ""]
            parts += [f"{field['name']}: {field['value']}" for field in embed.get("fields", [])]
    return " · ".join(part for part in parts if part)[:400]
