"""`make faults`: the long, violent tests, within bounds.

One process, because they measure and kill; `FAULTS_SECONDS` (default 3,600) is the most that all of them may take.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

DEFAULT_SECONDS = 3600


def main(arguments: list[str]) -> int:
    """Run pytest on the tests marked `faults`; answers its exit code, or 124 when time is up."""
    seconds = int(os.environ.get("FAULTS_SECONDS", "") or DEFAULT_SECONDS)
    command = [sys.executable, "-m", "pytest", "-m", "faults", "-o", "faulthandler_timeout=900", *arguments]
    with subprocess.Popen(command) as process:
        try:
            return _meaning(process.wait(seconds))
        except subprocess.TimeoutExpired:
            # As Ctrl-C would: fixtures stop the servers that they started.
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
            print(
                f"The tests did not end within {seconds} s (FAULTS_SECONDS) and were stopped.",
                file=sys.stderr,
            )
            return 124
        except KeyboardInterrupt:
            return process.wait(60)


def _meaning(code: int) -> int:
    """pytest answers 5 when no test was chosen: there is nothing wrong with that."""
    return 0 if code == 5 else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
