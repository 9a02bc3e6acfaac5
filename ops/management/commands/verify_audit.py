"""`manage.py verify_audit`: recomputes every community's sealed audit log and says where it was tampered with.

verify_audit                                        every community
verify_audit acme --expect 1200:9f86d081…           that place must still hold that digest, as the worker's log noted it
"""

from __future__ import annotations

import json
import re
from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from engagement.audit.verification import Verified, verify_chain
from tenants.context import enter_tenant
from tenants.routing import get_routing

SHOWN = 50


class Command(BaseCommand):
    help = "Finds audit entries that were changed, removed, added or reordered. Exits 1 when it finds any."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slugs", nargs="*", help="Communities to look at. Default: all.")
        parser.add_argument(
            "--expect", type=_anchor, metavar="PLACE:DIGEST",
            help="A place of the chain and its digest that were noted elsewhere. For one community.",
        )  # fmt: skip
        parser.add_argument("--json", action="store_true", help="Print one JSON object a community.")

    def handle(
        self, *args: Any, slugs: list[str], expect: tuple[int, str] | None, json: bool, **options: Any
    ) -> None:
        if expect is not None and len(slugs) != 1:
            raise CommandError("Name the one community whose chain --expect is about.")
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
                verified = verify_chain(anchor=expect)
            wrong += bool(verified.findings)
            self._tell(context.slug, verified, as_json=json)
        routing.stop()
        if wrong:
            raise CommandError(f"{wrong} of {len(contexts)} audit logs do not verify.")

    def _tell(self, slug: str, verified: Verified, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"slug": slug, **asdict(verified)}))
            return
        state = f"{len(verified.findings)} findings" if verified.findings else "everything verifies"
        self.stdout.write(f"{slug}: {state}; {verified.position} places, head {verified.chain}")
        for one in verified.findings[:SHOWN]:
            place = f"place {one.position}, " if one.position else ""
            self.stdout.write(f"  {one.kind}: {place}entry {one.entry_id}: {one.text}")
        if len(verified.findings) > SHOWN:
            self.stdout.write(f"  … and {len(verified.findings) - SHOWN} more; --json lists all.")


def _anchor(text: str) -> tuple[int, str]:
    match = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", text)
    if match is None:
        raise ArgumentTypeError("It looks like 1200:9f86d081…, a place and a digest of 64 characters.")
    return int(match[1]), match[2]
