"""Who reads which partition: leases in the stream's Redis, with fencing tokens.

A lease is renewed while its holder lives and runs out a few seconds after it died. A holder that was paused past its lease finds out
before it acknowledges; that its booking changed nothing twice does not depend on it (source ids do that), only the order of
arrival does.
"""

from __future__ import annotations

import os
import socket
from typing import Final

from redis import Redis

from saas.core.ids import new_ulid

LEASE_MS: Final = 10_000
_TOKENS: Final = "ingest:tokens"
_RENEW: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0"""
_RELEASE: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0"""


def lease_key(partition: int) -> str:
    return f"ingest:lease:{partition}"


class Leases:
    """The partitions that this process may read."""

    def __init__(self, redis: Redis, partitions: int) -> None:
        self.redis = redis
        self.partitions = partitions
        self.name = f"{socket.gethostname()}:{os.getpid()}:{new_ulid()}"
        self.held: dict[int, str] = {}
        self._renew = redis.register_script(_RENEW)
        self._release = redis.register_script(_RELEASE)

    def acquire(self, most: int | None = None) -> list[int]:
        """Take free partitions, up to `most` in all; answers the newly taken ones."""
        taken = []
        for partition in range(self.partitions):
            if partition in self.held or (most is not None and len(self.held) >= most):
                continue
            value = f"{self.name}:{self.redis.incr(_TOKENS)}"
            if self.redis.set(lease_key(partition), value, nx=True, px=LEASE_MS):
                self.held[partition] = value
                taken.append(partition)
        return taken

    def renew(self) -> list[int]:
        """Prolong what is held; answers the partitions that were lost meanwhile."""
        lost = [
            partition
            for partition, value in list(self.held.items())
            if not self._renew(keys=[lease_key(partition)], args=[value, LEASE_MS])
        ]
        for partition in lost:
            del self.held[partition]
        return lost

    def release(self) -> None:
        """Give everything back, so that another process need not wait."""
        for partition, value in self.held.items():
            self._release(keys=[lease_key(partition)], args=[value])
        self.held.clear()
