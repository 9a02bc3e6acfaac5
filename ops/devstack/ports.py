"""Free ports on the loopback address."""

from __future__ import annotations

import errno
import socket

from .errors import DevstackError

LOOPBACK = "127.0.0.1"
TRIES = 50


def pick_port(wanted: int, *, taken: set[int]) -> int:
    """`wanted`, or the next one above that is free and not in `taken`, to which the answer is added.

    Raises DevstackError when the next 50 are taken too.
    """
    for port in range(wanted, wanted + TRIES):
        if port not in taken and is_free(port):
            taken.add(port)
            return port
    raise DevstackError(
        f"The ports {wanted} to {wanted + TRIES - 1} of {LOOPBACK} are all taken by other programs. "
        "Stop one of them and start again."
    )


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
