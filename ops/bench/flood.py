"""A gateway that only floods: the load of the `shard`, `commands` and `memory` benchmarks.

It speaks as much of gateway v10 and REST v10 as a client needs to start, then sends what it is told:

    POST /flood  {"messages": 20000, "rate": 0}          all shards together; rate 0 is as fast as the socket takes them
    POST /ask    {"data": {…INTERACTION_CREATE…}}        sends one interaction to every connection
    GET  /state  how much has been sent, and when each interaction was answered (milliseconds after it was sent)

Messages are 1.2 kB of JSON, compressed as one zstd stream a connection. Run it as a process of its own, so that its
cost is not counted: `python -m ops.bench.flood --guilds 20` prints its address.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from typing import Any

import orjson
import zstandard
from aiohttp import WSMsgType, web

BOT_ID = "1000000000000000001"
FIRST_GUILD = 2_000_000_000_000_000_000
EPOCH_MS = 1_420_070_400_000
LOREM = (
    "the quick brown fox jumps over the lazy dog and says hello to everybody in this channel " * 2
    + "and goodbye to the rest"
)


def snowflake(number: int) -> str:
    return str((int(time.time() * 1000) - EPOCH_MS << 22) | (number & 0x3FFFFF))


def guild_payload(guild_id: int, *, channels: int = 40, roles: int = 25) -> dict[str, Any]:
    """A guild of the size that communities have."""
    base = guild_id + 1
    return {
        "id": str(guild_id), "name": f"Guild {guild_id % 100_000}", "owner_id": "3000000000000000001", "member_count": 5000,
        "afk_channel_id": None, "afk_timeout": 300, "preferred_locale": "en-US", "features": ["COMMUNITY"], "icon": "a" * 32,
        "verification_level": 1, "default_message_notifications": 1, "explicit_content_filter": 2, "mfa_level": 0,
        "nsfw_level": 0, "premium_tier": 2, "premium_subscription_count": 9, "system_channel_flags": 0, "unavailable": False,
        "large": True, "joined_at": "2024-01-01T00:00:00+00:00", "emojis": [], "stickers": [], "voice_states": [],
        "presences": [], "threads": [], "stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": [],
        "members": [
            {"user": {"id": BOT_ID, "username": "engagehub", "discriminator": "0", "avatar": None, "bot": True},
             "roles": [], "joined_at": "2024-01-01T00:00:00+00:00", "deaf": False, "mute": False, "flags": 0}
        ],
        "roles": [
            {"id": str(base + 500 + n), "name": f"role {n}", "color": n * 1000, "colors": {"primary_color": n * 1000, "secondary_color": None, "tertiary_color": None},
             "hoist": False, "position": n, "permissions": "2248473465835073", "managed": False, "mentionable": False, "flags": 0}
            for n in range(roles)
        ],
        "channels": [
            {"id": str(base + n), "type": 4 if n % 8 == 0 else 0, "name": f"channel-{n}", "position": n, "nsfw": False,
             "parent_id": None if n % 8 == 0 else str(base + n - n % 8), "topic": "What this channel is about, in a sentence.",
             "rate_limit_per_user": 0, "flags": 0, "last_message_id": None,
             "permission_overwrites": [{"id": str(guild_id), "type": 0, "allow": "0", "deny": "2048"}]}
            for n in range(channels)
        ],
    }  # fmt: skip


def message_payload(number: int, guild_id: int) -> dict[str, Any]:
    """About 1.2 kB, from one of 500 people."""
    author = str(4_000_000_000_000_000_000 + number % 500)
    return {
        "id": snowflake(number), "type": 0, "channel_id": str(guild_id + 2), "guild_id": str(guild_id),
        "content": f"{number} {LOREM}", "timestamp": "2026-11-21T05:31:37.000000+00:00", "edited_timestamp": None,
        "tts": False, "mention_everyone": False, "mentions": [], "mention_roles": [], "attachments": [], "embeds": [],
        "pinned": False, "flags": 0, "components": [], "nonce": snowflake(number), "channel_type": 0,
        "author": {
            "id": author, "username": f"person{number % 500}", "global_name": f"Person {number % 500}", "discriminator": "0",
            "avatar": "c2a1f0e4d3b5968778695a4b3c2d1e0f", "public_flags": 64, "clan": None, "primary_guild": None,
            "avatar_decoration_data": None, "collectibles": None, "display_name_styles": None,
        },
        "member": {
            "roles": [str(guild_id + 501 + number % 20), str(guild_id + 510), str(guild_id + 511)], "nick": None, "avatar": None,
            "premium_since": None, "joined_at": "2025-03-04T05:06:07.000000+00:00", "pending": False, "deaf": False,
            "mute": False, "flags": 0, "communication_disabled_until": None, "banner": None,
        },
    }  # fmt: skip


def answer(data: Any) -> web.Response:
    """discord.py reads JSON only where the content type has no charset."""
    return web.Response(body=orjson.dumps(data), headers={"Content-Type": "application/json"})


class Connection:
    """One shard's socket."""

    def __init__(self, socket: web.WebSocketResponse, *, compressed: bool) -> None:
        self.socket = socket
        self._compressor = zstandard.ZstdCompressor(level=3).compressobj() if compressed else None
        self.sequence = 0
        self.shard = [0, 1]

    async def send(self, payload: dict[str, Any]) -> None:
        data = orjson.dumps(payload)
        if self._compressor is None:
            await self.socket.send_str(data.decode())
        else:
            packed = self._compressor.compress(data) + self._compressor.flush(
                zstandard.COMPRESSOBJ_FLUSH_BLOCK
            )
            await self.socket.send_bytes(packed)

    async def dispatch(self, name: str, data: dict[str, Any]) -> None:
        self.sequence += 1
        await self.send({"op": 0, "s": self.sequence, "t": name, "d": data})


