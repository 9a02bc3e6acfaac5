"""Runs every check, prints what each has to say, and ends with one line for each.

python -m ops.check             all of them
python -m ops.check types docs  some of them
"""

from __future__ import annotations

import subprocess
import sys
import time

from .docs import find_documentation_problems
from .packaging import find_packaging_problems
from .templates import find_template_problems

PY = sys.executable


def _run(*command: str) -> list[str]:
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return [] if answer.returncode == 0 else [(answer.stdout + answer.stderr).strip()]


CHECKS = {
    "lint": lambda: _run(PY, "-m", "ruff", "check", "."),
    "format": lambda: _run(PY, "-m", "ruff", "format", "--check", "."),
    "types": lambda: _run(PY, "-m", "mypy"),
    "floors": lambda: _run(
        PY, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"
    ),
    "migrations": lambda: _run(PY, "manage.py", "makemigrations", "--check", "--dry-run"),
    "system": lambda: _run(PY, "manage.py", "check"),
    "templates": find_template_problems,
    "docs": find_documentation_problems,
    "packaging": find_packaging_problems,
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        print(
            f"There is no check called {', '.join(unknown)}. There are: {', '.join(CHECKS)}.", file=sys.stderr
        )
        return 2
    lines, failed = [], False
    for name in names or CHECKS:
        began = time.monotonic()
        problems = CHECKS[name]()
        for problem in problems:
            print(f"{name}: {problem}\n", flush=True)
        failed = failed or bool(problems)
        lines.append(f"{'✗' if problems else '✓'} {name:<11} {time.monotonic() - began:5.1f} s")
        print(lines[-1], flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
