"""`manage.py migrate_fleet`: migrate public, then every tenant, as the database's owner."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from saas.core.errors import EngageHubError
from tenants.fleet import migrate_fleet
from tenants.owner import as_owner
from tenants.schema_script import get_script, migrate_public


class Command(BaseCommand):
    help = (
        "Migrates the public schema and every tenant's, as the owner's role (DATABASE_OWNER_URL). Resumable."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--public-only", action="store_true", help="Leave the tenants as they are.")

    def handle(self, *args: Any, public_only: bool, verbosity: int, **options: Any) -> None:
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
