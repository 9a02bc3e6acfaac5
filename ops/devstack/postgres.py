"""A private Postgres: a unix socket in a private folder, no TCP, both database roles of the product.

Invariants: only whoever can pass the socket's folder (mode 0700) can connect, which is why the socket trusts names;
a cluster's folder is used by one server at a time; `durable` servers keep fsync on.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from .binaries import PostgresPrograms, find_postgres
from .children import is_alive, start_child, stop_child, wait_gone
from .errors import DevstackError
from .places import Home

OWNER_ROLE = "engagehub_owner"
APP_ROLE = "engagehub_app"
SUPERUSER = "postgres"
DATABASE = "engagehub"
START_SECONDS = 60

_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "max_locks_per_transaction": "1024",
    "shared_buffers": "256MB",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "logging_collector": "off",
    "unix_socket_permissions": "0700",
}
# For tests: a crash of the machine may cost the data, which nobody needs.
_HASTY = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "shared_buffers": "128MB",
}


@dataclass
class PostgresServer:
    home: Home
    durable: bool = True
    wheels_only: bool = False
    settings: dict[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.home.data / "postgres.log"

    def has_died(self) -> bool:
        """Whether it was started and ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def address(self, role: str, database: str = DATABASE) -> str:
        """A DATABASE_URL for `role`."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.home.sockets), safe='/')}&port=5432"

    def start(self) -> None:
        """Start on the data of last time, or on a new cluster; returns when queries are answered."""
        programs = find_postgres(
            self.home.user, copies=self.home.data / "programs", wheels_only=self.wheels_only
        )
        cluster = self.home.data / f"postgres-{programs.version[0]}"
        self._end_leftover(cluster)
        if not (cluster / "PG_VERSION").exists():
            self._make_cluster(programs, cluster)
        self._launch(programs, cluster)
        self._ensure_roles()

    def stop(self) -> None:
        """A fast shutdown: transactions are rolled back, everything committed is on disk."""
        if self._process is not None:
            stop_child(self._process, first=signal.SIGINT, patience=15)
            self._process = None

    def forget(self) -> None:
        """Delete every cluster of this home; a server that a killed stack left on one is stopped first."""
        self.stop()
        for cluster in self.home.data.glob("postgres-*"):
            if cluster.is_dir():
                self._end_leftover(cluster)
                shutil.rmtree(cluster, ignore_errors=True)

    def kill(self) -> None:
        """kill -9, for tests of what must survive it."""
        if self._process is not None:
            stop_child(self._process, first=signal.SIGKILL)
            self._process = None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """A superuser's connection, autocommitting."""
        return psycopg.connect(self.address(SUPERUSER, database), autocommit=True)

    def create_database(self, name: str, *, template: str = "template0") -> None:
        """A new database that the owner's role owns; an existing one of that name is replaced."""
        with self.connect() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(OWNER_ROLE), sql.Identifier(template)
                )
            )

    def _make_cluster(self, programs: PostgresPrograms, cluster: Path) -> None:
        shutil.rmtree(cluster, ignore_errors=True)
        command = [
            str(programs.initdb), "-D", str(cluster), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8",
            "--locale=C.UTF-8" if programs.version[0] >= 15 else "--locale=C", "--no-instructions",
        ]  # fmt: skip
        if not self.durable:
            command.append("--no-sync")
        answer = self._run(command)
        if answer.returncode:
            # Some systems have no C.UTF-8.
            shutil.rmtree(cluster, ignore_errors=True)
            answer = self._run([part if "--locale" not in part else "--locale=C" for part in command])
        if answer.returncode:
            shutil.rmtree(cluster, ignore_errors=True)
            raise DevstackError(
                f"Postgres could not make its data folder {cluster}: {answer.stdout.decode(errors='replace')[-600:]}"
            )

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[bytes]:
        arguments = self.home.user.popen_arguments()
        return subprocess.run(  # type: ignore[call-overload,no-any-return]
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.home.data,
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"},
            check=False,
            **arguments,
        )

    def _launch(self, programs: PostgresPrograms, cluster: Path) -> None:
        settings = _SETTINGS | ({} if self.durable else _HASTY) | self.settings
        settings["unix_socket_directories"] = str(self.home.sockets)
        command = [str(programs.postgres), "-D", str(cluster)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self.log.open("wb") as log:
            self._process = start_child(
                command,
                output=log,
                user=self.home.user,
                folder=self.home.data,
                environment={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"},
                last_signal=signal.SIGINT,
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.connect().close()
                return
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise DevstackError(self._why_not_started(error)) from error
                time.sleep(0.02)

    def _why_not_started(self, error: Exception) -> str:
        tail = self.log.read_text(errors="replace")[-800:]
        if "No space left on device" in tail:
            return f"Postgres cannot start because the disk of {self.home.data} is full. Free some space and start again."
        if "lock file" in tail and "already exists" in tail:
            return f"Another Postgres already uses {self.home.data}. Stop it, then start again.\n{tail}"
        return f"Postgres did not start ({error}). Its log, {self.log}, ends:\n{tail}"

    def _end_leftover(self, cluster: Path) -> None:
        """Stop a server that a killed stack left behind on this cluster. Its pid file alone is no proof."""
        try:
            pid = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return
        if not is_alive(pid) or str(cluster) not in _command_line(pid):
            (cluster / "postmaster.pid").unlink(missing_ok=True)
            return
        os.kill(pid, signal.SIGINT)
        if not wait_gone(pid, seconds=15):
            os.kill(pid, signal.SIGQUIT)
            wait_gone(pid, seconds=5)

    def _ensure_roles(self) -> None:
        with self.connect() as connection:
            names = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
            for role in (OWNER_ROLE, APP_ROLE):
                if role not in names:
                    connection.execute(
                        sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEROLE").format(sql.Identifier(role))
                    )
            databases = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
        if DATABASE not in databases:
            self.create_database(DATABASE)


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        answer = subprocess.run(
            ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return answer.stdout
