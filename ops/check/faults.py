"""`make faults`: the long, violent tests, within bounds.

First the races and all that stand on nothing but their own servers, one beside another on every core. Then, in one process, those
marked `alone`: what they measure, or time between two kills, would be somebody else's. `FAULTS_SECONDS` (default 3,600) is the most
that both together may take.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ops.devstack.children import start_child, stop_child

DEFAULT_SECONDS: Final = 3600
_TIME_IS_UP: Final = 124
_INTERRUPTED: Final = 2  # pytest's own code
_GOING_ON: Final = {
    0,
    1,
    5,
}  # passed, failed, none was chosen; after anything else the second part would fare no better
_PATIENCE: Final = 60.0  # for fixtures that stop what they started


def main(arguments: list[str]) -> int:
    """Run pytest on the tests marked `faults`; answers the worse of the two parts' exit codes, or 124 when time is up."""
    seconds = int(os.environ.get("FAULTS_SECONDS", "") or DEFAULT_SECONDS)
    until = time.monotonic() + seconds
    workers = str(os.cpu_count() or 1)
    worst = 0
    with _asked_to_end():
        for marked, how in (
            ("faults and not alone", ["-n", workers, "--dist", "worksteal"]),
            ("faults and alone", []),
        ):
            print(f"Tests marked “{marked}”:", flush=True)
            began = time.monotonic()
            code = _run(["-m", marked, *how, *arguments, *([] if how else ["-n", "0"])], until)
            print(f"“{marked}” took {time.monotonic() - began:.0f} s.", flush=True)
            if code == _TIME_IS_UP:
                print(
                    f"The tests did not end within {seconds} s (FAULTS_SECONDS) and were stopped.",
                    file=sys.stderr,
                )
            worst = max(worst, _meaning(code))
            if code not in _GOING_ON:
                break
    return worst


def _run(options: list[str], until: float) -> int:
    # A test of a hundred rounds may take longer than one of three.
    limits = ["--timeout", "1200", "-o", "faulthandler_timeout=900"]
    command = [sys.executable, "-m", "pytest", *limits, *options]
    process = start_child(command, output=1, last_signal=signal.SIGINT)
    try:
        return process.wait(max(until - time.monotonic(), 0))
    except subprocess.TimeoutExpired:
        return _TIME_IS_UP
    except KeyboardInterrupt:
        return _INTERRUPTED
    finally:
        # As Ctrl-C would: fixtures stop the servers that they started.
        stop_child(process, first=signal.SIGINT, patience=_PATIENCE)


@contextmanager
def _asked_to_end() -> Iterator[None]:
    """Who ends us with SIGTERM ends the tests as who types Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    usual = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, usual)


def _meaning(code: int) -> int:
    """pytest answers 5 when no test was chosen: there is nothing wrong with that. A signal that ended it is."""
    return 0 if code == 5 else code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
