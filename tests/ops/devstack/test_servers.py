"""Postgres and Redis of our own: kept data, a clean stop, and a clear message for whatever is in the way."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from ops.devstack import binaries, places
from ops.devstack.children import is_alive
from ops.devstack.errors import DevstackError
from ops.devstack.places import open_home, remove_home
from ops.devstack.servers import keep_servers, running_servers

AS_ROOT = os.geteuid() == 0


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the servers' user can go; pytest's own tmp_path is closed to others."""
    path = Path(tempfile.mkdtemp(prefix="eh-", dir="/tmp"))
    path.chmod(0o755)
    yield path / "h"
    remove_home(path / "h")
    shutil.rmtree(path, ignore_errors=True)


def start_and_stop(folder: Path, named: dict[str, str] | None = None) -> None:
    with running_servers(open_home(folder), named=named):
        pass


def test_data_survives_a_clean_stop(folder: Path) -> None:
    with running_servers(open_home(folder)) as servers:
        assert servers.redis
        assert servers.postgres
        pids = (servers.postgres.pid, servers.redis.pid)
        with psycopg.connect(servers.database_owner_url, autocommit=True) as owner:
            owner.execute("CREATE TABLE kept (id int)")
        redis.Redis.from_url(servers.redis_stream_url).set("kept", "1")
    assert not any(is_alive(pid) for pid in pids)
    with running_servers(open_home(folder)) as servers:
        with psycopg.connect(servers.database_owner_url) as owner:
            assert owner.execute("SELECT count(*) FROM kept").fetchone() == (0,)
        assert redis.Redis.from_url(servers.redis_stream_url).get("kept") == b"1"


def test_servers_are_as_the_design_wants_them(folder: Path) -> None:
    with running_servers(open_home(folder)) as servers:
        with psycopg.connect(servers.database_url) as app:
            settings: dict[str, str] = dict(
                app.execute(
                    "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)",
                    [["fsync", "max_locks_per_transaction", "listen_addresses", "synchronous_commit"]],
                ).fetchall()
            )
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute("CREATE TABLE smuggled (id int)")
        assert settings == {
            "fsync": "on", "max_locks_per_transaction": "1024", "listen_addresses": "", "synchronous_commit": "on",
        }  # fmt: skip
        stream = redis.Redis.from_url(servers.redis_stream_url)
        assert stream.config_get("append*")["appendfsync"] == "always"
        assert stream.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
        assert stream.config_get("port")["port"] == "0"


def test_second_stack_on_the_same_folder_is_refused(folder: Path) -> None:
    with (
        running_servers(open_home(folder)),
        pytest.raises(DevstackError, match=rf"process {os.getpid()}.*already runs"),
    ):
        start_and_stop(folder)


