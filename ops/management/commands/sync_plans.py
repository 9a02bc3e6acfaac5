"""`manage.py sync_plans [--dry-run] [--json]`: bring Stripe to the plans, prices, meters, coupons and settings that this release
declares, and every community's entitlements to the plans as they are now.

Says each difference. Running it again changes nothing. Exit code 1 where something differs that cannot be changed.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.entitling import rewrite_all
from billing.syncing import sync_plans
from saas.core.errors import EngageHubError


class Command(BaseCommand):
    help = "Brings Stripe to the plans that are declared, after a release that changed them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only say what differs.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        dry = options["dry_run"]
        try:
            found = sync_plans(dry_run=dry)
        except EngageHubError as error:
            raise CommandError(error.message) from error
        rewritten = 0 if dry else rewrite_all()
        if options["json"]:
            told = {"differences": [asdict(one) for one in found], "rewritten": rewritten, "dry_run": dry}
            self.stdout.write(json.dumps(told))
        else:
            for one in found:
                end = "" if one.done else " (not done)"
                self.stdout.write(f"{one.kind} {one.name}: {one.text}{end}")
            if not found:
                self.stdout.write("Stripe is as declared.")
            if rewritten:
                self.stdout.write(
                    f"{rewritten} communities have what their plans give now; it differed before."
                )
        if not dry and any(not one.done for one in found):
            raise CommandError("Something differs that cannot be changed; see above.")
