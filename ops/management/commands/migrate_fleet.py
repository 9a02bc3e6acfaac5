"""`manage.py migrate_fleet`: migrate public, then every tenant, as the database's owner.

Several tenants at once (`--workers`). One that fails stops no other: at the end it is named with its error, and the exit code is 1. Two runs
at once wait for each other.

`--wait SECONDS` changes nothing and needs no owner: it returns once another process has migrated everything, so that a pod
does not meet a schema that its release does not know.
"""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from saas.core.errors import EngageHubError
from tenants.fleet import MOST_FAILURES, WORKERS, FleetReport, hold_fleet, list_behind, migrate_fleet
from tenants.models import Tenant
from tenants.owner import as_owner
from tenants.schema_script import get_script, migrate_public

MOST_WORKERS = 32


class Command(BaseCommand):
    help = (
        "Migrates the public schema and every tenant's, as the owner's role (DATABASE_OWNER_URL). Resumable: names what failed, and "
        "run again goes on with the rest."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--public-only", action="store_true", help="Leave the tenants as they are.")
        parser.add_argument(
            "--wait",
            type=float,
            metavar="SECONDS",
            help="Migrate nothing; return once everything is migrated, or fail after SECONDS.",
        )
        parser.add_argument(
            "--workers",
            type=int,
            default=WORKERS,
            choices=range(1, MOST_WORKERS + 1),
            metavar=f"1..{MOST_WORKERS}",
            help=f"Tenants migrated at once, a database connection each. Default: {WORKERS}.",
        )
        parser.add_argument(
            "--most-failures",
            type=int,
            default=MOST_FAILURES,
            metavar="COUNT",
            help=f"Begin nothing more once so many tenants failed. Default: {MOST_FAILURES}.",
        )

    def handle(
        self,
        *args: Any,
        public_only: bool,
        wait: float | None,
        workers: int,
        most_failures: int,
        verbosity: int,
        **options: Any,
    ) -> None:
        if wait is not None:
            self._wait(wait)
            return
        try:
            with hold_fleet(on_wait=lambda: self.stdout.write("Another run is migrating; waiting for it.")):
                self._migrate(public_only, workers, max(1, most_failures), verbosity)
        except EngageHubError as error:
            raise CommandError(error.message) from error

    def _migrate(self, public_only: bool, workers: int, most_failures: int, verbosity: int) -> None:
        with as_owner():
            migrate_public()
            self.stdout.write("public is up to date.")
            if public_only:
                return
            report = migrate_fleet(
                workers=workers,
                most_failures=most_failures,
                on_schema=lambda schema, how: (
                    self.stdout.write(f"{schema} {how}.") if verbosity > 1 else None
                ),
            )
        self.stdout.write(
            f"{report.replayed + report.migrated} tenants migrated ({report.migrated} of them by Django step by step), "
            f"{report.current} were up to date."
        )
        if report.failed:
            raise CommandError(_describe_failures(report))
        # The next new tenant need not wait for it.
        self.stdout.write(f"The script for new ones has {len(get_script())} statements.")

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            try:
                behind = list_behind()
            except DatabaseError as error:
                # Not there yet, or not yet made: both pass.
                connection.close()
                behind = [f"the database ({str(error).strip().splitlines()[0]})"]
            if not behind:
                self.stdout.write("Everything is migrated.")
                return
            if time.monotonic() >= end:
                raise CommandError(
                    f"After {seconds:.0f} s these are not migrated: {', '.join(behind[:5])}"
                    f"{' and more' if len(behind) > 5 else ''}. Run `manage.py migrate_fleet`, or read what its job says."
                )
            time.sleep(min(2, max(0, end - time.monotonic())))


def _describe_failures(report: FleetReport) -> str:
    """Each failed one by schema and address, with the database's own words, and what to do."""
    schemas = [one.schema for one in report.failed]
    slugs = dict(Tenant.objects.filter(schema_name__in=schemas).values_list("schema_name", "slug"))
    lines = [f"  {one.schema} ({slugs.get(one.schema, 'deleted')}): {one.error}" for one in report.failed]
    left = f" {report.left} more were not begun, because so many failed." if report.left else ""
    told = "1 tenant was not migrated" if len(lines) == 1 else f"{len(lines)} tenants were not migrated"
    return "\n".join(
        [
            f"{told}:",
            *lines,
            f"{left} Mend what the errors say and run migrate_fleet again; it goes on with these.".strip(),
        ]
    )
