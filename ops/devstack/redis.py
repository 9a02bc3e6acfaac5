"""A private Redis on a unix socket.

At home one server plays both roles (DESIGN section 2): database 0 is REDIS_URL, database 1 REDIS_STREAM_URL. Because
the stream lives here, a durable server syncs each write and evicts nothing.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import redis

from .binaries import find_redis
from .children import is_alive, start_child, stop_child, wait_gone
from .errors import DevstackError
from .places import Home

CACHE_DATABASE = 0
STREAM_DATABASE = 1
START_SECONDS = 30


@dataclass
class RedisServer:
    home: Home
    durable: bool = True
    wheels_only: bool = False
    name: str = "redis"
    _process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        return self.home.sockets / f"{self.name}.sock"

    @property
    def log(self) -> Path:
        return self.home.data / f"{self.name}.log"

    @property
    def folder(self) -> Path:
        return self.home.data / self.name

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def has_died(self) -> bool:
        """Whether it was started and ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def address(self, database: int) -> str:
        return f"unix://{quote(str(self.socket), safe='/')}?db={database}"

    def start(self) -> None:
        """Start on the data of last time; returns when commands are answered (the append-only file is loaded)."""
        program = find_redis(self.home.user, copies=self.home.data / "programs", wheels_only=self.wheels_only)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        if self.home.user.uid is not None:
            os.chown(self.folder, self.home.user.uid, self.home.user.gid or 0)
        self._end_leftover()
        self.socket.unlink(missing_ok=True)
        with self.log.open("wb") as log:
            self._process = start_child(
                [str(program.server), *self._settings()],
                output=log,
                user=self.home.user,
                folder=self.folder,
            )
        self._pid_file.write_text(str(self._process.pid))
        self._wait_ready()

    def stop(self) -> None:
        if self._process is not None:
            stop_child(self._process, first=signal.SIGTERM)
            self._process = None
            self._pid_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """kill -9, for tests of what must survive it."""
        if self._process is not None:
            stop_child(self._process, first=signal.SIGKILL)
            self._process = None

    def client(self, database: int = CACHE_DATABASE) -> redis.Redis:
        return redis.Redis.from_url(self.address(database))

    @property
    def _pid_file(self) -> Path:
        return self.home.data / f"{self.name}.pid"

    def _settings(self) -> list[str]:
        durable = ["yes", "always"] if self.durable else ["no", "no"]
        return [
            "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700", "--dir", str(self.folder),
            "--daemonize", "no", "--save", "", "--appendonly", durable[0], "--appendfsync", durable[1],
            "--aof-load-truncated", "yes", "--maxmemory-policy", "noeviction", "--databases", "16",
        ]  # fmt: skip

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with self.client() as client:
                    client.ping()
                return
            except redis.RedisError as error:
                if (self._process and self._process.poll() is not None) or time.monotonic() > deadline:
                    self.stop()
                    tail = self.log.read_text(errors="replace")[-800:]
                    if "No space left on device" in tail:
                        raise DevstackError(
                            f"Redis cannot start because the disk of {self.home.data} is full. Free some space."
                        ) from error
                    raise DevstackError(
                        f"Redis did not start ({error}). Its log, {self.log}, ends:\n{tail}"
                    ) from error
                time.sleep(0.01)

    def _end_leftover(self) -> None:
        """Stop a server that a killed stack left behind on this folder."""
        try:
            pid = int(self._pid_file.read_text())
        except (OSError, ValueError):
            return
        if is_alive(pid) and self._answers_as(pid):
            os.kill(pid, signal.SIGTERM)
            wait_gone(pid, seconds=10)

    def _answers_as(self, pid: int) -> bool:
        try:
            with self.client() as client:
                return int(client.info("server")["process_id"]) == pid
        except redis.RedisError:
            return False
