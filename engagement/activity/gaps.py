"""Spells in which a shard heard nothing: from the bot's stream into the communities concerned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
import structlog
from redis import Redis

from saas.core import clock
from tenants.context import enter_tenant
from tenants.routing import Routing

from .models import HearingGap
from .stream import GAPS_KEY

GAPS_KEPT: Final = timedelta(days=365)
_PRUNED_AT_ONCE: Final = 2_000
log = structlog.get_logger(__name__)


def store_gaps(redis: Redis, routing: Routing, *, most: int = 100) -> int:
    """Store the reported gaps in each linked guild's community and take them off the stream. Idempotent on the report's id,
    so that a crash before the removal only repeats it. Answers how many reports were taken."""
    reports: Any = redis.xrange(GAPS_KEY, count=most)
    for report_id, fields in reports:
        try:
            _store(report_id.decode(), fields, routing)
        except (KeyError, ValueError, orjson.JSONDecodeError) as error:
            log.warning("gap_report_unreadable", report=report_id.decode(), error=str(error))
        redis.xdel(GAPS_KEY, report_id)
    return len(reports)


def _store(report_id: str, fields: dict[bytes, bytes], routing: Routing) -> None:
    started, ended = (
        datetime.fromtimestamp(int(fields[name]) / 1000, UTC) for name in (b"from_ms", b"to_ms")
    )
    for guild in orjson.loads(fields[b"guilds"]):
        context = routing.context_for_guild(int(guild))
        if context is None:
            continue
        with enter_tenant(context):
            HearingGap.objects.get_or_create(
                key=report_id,
                defaults={
                    "shard_id": int(fields[b"shard"]),
                    "started_at": started,
                    "ended_at": ended,
                    "reason": fields.get(b"reason", b"").decode("utf-8", "replace")[:200],
                },
            )


def prune_gaps() -> int:
    """Forget spells that ended a year ago, in the community in hand. Answers how many rows went. Idempotent."""
    old = HearingGap.objects.filter(ended_at__lt=clock.now() - GAPS_KEPT).order_by("pk")
    total = 0
    while ids := list(old.values_list("pk", flat=True)[:_PRUNED_AT_ONCE]):
        total += HearingGap.objects.filter(pk__in=ids).delete()[0]
    return total
