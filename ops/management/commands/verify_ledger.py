"""`manage.py verify_ledger`: recomputes every community's balances, levels, standings and histogram from its ledger."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from engagement.progression.verification import verify_ledger
from tenants.context import enter_tenant
from tenants.routing import get_routing


class Command(BaseCommand):
    help = "Compares what is kept beside the ledger with the ledger itself. Exits 1 when something differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slugs", nargs="*", help="Communities to look at. Default: all.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object a community.")

    def handle(self, *args: Any, slugs: list[str], json: bool, **options: Any) -> None:
        routing = get_routing()
        contexts = [c for c in routing.contexts() if not slugs or c.slug in slugs]
        unknown = set(slugs) - {c.slug for c in contexts}
        if unknown:
            raise CommandError(
                f"There is no community {', '.join(sorted(unknown))}. `manage.py tenant list` lists them."
            )
        wrong = 0
        for context in sorted(contexts, key=lambda c: c.slug):
            with enter_tenant(context):
                findings = verify_ledger(context)
            wrong += bool(findings)
            self._tell(context.slug, findings, as_json=json)
        routing.stop()
        if wrong:
            raise CommandError(f"{wrong} of {len(contexts)} communities disagree with their ledger.")

    def _tell(self, slug: str, findings: list[Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"slug": slug, "findings": [asdict(one) for one in findings]}))
            return
        self.stdout.write(f"{slug}: {'everything agrees' if not findings else f'{len(findings)} findings'}")
        for one in findings:
            self.stdout.write(f"  {one.check}: {one.subject}: expected {one.expected}, found {one.found}")
