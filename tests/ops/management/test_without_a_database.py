"""A command that finds no database says so in a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]


def test_a_command_without_a_database_names_the_next_step(tmp_path: Path) -> None:
    nowhere = f"postgresql://nobody@/nothing?host={tmp_path}"
    answer = subprocess.run(
        [sys.executable, "manage.py", "tenant", "list"],
        cwd=PROJECT,
        env=os.environ | {"DATABASE_URL": nowhere, "DATABASE_OWNER_URL": nowhere},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert answer.returncode == 1
    assert "The database does not answer" in answer.stderr
    assert "Traceback" not in answer.stderr
