"""Lets `python manage.py …` find the local stack that `make run` keeps running.

The stack writes the addresses of its servers into .devstack/environment.json and removes the file when it stops.
What the environment itself says always wins.
"""

from __future__ import annotations

import json
import os
from collections.abc import MutableMapping
from pathlib import Path

ENVIRONMENT_FILE = Path(__file__).resolve().parent.parent.parent / ".devstack" / "environment.json"
_SERVERS = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "REDIS_STREAM_URL")


def load_local_stack(environ: MutableMapping[str, str], *, file: Path = ENVIRONMENT_FILE) -> bool:
    """Add the running local stack's variables to `environ`; False when there is none, or servers are named already."""
    if any(environ.get(name) for name in _SERVERS):
        return False
    try:
        values = json.loads(file.read_text())
    except (OSError, ValueError):
        return False
    for name, value in values.items():
        environ.setdefault(str(name), str(value))
    return True


def write_local_stack(values: dict[str, str], *, file: Path = ENVIRONMENT_FILE) -> None:
    """Readable by its owner only: it holds the local stack's secrets."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        json.dump(values, handle, indent=1)
