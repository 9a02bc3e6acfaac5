"""The supervisor restarts what dies, relays whole lines, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import io
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ops.devstack import supervisor as module
from ops.devstack.children import is_alive
from ops.devstack.supervisor import Log, Program, Supervisor

PATIENCE = 60  # seconds; only a failing test waits so long
# Starts a child of its own that ignores SIGTERM, as a worker's subprocess might.
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"])
print("child", child.pid, flush=True)
time.sleep(600)
"""
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"


@pytest.fixture
def written() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def supervisor(written: io.StringIO) -> Supervisor:
    return Supervisor(environment=os.environ, folder=Path.cwd(), log=Log(["a"], stream=written))


def _program(code: str) -> Program:
    return Program("a", (sys.executable, "-u", "-c", code))


async def _wait_for(pattern: str, written: io.StringIO) -> re.Match[str]:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        match = re.search(pattern, written.getvalue())
        if match:
            return match
        await asyncio.sleep(0.02)
    raise AssertionError(f"{pattern!r} is not in {written.getvalue()!r}")


def _is_gone(pid: int) -> bool:
    """Dead, or a zombie that only its new parent can reap."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if not is_alive(pid) or "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text():
            return True
        time.sleep(0.02)
    return False


async def test_each_line_carries_its_process_name(supervisor: Supervisor, written: io.StringIO) -> None:
    code = await supervisor.run(_program("print('one'); print('two')"))
    assert code == 0
    assert written.getvalue() == "a     │ one\na     │ two\n"


async def test_process_that_dies_is_started_again_and_the_log_says_so(
    supervisor: Supervisor, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.05)
    supervisor.keep(_program("print('up'); raise SystemExit(3)"))
    await _wait_for(r"up(.|\n)*up(.|\n)*up", written)
    await supervisor.stop()
    assert "a ended (exit code 3); it is started again in 0.05 s." in written.getvalue()
    assert "in 0.1 s." in written.getvalue()
    assert supervisor.restarts["a"] >= 2


async def test_killed_process_is_started_again(
    supervisor: Supervisor, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.05)
    supervisor.keep(_program("import time; print('up'); time.sleep(600)"))
    await _wait_for("up", written)
    pid = supervisor.pid_of("a")
    assert pid
    os.kill(pid, signal.SIGKILL)
    await _wait_for("killed by SIGKILL(.|\n)*up", written)
    assert supervisor.pid_of("a") != pid
    await supervisor.stop()


async def test_what_is_outside_is_stopped_after_those_who_call_it(
    supervisor: Supervisor, written: io.StringIO
) -> None:
    slow = "import signal, sys, time; signal.signal(15, lambda *_: (time.sleep(0.3), print('a ends'), sys.exit()))"
    quick = "import signal, sys, time; signal.signal(15, lambda *_: (print('b ends'), sys.exit()))"
    wait = "; print('up', flush=True); time.sleep(600)"
    supervisor.keep(replace(_program(quick + wait), name="b", outside=True))
    supervisor.keep(_program(slow + wait))
    await _wait_for(r"up(.|\n)*up", written)
    await supervisor.stop(seconds=PATIENCE)
    ends = re.findall(r"(\w) ends", written.getvalue())
    assert ends == ["a", "b"]


async def test_stop_takes_grandchildren_along(supervisor: Supervisor, written: io.StringIO) -> None:
    supervisor.keep(_program(PARENT))
    grandchild = int((await _wait_for(r"child (\d+)", written))[1])
    child = supervisor.pid_of("a")
    assert child
    await supervisor.stop()
    assert _is_gone(child)
    assert _is_gone(grandchild)


async def test_process_that_ignores_the_stop_is_killed_in_time(
    supervisor: Supervisor, written: io.StringIO
) -> None:
    supervisor.keep(_program(STUBBORN))
    await _wait_for("up", written)
    await supervisor.stop(seconds=0.5)
    assert "a did not stop within 0 s and was killed" in written.getvalue().replace("0.5", "0")
    assert supervisor.pid_of("a") is None or _is_gone(supervisor.pid_of("a") or 0)


async def test_program_that_does_not_exist_is_named(supervisor: Supervisor, written: io.StringIO) -> None:
    assert await supervisor.run(Program("a", ("/nowhere/program",))) == 127
    assert "a cannot be started" in written.getvalue()


async def test_endless_line_is_left_out_and_the_rest_goes_on(
    supervisor: Supervisor, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LINE_LIMIT", 1000)
    await supervisor.run(_program("print('x' * 100_000); print('after')"))
    assert "was left out" in written.getvalue()
    assert written.getvalue().rstrip().endswith("after")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_children_die_when_the_supervisor_is_killed() -> None:
    code = """
import asyncio, os, sys
from dataclasses import replace
from pathlib import Path
from ops.devstack.supervisor import Log, Program, Supervisor
async def main():
    supervisor = Supervisor(environment=os.environ, folder=Path.cwd(), log=Log(["a"]))
    supervisor.keep(Program("a", (sys.executable, "-u", "-c", "import os, time; print('pid', os.getpid()); time.sleep(600)")))
    await asyncio.sleep(600)
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        match = re.search(r"pid (\d+)", process.stdout.readline())
        assert match
        process.kill()
    assert _is_gone(int(match[1]))
