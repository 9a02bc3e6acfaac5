"""Makes .venv from requirements-dev.txt, with nothing but the standard library of Python 3.11 or newer.

Quick when nothing changed: a stamp inside .venv holds the digest of the requirements. A .venv that is a symlink
belongs to somebody else and is used as it is.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
VENV = PROJECT / ".venv"
REQUIREMENTS = PROJECT / "requirements-dev.txt"
STAMP = VENV / "requirements.sha256"


def main() -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 - whichever Python the machine has runs this file
        return _refuse(
            "Python {}.{} is too old: EngageHub needs 3.11 or newer. Install it, or name one: make PYTHON=python3.12 …".format(
                *sys.version_info[:2]
            )
        )
    if VENV.is_symlink():
        return 0
    digest = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == digest:
        return 0
    print("Preparing .venv (once, and again whenever requirements-dev.txt changes) …", flush=True)
    # An environment of this very Python is brought up to date in place: others may be using it.
    if not _is_usable() and _run([sys.executable, "-m", "venv", "--clear", str(VENV)]):
        return _refuse(
            "Python's venv module is not complete on this machine. On Debian or Ubuntu: apt install python3-venv."
        )
    python = str(VENV / "bin" / "python")
    if _run([python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(REQUIREMENTS)]):
        return _refuse(
            "The packages of requirements-dev.txt could not be installed; pip's message is above. Usually the "
            "network or a full disk: put it right and run the same command again."
        )
    STAMP.write_text(digest)
    return 0


def _is_usable() -> bool:
    python = VENV / "bin" / "python"
    try:
        answer = subprocess.run(
            [str(python), "-c", "import pip, sys; print(sys.version)"],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return False
    return answer.returncode == 0 and answer.stdout.strip() == sys.version


def _run(command: list[str]) -> int:
    environment = dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK="1", PYTHONUTF8="1")
    return subprocess.run(command, env=environment, check=False).returncode


def _refuse(message: str) -> int:
    print(message, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