def test_leftovers_of_a_killed_stack_are_cleared_away(folder: Path) -> None:
    code = f"""
import os, signal
from pathlib import Path
from ops.devstack.places import open_home
from ops.devstack.servers import running_servers
with running_servers(open_home(Path({str(folder)!r}))) as servers:
    print(servers.postgres.pid, servers.redis.pid, flush=True)
    signal.pause()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        pids = [int(word) for word in process.stdout.readline().split()]
        assert len(pids) == 2
        os.kill(process.pid, signal.SIGKILL)
    with running_servers(open_home(folder)) as servers:
        assert servers.postgres
        assert servers.postgres.pid not in pids
        assert not any(is_alive(pid) and _is_server(pid) for pid in pids)


def _is_server(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return not status.exists() or "\nState:\tZ" not in status.read_text()


def test_stale_pid_file_of_another_program_is_no_obstacle(folder: Path) -> None:
    start_and_stop(folder)
    for name in ("redis.pid", *(str(path) for path in folder.glob("postgres-*/postmaster.pid"))):
        (folder / name).write_text(f"{os.getpid()}\n")
    cluster = next(folder.glob("postgres-*"))
    (cluster / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster}\n0\n5432\n\n\n")
    with running_servers(open_home(folder)) as servers, psycopg.connect(servers.database_url) as app:
        assert app.execute("SELECT 1").fetchone() == (1,)


def test_full_disk_is_named_before_anything_starts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "LOWEST_FREE_BYTES", 2**60)
    with pytest.raises(DevstackError, match="Free some space"):
        open_home(folder)


def test_long_path_gets_short_sockets(folder: Path) -> None:
    deep = folder.parent / ("deep" * 20) / "h"
    home = open_home(deep)
    try:
        assert len(str(home.sockets)) < 60
        with running_servers(home) as servers, psycopg.connect(servers.database_url) as app:
            assert app.execute("SELECT 1").fetchone() == (1,)
    finally:
        remove_home(deep)
    assert not home.sockets.exists()


def test_wheels_serve_a_machine_without_servers(folder: Path) -> None:
    with running_servers(open_home(folder), wheels_only=True) as servers:
        assert servers.postgres
        assert "pginstall" in _executable(servers.postgres.pid)
        with psycopg.connect(servers.database_url) as app:
            assert app.execute("SELECT 1").fetchone() == (1,)


def _executable(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


@pytest.mark.skipif(not AS_ROOT, reason="only root runs its servers as somebody else")
def test_root_keeps_the_data_where_the_unprivileged_user_can_reach_it() -> None:
    closed = Path(tempfile.mkdtemp(prefix="eh-closed-", dir="/tmp"))  # mode 0700, ours
    link = closed / ".devstack" / "run"
    try:
        with running_servers(open_home(link)) as servers:
            assert servers.postgres
            assert link.is_symlink()
            assert str(link.readlink()).startswith("/var/tmp/engagehub-")
            assert Path(f"/proc/{servers.postgres.pid}").stat().st_uid != 0
    finally:
        target = link.readlink()
        remove_home(link)
        shutil.rmtree(closed)
    assert not target.exists()


@pytest.mark.skipif(not AS_ROOT, reason="only root has folders that its servers cannot reach")
def test_unreachable_wheel_is_copied(folder: Path) -> None:
    home = open_home(folder)
    closed = Path(tempfile.mkdtemp(prefix="eh-closed-", dir="/tmp"))
    try:
        (closed / "wheel" / "bin").mkdir(parents=True)
        program = closed / "wheel" / "bin" / "redis-server"
        program.write_text("#!/bin/sh\necho 'Redis server v=7.2.0 sha=0'\n")
        program.chmod(0o700)
        copied = binaries._copy_wheel(program, "wheel", home.data / "programs")
        assert copied != program
        assert places.is_reachable(copied, home.user) or not places.is_reachable(home.data, home.user)
        assert binaries._version_of(copied) == (7, 2)
    finally:
        shutil.rmtree(closed)


def test_half_named_databases_are_refused(folder: Path) -> None:
    with pytest.raises(DevstackError, match="DATABASE_URL is set but DATABASE_OWNER_URL is not"):
        start_and_stop(folder, {"DATABASE_URL": "postgresql://app@db/hub"})


def test_named_servers_are_used_and_left_alone(folder: Path) -> None:
    named = {
        "DATABASE_URL": "postgresql://app@db/hub",
        "DATABASE_OWNER_URL": "postgresql://owner@db/hub",
        "REDIS_URL": "redis://cache",
        "REDIS_STREAM_URL": "redis://stream",
    }
    with running_servers(open_home(folder), named=named) as servers:
        assert servers.environment() == named
        assert servers.postgres is None
        assert servers.redis is None


def test_redis_that_cannot_start_says_why(folder: Path) -> None:
    start_and_stop(folder)
    (folder / "redis" / "appendonly.aof").write_bytes(b"*1\r\n$rubbish\r\nSELECT\r\n" * 3)
    with pytest.raises(DevstackError, match="Redis did not start"):
        start_and_stop(folder)


async def test_server_that_dies_is_started_again_with_its_data(folder: Path) -> None:
    with running_servers(open_home(folder)) as servers:
        assert servers.redis
        assert servers.postgres
        redis.Redis.from_url(servers.redis_stream_url).set("kept", "1")
        said: list[str] = []
        keeping = asyncio.create_task(keep_servers(servers, said.append))
        for pid in (servers.redis.pid, servers.postgres.pid):
            os.kill(pid, signal.SIGKILL)
        for _ in range(200):
            if len([line for line in said if "was started again" in line]) == 2:
                break
            await asyncio.sleep(0.1)
        keeping.cancel()
        assert redis.Redis.from_url(servers.redis_stream_url).get("kept") == b"1"
        with psycopg.connect(servers.database_url) as app:
            assert app.execute("SELECT 1").fetchone() == (1,)
