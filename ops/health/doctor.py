"""Looks at a deployment's environment and says, of each thing that is missing or wrong, what it is and how to mend it.

Needs no Django, so that it can speak when the settings cannot be loaded. Reads only; nothing is changed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from saas.settings.variables import VARIABLES, find_problems

from .database import check_databases
from .findings import Finding, as_json, as_text, bad, is_healthy, ok, warn
from .services import check_discord, check_disk, check_domain, check_error_reports, check_mail, check_redis

PRODUCTION = "saas.settings.production"
PROJECT = Path(__file__).resolve().parent.parent.parent


def examine(values: Mapping[str, str], *, production: bool, offline: bool = False) -> list[Finding]:
    """Every finding, in the order in which one would mend them. `offline` looks at the variables only."""
    findings = list(_check_variables(values, production=production))
    if offline:
        return findings
    wrong = {finding.subject for finding in findings if finding.state == "bad"}
    if not wrong & {"DATABASE_URL", "DATABASE_OWNER_URL"}:
        findings += check_databases(values)
    if not wrong & {"REDIS_URL", "REDIS_STREAM_URL"}:
        findings += check_redis(values)
    if not wrong & {"DISCORD_BOT_TOKEN", "DISCORD_API_URL"}:
        findings += check_discord(values)
    if "BASE_DOMAIN" not in wrong:
        findings += check_domain(values, production=production)
    if "EMAIL_URL" not in wrong:
        findings += check_mail(values)
    if "SENTRY_DSN" not in wrong:
        findings += check_error_reports(values, production=production)
    findings += check_disk(PROJECT)
    return findings


def _check_variables(values: Mapping[str, str], *, production: bool) -> Iterator[Finding]:
    problems = {problem.variable: problem for problem in find_problems(values, production=production)}
    for variable in VARIABLES:
        problem = problems.get(variable.name)
        given = bool(values.get(variable.name, "").strip())
        if problem:
            yield bad(variable.name, problem.problem, problem.fix)
        elif given:
            yield ok(variable.name)
        elif variable.needed or variable.advised:
            yield warn(
                variable.name,
                f"is not set. {variable.what}",
                "At home a default does; before going live set it: ops/environment.md says how.",
            )


def main(arguments: list[str], values: Mapping[str, str], *, more: list[Finding] | None = None) -> int:
    """Examine, print, and answer the exit code: 1 when something must be mended."""
    parser = argparse.ArgumentParser(prog="manage.py doctor", description=__doc__)
    add_arguments(parser)
    chosen, _ = parser.parse_known_args(arguments)
    return report(
        values, as_machine=chosen.json, production=chosen.production, offline=chosen.offline, more=more
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--production", action="store_true", help="judge as a real deployment, whatever the settings say"
    )
    parser.add_argument(
        "--offline", action="store_true", help="look at the variables only, connect to nothing"
    )


def report(
    values: Mapping[str, str],
    *,
    as_machine: bool,
    production: bool,
    offline: bool,
    more: list[Finding] | None = None,
) -> int:
    production = production or values.get("DJANGO_SETTINGS_MODULE") == PRODUCTION
    findings = examine(values, production=production, offline=offline) + (more or [])
    sys.stdout.write((as_json(findings) if as_machine else as_text(findings)) + "\n")
    return 0 if is_healthy(findings) else 1
