"""`make faults` ends: with the tests' verdict, or when its time is up."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.check import faults


def _tests(folder: Path, source: str) -> list[str]:
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = faults\n")
    (folder / "test_it.py").write_text(source)
    return ["-q", "-p", "no:cacheprovider", "-c", str(folder / "pytest.ini"), str(folder)]


def test_only_marked_tests_are_run(tmp_path: Path) -> None:
    source = "import pytest\n@pytest.mark.faults\ndef test_a(): pass\ndef test_b(): assert False\n"
    assert faults.main(_tests(tmp_path, source)) == 0


def test_failure_is_answered(tmp_path: Path) -> None:
    assert (
        faults.main(_tests(tmp_path, "import pytest\n@pytest.mark.faults\ndef test_a(): assert False\n")) == 1
    )


def test_time_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAULTS_SECONDS", "3")
    source = "import pytest, time\n@pytest.mark.faults\ndef test_a(): time.sleep(60)\n"
    assert faults.main(_tests(tmp_path, source)) == 124
    assert "did not end within 3 s" in capsys.readouterr().err