class Flood:
    """The server's state."""

    def __init__(self, guild_ids: list[int]) -> None:
        self.guild_ids = guild_ids
        self.connections: list[Connection] = []
        self.sent = 0
        self.asked: dict[str, float] = {}
        self.answers: list[dict[str, Any]] = []
        self.address = ""
        self.tasks: set[asyncio.Task[None]] = set()

    def guilds_of(self, connection: Connection) -> list[int]:
        shard, count = connection.shard
        return [guild_id for guild_id in self.guild_ids if (guild_id >> 22) % count == shard]

    async def gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=0, compress=False)
        await socket.prepare(request)
        connection = Connection(socket, compressed="compress" in request.query)
        await connection.send({"op": 10, "s": None, "t": None, "d": {"heartbeat_interval": 41_250}})
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            await self.hear(connection, orjson.loads(message.data))
        if connection in self.connections:
            self.connections.remove(connection)
        return socket

    async def hear(self, connection: Connection, payload: dict[str, Any]) -> None:
        if payload["op"] == 1:
            await connection.send({"op": 11, "s": None, "t": None, "d": None})
        elif payload["op"] == 2:
            connection.shard = payload["d"].get("shard", [0, 1])
            guilds = self.guilds_of(connection)
            ready = {
                "v": 10, "session_id": f"session-{connection.shard[0]}", "shard": connection.shard,
                "resume_gateway_url": self.address.replace("http", "ws") + "/gateway", "session_type": "normal",
                "user": {"id": BOT_ID, "username": "engagehub", "discriminator": "0", "avatar": None, "bot": True},
                "guilds": [{"id": str(guild_id), "unavailable": True} for guild_id in guilds],
                "application": {"id": BOT_ID, "flags": 0},
            }  # fmt: skip
            await connection.dispatch("READY", ready)
            for guild_id in guilds:
                await connection.dispatch("GUILD_CREATE", guild_payload(guild_id))
            self.connections.append(connection)
        elif payload["op"] == 6:
            await connection.send({"op": 9, "s": None, "t": None, "d": False})

    async def flood(self, request: web.Request) -> web.Response:
        order = await request.json()
        for connection in self.connections:
            task = asyncio.create_task(self.pour(connection, order["messages"], order["rate"]))
            self.tasks.add(task)
        return answer({"connections": len(self.connections)})

    async def pour(self, connection: Connection, messages: int, rate: int) -> None:
        guilds = self.guilds_of(connection)
        began = time.monotonic()
        for number in range(messages):
            await connection.dispatch("MESSAGE_CREATE", message_payload(number, guilds[number % len(guilds)]))
            self.sent += 1
            if rate and number % 10 == 9:
                await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))

    async def ask(self, request: web.Request) -> web.Response:
        order = await request.json()
        for connection in self.connections:
            self.asked[order["data"]["id"]] = time.monotonic()
            await connection.dispatch("INTERACTION_CREATE", order["data"])
        return answer({})

    async def callback(self, request: web.Request) -> web.Response:
        now = time.monotonic()
        body = await request.read()
        interaction_id = request.match_info["id"]
        self.answers.append(
            {
                "id": interaction_id,
                "ms": (now - self.asked[interaction_id]) * 1000,
                "body": body.decode(errors="replace")[:500],
            }
        )
        return answer(
            {"interaction": {"id": interaction_id, "type": 2, "response_message_id": snowflake(1), "response_message_loading": False, "response_message_ephemeral": True}}
        )  # fmt: skip

    async def guilds(self, request: web.Request) -> web.Response:
        return answer(self.guild_ids)

    async def state(self, request: web.Request) -> web.Response:
        return answer(
            {
                "sent": self.sent,
                "connections": len(self.connections),
                "answers": self.answers,
                "asked": len(self.asked),
            }
        )

    # --- the little REST that a client starts with

    async def bot_gateway(self, request: web.Request) -> web.Response:
        limits = {"total": 1000, "remaining": 1000, "reset_after": 86_400_000, "max_concurrency": 16}
        return answer(
            {
                "url": self.address.replace("http", "ws") + "/gateway",
                "shards": 1,
                "session_start_limit": limits,
            }
        )

    async def me(self, request: web.Request) -> web.Response:
        return answer(
            {"id": BOT_ID, "username": "engagehub", "discriminator": "0", "avatar": None, "bot": True}
        )

    async def application(self, request: web.Request) -> web.Response:
        return answer(
            {"id": BOT_ID, "name": "EngageHub", "icon": None, "description": "", "bot_public": True, "flags": 0,
             "bot_require_code_grant": False, "verify_key": "0" * 64, "summary": "",
             "owner": {"id": "1", "username": "owner", "discriminator": "0", "avatar": None}, "team": None}
        )  # fmt: skip

    async def message(self, request: web.Request) -> web.Response:
        return answer({"id": snowflake(2), "channel_id": "1", "content": "", "type": 0,
            "author": {"id": BOT_ID, "username": "engagehub", "discriminator": "0", "avatar": None, "bot": True},
            "embeds": [], "attachments": [], "mentions": [], "mention_roles": [], "pinned": False, "tts": False,
            "mention_everyone": False, "timestamp": "2026-11-21T05:31:37+00:00", "edited_timestamp": None, "flags": 0, "components": []})  # fmt: skip


async def serve(guild_ids: list[int]) -> None:
    flood = Flood(guild_ids)
    app = web.Application()
    app.add_routes(
        [
            web.get("/gateway/", flood.gateway), web.get("/gateway", flood.gateway), web.get("/gateway/bot", flood.bot_gateway),
            web.get("/users/@me", flood.me), web.get("/oauth2/applications/@me", flood.application),
            web.get("/applications/@me", flood.application),
            web.post("/interactions/{id}/{token}/callback", flood.callback),
            web.patch("/webhooks/{app}/{token}/messages/@original", flood.message),
            web.post("/webhooks/{app}/{token}", flood.message),
            web.get("/guilds", flood.guilds), web.post("/flood", flood.flood), web.post("/ask", flood.ask), web.get("/state", flood.state),
        ]
    )  # fmt: skip
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    flood.address = f"http://127.0.0.1:{port}"
    print(flood.address, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--guilds", type=int, default=20)
    parser.add_argument("--ids", default="", help="guild ids, instead of made-up ones")
    arguments = parser.parse_args()
    chosen = [int(word) for word in arguments.ids.split(",") if word]
    asyncio.run(serve(chosen or [FIRST_GUILD + (number << 22) for number in range(arguments.guilds)]))
