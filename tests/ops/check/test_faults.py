"""`make faults` ends: with the tests' verdict, when its time is up, or when it is told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ops.check import faults
from ops.devstack.places import PROJECT

TOGETHER = "@pytest.mark.faults"
ALONE = "@pytest.mark.faults\n@pytest.mark.alone"


@pytest.fixture(autouse=True)
def _few_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that are installed would take each of these runs seconds to load. They begin as from a shell, and not as from the worker
    that this test may itself be run by."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for name in [name for name in os.environ if name.startswith("PYTEST_XDIST_")]:
        monkeypatch.delenv(name)


def _tests(folder: Path, source: str) -> list[str]:
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    faults\n    alone\n")
    (folder / "test_it.py").write_text(f"import os, pytest, time\nfrom pathlib import Path\n{source}")
    plugins = ["-p", "no:cacheprovider", "-p", "xdist", "-p", "timeout"]
    return ["-q", *plugins, "-c", str(folder / "pytest.ini"), str(folder)]


def _writes(folder: Path, name: str, value: str) -> str:
    return f"def test_{name}(): Path({str(folder)!r}, {name!r}).write_text(str({value}))\n"


def test_only_marked_tests_are_run_those_that_are_alone_after_the_others(tmp_path: Path) -> None:
    worker = "(time.time(), os.environ.get('PYTEST_XDIST_WORKER', ''))"
    source = f"{ALONE}\n{_writes(tmp_path, 'alone', worker)}{TOGETHER}\n{_writes(tmp_path, 'beside', worker)}"
    assert faults.main(_tests(tmp_path, source + "def test_unmarked(): assert False\n")) == 0
    alone, beside = ((tmp_path / name).read_text().strip("()").split(", ") for name in ("alone", "beside"))
    assert float(beside[0]) < float(alone[0])
    assert (beside[1][:3], alone[1]) == ("'gw", "''")


@pytest.mark.parametrize(("together", "alone"), [("False", "True"), ("True", "False")])
def test_the_worse_of_the_two_parts_is_answered(tmp_path: Path, together: str, alone: str) -> None:
    source = f"{TOGETHER}\ndef test_a(): assert {together}\n{ALONE}\n{_writes(tmp_path, 'alone', 1)}    assert {alone}\n"
    source = source.replace("(): Path", "():\n    Path")
    assert faults.main(_tests(tmp_path, source)) == 1
    assert (tmp_path / "alone").exists()


def test_none_chosen_is_no_failure(tmp_path: Path) -> None:
    assert faults.main([*_tests(tmp_path, f"{TOGETHER}\ndef test_a(): pass\n"), "-k", "nothing"]) == 0


def test_what_pytest_does_not_understand_is_said_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert faults.main([*_tests(tmp_path, ""), "--no-such-option"]) == 4
    assert capfd.readouterr().out.count("unrecognized arguments") == 1


def test_time_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAULTS_SECONDS", "4")
    assert faults.main(_tests(tmp_path, f"{ALONE}\ndef test_a(): time.sleep(60)\n")) == 124
    assert "did not end within 4 s" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("marks", "ending"), [(TOGETHER, signal.SIGINT), (ALONE, signal.SIGTERM)], ids=["together", "alone"]
)
def test_who_ends_it_ends_the_tests_and_what_they_started(
    tmp_path: Path, marks: str, ending: signal.Signals
) -> None:
    source = (
        "@pytest.fixture\ndef server():\n"
        f"    here = Path({str(tmp_path)!r})\n    (here / 'began').write_text(str(os.getpid()))\n"
        "    yield\n    (here / 'ended').touch()\n"
        f"{marks}\ndef test_a(server): time.sleep(60)\n{ALONE}\n{_writes(tmp_path, 'later', 1)}"
    )
    command = [sys.executable, "-m", "ops.check.faults", *_tests(tmp_path, source)]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        while not (tmp_path / "began").exists():
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(ending)
        assert process.wait(40) == 2
    finally:
        process.kill()
        process.wait()
    assert (tmp_path / "ended").exists()
    assert not (tmp_path / "later").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "began").read_text()), 0)
