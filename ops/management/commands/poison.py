"""`manage.py poison list|show|replay`: activities that could not be booked, and another try once their cause is mended."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from engagement.activity.poison import get_poison, list_poison, replay_poison
from saas.core.errors import EngageHubError
from saas.core.redis_clients import stream_redis
from tenants.models import PoisonActivity
from tenants.selectors import get_tenant

SHOWN = 2_000  # characters of a message


class Command(BaseCommand):
    help = "Lists, shows and replays activities that were set aside because they could not be booked."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="list|show|replay")
        listing = actions.add_parser("list", help="What waits, the newest first.")
        listing.add_argument("--tenant", metavar="SLUG", help="Of one community only.")
        listing.add_argument("--limit", type=int, default=50)
        listing.add_argument("--json", action="store_true", help="Print one JSON object a line.")
        show = actions.add_parser("show", help="One of them, with its message.")
        show.add_argument("id", type=int)
        replay = actions.add_parser("replay", help="Put them on the stream again, each once.")
        replay.add_argument("ids", type=int, nargs="*")
        replay.add_argument("--all", action="store_true", help="Everything that waits and was kept whole.")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            getattr(self, f"_{action}")(**options)
        except EngageHubError as error:
            raise CommandError(error.message) from error

    def _list(self, *, tenant: str | None, limit: int, json: bool, **_: Any) -> None:
        rows = list_poison(tenant_id=get_tenant(slug=tenant).pk if tenant else None, limit=limit)
        for row in rows:
            self.stdout.write(_as_json(row) if json else _as_line(row))
        if not rows and not json:
            self.stdout.write("Nothing was set aside.")

    def _show(self, *, id: int, **_: Any) -> None:
        row = get_poison(poison_id=id)
        self.stdout.write(_as_line(row))
        self.stdout.write(bytes(row.raw).decode("utf-8", "backslashreplace")[:SHOWN])

    def _replay(self, *, ids: list[int], all: bool, **_: Any) -> None:
        if not ids and not all:
            raise CommandError("Name the ids to replay, or --all.")
        chosen = ids or [row.pk for row in list_poison(limit=10_000)]
        failed = 0
        for poison_id in chosen:
            try:
                key = replay_poison(
                    stream_redis(), poison_id=poison_id, partitions=settings.ACTIVITY_PARTITIONS
                )
                self.stdout.write(f"{poison_id}: on the stream again as {key}")
            except EngageHubError as error:
                failed += 1
                self.stderr.write(f"{poison_id}: {error.message}")
        if failed:
            raise CommandError(f"{failed} of {len(chosen)} could not be replayed.")


def _as_line(row: PoisonActivity) -> str:
    where = row.source or "unknown source"
    return f"{row.pk}  {row.seen_at:%Y-%m-%d %H:%M:%S}  {where}  {row.size:,} bytes  {row.error}"


def _as_json(row: PoisonActivity) -> str:
    return json.dumps(
        {
            "id": row.pk,
            "key": row.key,
            "tenant_id": row.tenant_id,
            "source": row.source,
            "size": row.size,
            "error": row.error,
            "seen_at": row.seen_at.isoformat(),
        }
    )
