"""From the queue to the stream: batches, pipelined over one connection, acknowledged, never dropped.

A batch is sent again until Redis has taken it. A reply that got lost makes duplicates, which the reader of the stream
recognises by their source id; so "at least once" here is "exactly once" there. After each batch the sessions whose
watermark moved are stored by the next exchange, in order behind the records that they vouch for.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Sequence

import hiredis
import structlog

from .queue import Record, RecordQueue
from .resp import RespPipe, StreamAwayError
from .session import ShardSession
from .stats import Stats
from .watermark import Watermark

log = structlog.get_logger(__name__)

BATCH = 500  # records an exchange
LINGER_SECONDS = 0.005  # small batches wait this long for company
LINGER_BELOW = 64
IDLE_SECONDS = 0.25  # how soon a moved watermark is stored when nothing else is sent
LONGEST_PAUSE = 5.0


class StreamWriter:
    """The only consumer of the queue. `run` it as a task; `drain` waits until everything is acknowledged."""

    def __init__(
        self, pipe: RespPipe, queue: RecordQueue, sessions: Sequence[ShardSession], stats: Stats
    ) -> None:
        self._pipe = pipe
        self._queue = queue
        self._sessions = sessions
        self._stats = stats
        self._batch: list[Record] = []
        self.away = False
        # Called after each acknowledged batch; the shards use it to RESUME after the queue was full.
        self.on_taken: Callable[[], None] = lambda: None

    async def run(self) -> None:
        while True:
            await self.step()

    async def step(self) -> None:
        """One exchange: wait for records or for the idle time, send, acknowledge."""
        await self._queue.wait(IDLE_SECONDS)
        if 0 < len(self._queue) < LINGER_BELOW:
            await asyncio.sleep(LINGER_SECONDS)
        self._batch = self._queue.take(BATCH)
        saves = [command for session in self._sessions if (command := session.save_command())]
        if not self._batch and not saves:
            return
        await self._send_until_taken(saves)

    async def _send_until_taken(self, saves: list[bytes]) -> None:
        pause = 0.05
        while True:
            try:
                await self._exchange(saves)
            except StreamAwayError as error:
                self._note_trouble(str(error))
            else:
                if not self._batch:
                    break
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
            pause = min(pause * 2, LONGEST_PAUSE)
        if self.away:
            self.away = False
            log.info("stream_taken_again", waiting=len(self._queue))
        self.on_taken()

    async def _exchange(self, saves: list[bytes]) -> None:
        """Send the batch; keep in it only what Redis refused."""
        batch = self._batch
        parts = saves.copy()
        for record in batch:
            parts += record.commands
        replies = await self._pipe.exchange(b"".join(parts), len(parts))
        if any(isinstance(reply, hiredis.ReplyError) for reply in replies):
            taken, refused = self._sort(batch, replies[len(saves) :])
        else:
            taken, refused = batch, []
        saves.clear()
        self._batch = refused
        self._acknowledge(taken)

    def _sort(self, batch: list[Record], replies: list[object]) -> tuple[list[Record], list[Record]]:
        taken: list[Record] = []
        refused: list[Record] = []
        position = 0
        for record in batch:
            answers = replies[position : position + len(record.commands)]
            position += len(record.commands)
            errors = [answer for answer in answers if isinstance(answer, hiredis.ReplyError)]
            (refused if errors else taken).append(record)
            if errors:
                self._note_trouble(f"Redis refused a record: {errors[0]}")
        return taken, refused

    def _acknowledge(self, taken: list[Record]) -> None:
        numbers: defaultdict[int, list[int]] = defaultdict(list)
        marks: dict[int, Watermark] = {}
        for record in taken:
            if record.watermark is not None:
                numbers[id(record.watermark)].append(record.number)
                marks[id(record.watermark)] = record.watermark
        for key, mark in marks.items():
            mark.acknowledge(numbers[key])
        self._stats.appended += len(taken)

    def _note_trouble(self, message: str) -> None:
        self._stats.stream_errors += 1
        if not self.away:
            self.away = True
            log.warning("stream_away", problem=message, waiting=len(self._queue))

    @property
    def idle(self) -> bool:
        return not self._batch and not len(self._queue)

    async def drain(self, seconds: float) -> bool:
        """Until everything recorded is acknowledged, or the time is over. True if all of it is."""
        try:
            async with asyncio.timeout(seconds):
                while not self.idle:  # noqa: ASYNC110 — the writer has no moment of its own for this
                    await asyncio.sleep(0.01)
        except TimeoutError:
            return False
        return True

    async def save(self) -> None:
        """Store the sessions now. Best effort at the end of a planned stop: an older watermark only replays more."""
        saves = [command for session in self._sessions if (command := session.save_command())]
        if saves:
            try:
                await self._pipe.exchange(b"".join(saves), len(saves))
            except StreamAwayError as error:
                self._note_trouble(str(error))
