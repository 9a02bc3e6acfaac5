"""`manage.py doctor`: what is missing or wrong in this deployment's environment, and how to mend it."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from ops.health import doctor
from ops.health.findings import Finding, bad, ok


class Command(BaseCommand):
    help = "Says what is missing or wrong in this deployment's environment, and how to mend it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        doctor.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        code = doctor.report(
            os.environ,
            as_machine=options["json"],
            production=options["production"],
            offline=options["offline"],
            more=[] if options["offline"] else check_migrations(),
        )
        sys.exit(code)


def check_migrations() -> list[Finding]:
    """Whether the public schema is at the code's version. An unreachable database was reported already."""
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return []
    if waiting:
        names = ", ".join(f"{migration.app_label}.{migration.name}" for migration, _ in waiting[:3])
        return [
            bad(
                "migrations",
                f"{len(waiting)} are not applied: {names}{', …' if len(waiting) > 3 else ''}.",
                "python manage.py migrate_schemas",
            )
        ]
    return [ok("migrations", "are all applied.")]
