"""What the doctor says: one finding a line, for a person or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

State = Literal["ok", "warn", "bad"]


@dataclass(frozen=True)
class Finding:
    """`subject` is a variable of the environment, or what else was looked at."""

    subject: str
    state: State
    problem: str = ""
    fix: str = ""


def ok(subject: str, note: str = "") -> Finding:
    return Finding(subject, "ok", note)


def warn(subject: str, problem: str, fix: str) -> Finding:
    return Finding(subject, "warn", problem, fix)


def bad(subject: str, problem: str, fix: str) -> Finding:
    return Finding(subject, "bad", problem, fix)


def is_healthy(findings: Iterable[Finding]) -> bool:
    return all(finding.state != "bad" for finding in findings)


def as_text(findings: list[Finding]) -> str:
    marks = {"ok": "✓", "warn": "!", "bad": "✗"}
    lines = []
    for finding in findings:
        note = f" {finding.problem}" if finding.problem else ""
        lines.append(f"{marks[finding.state]} {finding.subject}:{note or ' fine.'}")
        if finding.fix:
            lines.append(f"    → {finding.fix}")
    wrong = sum(finding.state == "bad" for finding in findings)
    doubtful = sum(finding.state == "warn" for finding in findings)
    if wrong:
        lines.append(f"{wrong} to mend, {doubtful} to look at.")
    else:
        lines.append("Nothing to mend" + (f", {doubtful} to look at." if doubtful else "."))
    return "\n".join(lines)


def as_json(findings: list[Finding]) -> str:
    return json.dumps(
        {"healthy": is_healthy(findings), "findings": [asdict(finding) for finding in findings]}, indent=1
    )
