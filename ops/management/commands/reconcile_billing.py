"""`manage.py reconcile_billing`: compares Stripe's subscriptions and events with our rows, and mends what differs."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.reconciling import KINDS, reconcile_billing
from saas.core.errors import EngageHubError


class Command(BaseCommand):
    help = "Compares Stripe with our rows, and mends what differs. The worker does it once an hour."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Say what differs and change nothing.")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        try:
            seen = reconcile_billing(dry_run=dry_run)
        except EngageHubError as error:
            raise CommandError(error.message) from error
        for one in seen.findings:
            what = f" ({one.what})" if one.what else ""
            self.stdout.write(f"{one.about}: {KINDS[one.kind]}{what}")
        done = "would be mended" if dry_run else "mended"
        self.stdout.write(
            f"{seen.subscriptions} subscriptions and {seen.events} events compared; "
            + (f"{len(seen.findings)} findings {done}." if seen.findings else "everything agrees.")
        )
