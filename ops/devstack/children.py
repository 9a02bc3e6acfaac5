"""Starting a child process that dies with us, and stopping it for certain."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from .places import ServerUser

_PR_SET_PDEATHSIG = 1


def die_with_parent(signal_number: int) -> Callable[[], None] | None:
    """A preexec function: the kernel sends `signal_number` to the child when its parent dies, even by kill -9."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def arrange() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)

    return arrange


def start_child(
    command: list[str],
    *,
    output: int | IO[bytes],
    user: ServerUser | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    last_signal: int = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start `command` in a process group of its own (a Ctrl-C in the terminal reaches only us)."""
    arguments = user.popen_arguments() if user else {}
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=dict(environment) if environment is not None else None,
        cwd=folder,
        start_new_session=True,
        preexec_fn=die_with_parent(last_signal),
        **arguments,
    )


def stop_child(child: subprocess.Popen[bytes], *, first: int = signal.SIGTERM, patience: float = 4.0) -> None:
    """Ask with `first`, wait, then kill the whole group. Returns when the process is gone."""
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, first)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(patience)
    # The group may outlive its leader: a worker's own children, for one.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def wait_gone(pid: int, *, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
