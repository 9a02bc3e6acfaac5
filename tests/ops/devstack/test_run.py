"""`make run`: starts everything, drives it once, and leaves no process behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.devstack.places import remove_home

pytestmark = pytest.mark.slow

# What the tests' own servers are called must not reach the stack under test.
OURS = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "REDIS_STREAM_URL", "DJANGO_SETTINGS_MODULE")


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="eh-run-", dir="/tmp"))
    path.chmod(0o755)
    yield path / ".devstack"
    remove_home(path / ".devstack" / "run")
    shutil.rmtree(path, ignore_errors=True)


def _command(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "ops.devstack", "--folder", str(folder), "--port", "18000", *arguments]


def _environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name not in OURS and not name.startswith("PYTEST")
    }


def _processes_of(folder: Path) -> list[str]:
    """Whatever runs with this stack's folder or addresses in its command line or environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            facts = (path / "cmdline").read_bytes() + b"\0" + (path / "environ").read_bytes()
            state = (path / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except (OSError, IndexError):
            continue
        if str(folder).encode() in facts and state != "Z":
            found.append((path / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


# One test, because the past of the demo takes a minute to make, and because whoever starts it twice starts on what is there.
@pytest.mark.timeout(600)
def test_it_is_driven_through_once_and_a_second_start_goes_on_until_it_is_interrupted(folder: Path) -> None:
    _check_drives_a_message_and_a_command_through_the_product(folder)
    _interrupt_stops_everything(folder)


def _check_drives_a_message_and_a_command_through_the_product(folder: Path) -> None:
    answer = subprocess.run(
        _command(folder, "--check"),
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=360,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-6000:]
    seen = json.loads(answer.stdout)
    assert seen["ok"] is True
    assert len(seen["communities"]) == 5
    assert seen["ledger"][0]["points"] > 0
    assert seen["violations"] == 0
    assert seen["stripe"]["violations"] == 0
    assert seen["stripe"]["prices"] > 0
    assert seen["stripe"]["events_taken"] > 0
    assert set(seen["restarts"].values()) == {0}
    assert _processes_of(folder) == []


def _interrupt_stops_everything(folder: Path) -> None:
    process = subprocess.Popen(
        _command(folder), env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout
    lines = []
    try:
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C stops everything" in line:
                break
        else:
            pytest.fail("".join(lines[-50:]))
        said = "".join(lines)
        assert "organiser:" in said
        assert (folder / "environment.json").exists()
        address = next(word for word in said.split() if word.startswith("http://localhost:"))
        with urllib.request.urlopen(
            address.replace("localhost", "127.0.0.1") + "livez", timeout=30
        ) as answer:
            assert answer.status == 200
        assert len(_processes_of(folder)) > 6
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    finally:
        process.kill()
        process.stdout.close()
    assert process.returncode == 0
    assert _processes_of(folder) == []
    assert not (folder / "environment.json").exists()


def test_reset_forgets_the_data(folder: Path) -> None:
    (folder / "mail").mkdir(parents=True)
    (folder / "mail" / "1.eml").write_text("x")
    for name in ("secrets.json", "stripe.sqlite3", "stripe.sqlite3-wal"):
        (folder / name).write_text("{}")
    answer = subprocess.run(
        _command(folder, "--reset"), env=_environment(), capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert list(folder.glob("*")) == []


def test_half_named_servers_are_refused_in_one_sentence(folder: Path) -> None:
    environment = _environment() | {"DATABASE_URL": "postgresql://app@db/hub"}
    answer = subprocess.run(_command(folder), env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert "DATABASE_URL is set but DATABASE_OWNER_URL is not" in answer.stderr
    assert "Traceback" not in answer.stderr
