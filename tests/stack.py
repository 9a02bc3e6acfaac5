"""The tests' own servers: a Postgres and a Redis for each process of the run.

Invariants: the tests never touch a server that the environment names; what they start they stop. Data stays in
.devstack/test between runs, so that the template database is built once for each set of migrations; a second run
at the same time gets a folder of its own, removed afterwards. Each xdist worker has a server of its own, a copy of the first
process' stopped one: what one worker's open transaction holds back (pg_snapshot_xmin is a server's, not a database's)
or publishes on Redis must not reach another's tests.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

from psycopg import sql

from ops.devstack.errors import DevstackError
from ops.devstack.places import PROJECT, Home, open_home, remove_home
from ops.devstack.postgres import APP_ROLE, OWNER_ROLE, PostgresServer
from ops.devstack.redis import CACHE_DATABASE, STREAM_DATABASE, RedisServer
from ops.devstack.servers import locked_home

_BASE_VARIABLE = "ENGAGEHUB_TEST_BASE"
# What a template database depends on, besides the migrations themselves.
_SEEDS = (
    "tests/template.py",
    "tests/cast.py",
    "tenants/*.py",
    "*/*/models.py",
    "*/*/seeds.py",
    "*/*/seeding.py",
    "*/*/content/*.toml",
)
_PACKAGES = ("django", "django-tenants", "procrastinate")


class TestStack:
    """This process' servers."""

    __test__ = False

    def __init__(self) -> None:
        self.worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        self.database = f"test_{self.worker}"
        self._stack = ExitStack()
        base = os.environ.get(_BASE_VARIABLE, "")
        if self.worker == "main" or not base:
            self.home = self._own_home()
            os.environ[_BASE_VARIABLE] = str(self.home.data)
        else:
            self.home = open_home(Path(base) / self.worker)
            self._stack.callback(remove_home, self.home.link)
        self.postgres = PostgresServer(self.home, durable=False)
        self._stack.callback(self.postgres.stop)
        if self.worker != "main" and base:
            self._copy_clusters(Path(base))
        self._start_postgres()
        self.redis = RedisServer(self.home, durable=False, name=f"r-{self.worker}")
        self._stack.callback(self.redis.stop)
        self.redis.start()
        atexit.register(self.stop)

    def prepare_for_workers(self) -> None:
        """In the process that hands out tests: build the template, then stop, so that the workers can copy the files."""
        self.ensure_template()
        with self.postgres.connect() as connection:
            for row in connection.execute(
                r"SELECT datname FROM pg_database WHERE datname LIKE 'test\_%'"
            ).fetchall():
                connection.execute(
                    sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(str(row[0])))
                )
        self.postgres.stop()

    def _copy_clusters(self, base: Path) -> None:
        self.postgres.forget()
        for cluster in base.glob("postgres-*"):
            if cluster.is_dir():
                subprocess.run(["cp", "-a", str(cluster), str(self.home.data)], check=True)

    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.postgres.address(APP_ROLE, self.database),
            "DATABASE_OWNER_URL": self.postgres.address(OWNER_ROLE, self.database),
            "REDIS_URL": self.redis.address(CACHE_DATABASE),
            "REDIS_STREAM_URL": self.redis.address(STREAM_DATABASE),
        }

    def stop(self) -> None:
        self._stack.close()

    def ensure_template(self) -> str:
        """The template database of the migrations at hand, built if it isn't there. One process builds, others wait."""
        name = f"template_{_fingerprint()}"
        with (self.home.data / "template.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            with self.postgres.connect() as connection:
                names = [
                    str(row[0])
                    for row in connection.execute(
                        "SELECT datname FROM pg_database WHERE datname ~ '^(template|building)_'"
                    )
                ]
                if name in names:
                    return name
                for old in names:
                    connection.execute(f'DROP DATABASE "{old}" WITH (FORCE)')
            building = name.replace("template", "building")
            self.postgres.create_database(building)
            self._build(building)
            with self.postgres.connect() as connection:
                connection.execute(f'ALTER DATABASE "{building}" RENAME TO "{name}"')
        return name

    def clone_database(self) -> None:
        """This process's database, fresh from the template."""
        self.postgres.create_database(self.database, template=self.ensure_template())

    def _build(self, database: str) -> None:
        environment = os.environ | self.environment()
        environment |= {
            "DATABASE_URL": self.postgres.address(APP_ROLE, database),
            "DATABASE_OWNER_URL": self.postgres.address(OWNER_ROLE, database),
            "DJANGO_SETTINGS_MODULE": "saas.settings.test",
        }
        answer = subprocess.run(
            [sys.executable, "-m", "tests.template"],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode:
            raise DevstackError(f"The template database cannot be built:\n{answer.stdout}{answer.stderr}")

    def _own_home(self) -> Home:
        home = open_home(PROJECT / ".devstack" / "test")
        try:
            self._stack.enter_context(locked_home(home))
            return home
        except DevstackError:
            folder = Path(tempfile.mkdtemp(prefix="eh-", dir="/tmp"))
            folder.chmod(0o755)
            self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
            return open_home(folder / "t")

    def _start_postgres(self) -> None:
        try:
            self.postgres.start()
        except DevstackError:
            # Without fsync a crashed machine may leave a broken cluster; tests keep nothing worth mending.
            self.postgres.forget()
            self.postgres.start()


def _fingerprint() -> str:
    digest = hashlib.sha256()
    files = sorted(PROJECT.glob("*/migrations/*.py")) + sorted(PROJECT.glob("*/*/migrations/*.py"))
    for pattern in _SEEDS:
        files += sorted(PROJECT.glob(pattern))
    for path in files:
        digest.update(str(path.relative_to(PROJECT)).encode() + b"\0" + path.read_bytes())
    for package in _PACKAGES:
        digest.update(version(package).encode())
    return digest.hexdigest()[:16]


_current: TestStack | None = None


def begin() -> TestStack:
    """Start what this process needs and put its addresses into the environment, before the settings are read."""
    global _current
    if _current is None:
        _current = TestStack()
        os.environ.update(_current.environment())
        os.environ["DJANGO_SETTINGS_MODULE"] = "saas.settings.test"
        os.environ.pop("DATABASE_ROLE", None)
    return _current
