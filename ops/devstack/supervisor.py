"""Keeps the stack's processes running: one log, restarts with back-off, a stop that leaves nothing behind.

Invariants: every process leads a group of its own, dies when we die (on Linux even by kill -9), and after `stop` no
member of its group is alive. A process that dies by itself is started again, sooner or later, and the log says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from .children import die_with_parent

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 15.0
STEADY_SECONDS = 30.0
LINE_LIMIT = 1 << 20
COLOURS = (36, 35, 33, 32, 34, 96, 95, 93)


@dataclass(frozen=True)
class Program:
    """What to run. `environment` is added to the stack's. `outside`: it stands for the world outside, and others call it until
    they end; it is stopped after them."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    outside: bool = False


class Log:
    """The one log on the terminal: a coloured prefix per process, whole lines only."""

    def __init__(self, names: list[str], stream: TextIO = sys.stdout) -> None:
        self._stream = stream
        self._width = max(len(name) for name in [*names, "stack"])
        coloured = stream.isatty() and "NO_COLOR" not in os.environ
        self._colours = {
            name: COLOURS[index % len(COLOURS)] if coloured else 0 for index, name in enumerate(names)
        }

    def say(self, text: str, *, name: str = "stack") -> None:
        colour = self._colours.get(name, 0)
        prefix = f"{name:<{self._width}} │ "
        if colour:
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        for line in text.splitlines() or [""]:
            self._stream.write(f"{prefix}{line}\n")
        self._stream.flush()


class Supervisor:
    """Needs a running loop in the main thread: the kernel's word on a parent's death is about the starting thread."""

    def __init__(self, *, environment: Mapping[str, str], folder: Path, log: Log) -> None:
        self.restarts: dict[str, int] = {}
        self._environment = dict(environment)
        self._folder = folder
        self._log = log
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        self._outside: set[str] = set()

    def keep(self, program: Program) -> None:
        """Start a program and start it again whenever it ends."""
        self.restarts[program.name] = 0
        if program.outside:
            self._outside.add(program.name)
        self._tasks.append(asyncio.create_task(self._keep(program)))

    async def run(self, program: Program) -> int:
        """Run a program to its end, its lines in the log. Answers the exit code."""
        return await self._run_once(program)

    def pid_of(self, name: str) -> int | None:
        process = self._running.get(name)
        return process.pid if process else None

    async def stop(self, *, seconds: float = 3.0) -> None:
        """SIGTERM to all of ours at once, then to what is outside; SIGKILL to whatever of their groups is left after `seconds`."""
        self._stopping = True
        deadline = time.monotonic() + seconds
        waits: list[asyncio.Task[int]] = []
        for outside in (False, True):
            ending = [
                process for name, process in self._running.items() if (name in self._outside) == outside
            ]
            for process in ending:
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()
            wave = [asyncio.create_task(process.wait()) for process in ending]
            if wave:
                # What is outside has nothing to finish.
                await asyncio.wait(wave, timeout=max(0.5, deadline - time.monotonic()))
            waits += wave
        for name, process in list(self._running.items()):
            if process.returncode is None:
                self._log.say(f"{name} did not stop within {seconds:.0f} s and was killed.")
            _kill_group(process.pid)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, *waits, return_exceptions=True)

    async def _keep(self, program: Program) -> None:
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            code = await self._run_once(program)
            if self._stopping:
                return
            if time.monotonic() - began > STEADY_SECONDS:
                pause = FIRST_PAUSE
            self.restarts[program.name] += 1
            self._log.say(f"{program.name} ended ({_describe(code)}); it is started again in {pause:g} s.")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _run_once(self, program: Program) -> int:
        try:
            process = await asyncio.create_subprocess_exec(
                *program.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=self._environment | dict(program.environment),
                cwd=self._folder,
                limit=LINE_LIMIT,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
        except OSError as error:
            self._log.say(f"{program.name} cannot be started: {error}.")
            return 127
        self._running[program.name] = process
        try:
            await self._relay(program.name, process)
            return await process.wait()
        finally:
            # Whatever the process started itself goes with it, before a successor starts.
            _kill_group(process.pid)
            if self._running.get(program.name) is process and process.returncode is not None:
                del self._running[program.name]

    async def _relay(self, name: str, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # a line beyond LINE_LIMIT
                self._log.say("(a line of more than 1 MB was left out)", name=name)
                continue
            if not line:
                return
            self._log.say(line.decode(errors="replace").rstrip("\n"), name=name)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _describe(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
