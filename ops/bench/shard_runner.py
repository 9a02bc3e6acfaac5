"""One contender of the `shard` benchmark in a process of its own: gateway socket → stream.

    product    the bot's own message path
    discordpy  discord.py as it comes: on_message, then redis-py's pipeline
    bare       a socket, zstd, orjson and pipelined XADD by hand, and nothing else

Prints one JSON object: the processor time of this process a message, from the first message to the last acknowledged.
`bare` and `discordpy` share no code with the product.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import time
from collections import deque
from typing import Any

import aiohttp
import orjson
import redis.asyncio

PARTITIONS = 8
BATCH = 500


async def flood(api: str, messages: int, rate: int) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{api}/flood", json={"messages": messages, "rate": rate}) as answer,
    ):
        await answer.read()


async def appended(stream_url: str) -> int:
    async with redis.asyncio.Redis.from_url(stream_url) as client:
        return sum([await client.xlen(f"activities:{n}") for n in range(PARTITIONS)])


async def measure(api: str, stream_url: str, messages: int, warm: int) -> dict[str, float]:
    """Warm up, then time: looks at the stream seldom, so that looking costs nothing."""
    await flood(api, warm, 0)
    while await appended(stream_url) < warm:
        await asyncio.sleep(0.2)
    began, cpu = time.perf_counter(), time.process_time()
    await flood(api, messages, 0)
    while await appended(stream_url) < warm + messages:
        await asyncio.sleep(0.2)
    cpu = time.process_time() - cpu
    return {"us_a_message": cpu / messages * 1e6, "wall_s": time.perf_counter() - began}


async def product(api: str, stream_url: str, messages: int, warm: int) -> dict[str, float]:
    from bot_shard.gateway import GatewayClient
    from bot_shard.process import BotOptions, BotProcess

    state = await read_state(api)

    class Everything:
        def linked_guilds(self) -> frozenset[int]:
            return state

    options = BotOptions(
        token="bench", api_url=api, stream_url=stream_url, cache_url=stream_url, partitions=PARTITIONS,
        shard_ids=(0,), shard_count=1,
    )  # fmt: skip
    process = BotProcess(options, Everything(), client=GatewayClient)
    stop = asyncio.Event()
    task = asyncio.create_task(process.run(stop))
    while not process.ready and not task.done():
        await asyncio.sleep(0.05)
    await asyncio.sleep(1.0)
    result = await measure(api, stream_url, messages, warm)
    stop.set()
    await task
    return result


async def read_state(api: str) -> frozenset[int]:
    async with aiohttp.ClientSession() as http, http.get(f"{api}/guilds") as answer:
        return frozenset(await answer.json())


async def discordpy(api: str, stream_url: str, messages: int, warm: int) -> dict[str, float]:
    import discord

    discord.http.Route.BASE = api
    client = discord.AutoShardedClient(intents=discord.Intents.default(), guild_ready_timeout=0.2)
    waiting: deque[tuple[str, bytes]] = deque()
    ready = asyncio.Event()

    @client.event
    async def on_ready() -> None:
        ready.set()

    @client.event
    async def on_message(message: discord.Message) -> None:
        if message.author.bot or message.guild is None:
            return
        activity = {
            "id": f"discord:message:{message.id}", "src": f"discord:{message.guild.id}",
            "sub": f"discord:{message.author.id}", "at": int(message.created_at.timestamp() * 1000),
            "attr": {"channel": str(message.channel.id), "name": message.author.display_name},
        }  # fmt: skip
        waiting.append((f"activities:{message.guild.id % PARTITIONS}", orjson.dumps(activity)))

    async def write() -> None:
        connection = redis.asyncio.Redis.from_url(stream_url)
        while True:
            if not waiting:
                await asyncio.sleep(0.005)
                continue
            async with connection.pipeline(transaction=False) as pipeline:
                for _ in range(min(BATCH, len(waiting))):
                    key, data = waiting.popleft()
                    pipeline.xadd(key, {"a": data})
                await pipeline.execute()

    tasks = [asyncio.create_task(write())]
    async with client:
        tasks.append(asyncio.create_task(client.start("bench")))
        await ready.wait()
        result = await measure(api, stream_url, messages, warm)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return result


async def bare(api: str, stream_url: str, messages: int, warm: int) -> dict[str, float]:
    import hiredis
    import zstandard
    from redis.asyncio.connection import parse_url

    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    place: dict[str, Any] = dict(parse_url(stream_url))
    if place.get("path"):
        reader, writer = await asyncio.open_unix_connection(place["path"])
    else:
        reader, writer = await asyncio.open_connection(
            place.get("host", "127.0.0.1"), place.get("port", 6379)
        )
    writer.write(hiredis.pack_command(("SELECT", place.get("db", 0))))  # type: ignore[arg-type]
    await reader.readline()
    waiting: list[bytes] = []
    filled = asyncio.Event()
    ready = asyncio.Event()

    async def write() -> None:
        replies = hiredis.Reader()
        while True:
            await filled.wait()
            await asyncio.sleep(0.005)
            batch = waiting[:BATCH]
            del waiting[:BATCH]
            if not waiting:
                filled.clear()
            writer.write(b"".join(batch))
            missing = len(batch)
            while missing:
                replies.feed(await reader.read(262_144))
                while replies.gets() is not False:
                    missing -= 1

    async def read() -> None:
        async with aiohttp.ClientSession() as http:
            url = api.replace("http", "ws") + "/gateway?compress=zstd-stream"
            async with http.ws_connect(url, max_msg_size=0) as socket:
                inflate = zstandard.ZstdDecompressor().decompressobj().decompress
                await socket.send_json({"op": 2, "d": {"shard": [0, 1]}})
                while True:
                    payload = orjson.loads(inflate((await socket.receive()).data))
                    if payload["t"] == "MESSAGE_CREATE":
                        data = payload["d"]
                        key = b"activities:%d" % (int(data["guild_id"]) % PARTITIONS)
                        name = data["id"].encode()
                        waiting.append(
                            b"*5\r\n$4\r\nXADD\r\n$%d\r\n%b\r\n$1\r\n*\r\n$1\r\na\r\n$%d\r\n%b\r\n"
                            % (len(key), key, len(name), name)
                        )
                        filled.set()
                    elif payload["t"] == "GUILD_CREATE":
                        ready.set()

    tasks = [asyncio.create_task(write()), asyncio.create_task(read())]
    await ready.wait()
    await asyncio.sleep(0.5)
    result = await measure(api, stream_url, messages, warm)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return result


CONTENDERS = {"product": product, "discordpy": discordpy, "bare": bare}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("contender", choices=CONTENDERS)
    parser.add_argument("api")
    parser.add_argument("stream_url")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--warm", type=int, default=1_000)
    arguments = parser.parse_args()
    outcome = asyncio.run(
        CONTENDERS[arguments.contender](
            arguments.api, arguments.stream_url, arguments.messages, arguments.warm
        )
    )
    print(orjson.dumps(outcome).decode())
