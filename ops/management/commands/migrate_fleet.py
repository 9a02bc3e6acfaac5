"""`manage.py migrate_fleet`: migrate public, then every tenant, as the database's owner.

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
from tenants.fleet import list_behind, migrate_fleet
from tenants.owner import as_owner
from tenants.schema_script import get_script, migrate_public


class Command(BaseCommand):
    help = (
        "Migrates the public schema and every tenant's, as the owner's role (DATABASE_OWNER_URL). Resumable."
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

    def handle(
        self, *args: Any, public_only: bool, wait: float | None, verbosity: int, **options: Any
    ) -> None:
        if wait is not None:
            self._wait(wait)
            return
        try:
            with as_owner():
                migrate_public()
                self.stdout.write("public is up to date.")
                if public_only:
                    return
                report = migrate_fleet(
                    on_schema=lambda schema, how: (
                        self.stdout.write(f"{schema} {how}.") if verbosity > 1 else None
                    )
                )
            # The next new tenant need not wait for it.
            statements = get_script()
        except EngageHubError as error:
            raise CommandError(error.message) from error
        self.stdout.write(
            f"{report.replayed + report.migrated} tenants migrated ({report.migrated} of them by Django step by step), "
            f"{report.current} were up to date; the script for new ones has {len(statements)} statements."
        )

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
