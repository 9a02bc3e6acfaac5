"""Free ports on the loopback address.

Between picking a port and the program's listening on it another stack could pick the same one, so a stack holds a lock file a port
for as long as it runs. Programs that know nothing of that are seen by binding.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from .errors import DevstackError

LOOPBACK = "127.0.0.1"
TRIES = 50


class PortBook:
    """`with PortBook() as ports: ports.pick(8000)`; the ports are ours until the block ends."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path(f"/tmp/engagehub-ports-{os.geteuid()}")
        self._held = ExitStack()

    def __enter__(self) -> PortBook:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def pick(self, wanted: int) -> int:
        """`wanted`, or the next one above that is free. Raises DevstackError when the next 50 are taken too."""
        for port in range(wanted, wanted + TRIES):
            if self._take(port):
                return port
        raise DevstackError(
            f"The ports {wanted} to {wanted + TRIES - 1} of {LOOPBACK} are all taken by other programs. "
            "Stop one of them and start again."
        )

    def _take(self, port: int) -> bool:
        handle = (self._folder / str(port)).open("w")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.close()
            return False
        if not is_free(port):
            handle.close()
            return False
        self._held.enter_context(handle)
        return True


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:port now. Nothing is reserved."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
    return True
