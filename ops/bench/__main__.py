"""`make bench`, `make bench ONLY=ingest`: each bench prints its results on standard output, one JSON object a line.

Whatever else a bench has to say goes to standard error. Exit code 1 means that a bench broke, not that a goal was missed.
"""

from __future__ import annotations

import argparse
import ast
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from ops.devstack.errors import DevstackError
from ops.devstack.places import PROJECT, open_home
from ops.devstack.postgres import APP_ROLE, OWNER_ROLE
from ops.devstack.servers import Servers, running_servers

FOLDER = Path(__file__).parent
TEMPLATE = "bench_template"
SECONDS = 1800


def list_benches() -> list[str]:
    """Modules beside this one that define `run()` at their top. Found without importing them."""
    found = []
    for path in sorted(FOLDER.glob("*.py")):
        tree = ast.parse(path.read_text())
        if any(isinstance(node, ast.FunctionDef) and node.name == "run" for node in tree.body):
            found.append(path.stem)
    return found


def main() -> int:
    known = list_benches()
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("only", nargs="*", help=f"one or more of: {', '.join(known) or 'none yet'}")
    chosen = parser.parse_args().only or known
    unknown = [name for name in chosen if name not in known]
    if unknown:
        print(
            f"There is no bench called {', '.join(unknown)}. There are: {', '.join(known)}.", file=sys.stderr
        )
        return 2
    try:
        return run_benches(chosen)
    except DevstackError as error:
        print(error, file=sys.stderr)
        return 1


def run_benches(names: list[str]) -> int:
    """Run each in a process of its own, on a database and a Redis of its own. Answers the exit code."""
    broken = []
    # Fresh each time: left-over tables and a warm cluster would make today's figures differ from yesterday's.
    with tempfile.TemporaryDirectory(prefix="eh-bench-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        with running_servers(open_home(Path(folder) / "b"), durable=True) as servers:
            _make_template(servers)
            broken = [name for name in names if not _run_one(servers, name)]
    if broken:
        print(f"Broken: {', '.join(broken)}; what they said is above.", file=sys.stderr)
    return 1 if broken else 0


def _make_template(servers: Servers) -> None:
    assert servers.postgres is not None
    servers.postgres.create_database(TEMPLATE)
    answer = subprocess.run(
        [sys.executable, "manage.py", "migrate_fleet"],
        cwd=PROJECT,
        env=_environment(servers, TEMPLATE),
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise DevstackError(f"The benchmarks' database cannot be migrated:\n{answer.stderr}")


def _run_one(servers: Servers, name: str) -> bool:
    assert servers.postgres is not None
    assert servers.redis is not None
    database = f"bench_{name}"
    servers.postgres.create_database(database, template=TEMPLATE)
    with servers.redis.client() as client:
        client.flushall()
    try:
        code = subprocess.run(
            [sys.executable, "-m", "ops.bench.one", name],
            cwd=PROJECT,
            env=_environment(servers, database),
            timeout=SECONDS,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        print(f"{name} did not end within {SECONDS} s.", file=sys.stderr)
        return False
    with servers.postgres.connect() as connection:
        connection.execute(f'DROP DATABASE "{database}" WITH (FORCE)')
    return code == 0


def _environment(servers: Servers, database: str) -> dict[str, str]:
    assert servers.postgres is not None
    ours = {
        "DATABASE_URL": servers.postgres.address(APP_ROLE, database),
        "DATABASE_OWNER_URL": servers.postgres.address(OWNER_ROLE, database),
        "DJANGO_SETTINGS_MODULE": "saas.settings.dev",
        "LOG_LEVEL": "WARNING",
    }
    return os.environ | servers.environment() | ours


if __name__ == "__main__":
    sys.exit(main())
