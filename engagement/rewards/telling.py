"""The news of new redemptions, published many at a time.

A redemption in a transaction of its own only marks itself as not told, because a job for each, and the notification of workers that goes
with it, would cost more than the redemption. One waiting job publishes all that came in meanwhile; each once, in the transaction that
takes the mark away. Whoever moves a redemption on before that tells first, so that news keeps its order.
"""

from __future__ import annotations

from typing import Final

from django.db import connection, transaction

from engagement.ledger.prepared import prepared_cursor
from saas.events import append_events
from saas.events.jobs import JobRow, defer_rows
from saas.events.wake import announce

from .models import Redemption
from .redemption_events import RedemptionChanged

TELL: Final = "engagement.rewards.tell_new_redemptions"
_AT_ONCE: Final = 500
_TAKE: Final = (
    "UPDATE redemption SET told = true WHERE id IN (SELECT id FROM redemption WHERE NOT told ORDER BY id LIMIT %s "
    "FOR UPDATE SKIP LOCKED) RETURNING id, member_id, reward_id, state"
)


def ask_to_tell(schema: str) -> None:
    """One job, after the commit; none where one waits already. What a crash loses here, the sweep finds."""
    defer_rows(prepared_cursor(), [JobRow(TELL, schema, queueing_lock=TELL)])


def tell_new_redemptions(schema: str) -> int:
    """Publish RedemptionChanged for each that is not told yet, the oldest first; answers how many. One transaction a few hundred.

    Locks those redemptions, leaving out what others hold: they tell it themselves. Idempotent.
    """
    told = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_TAKE, [_AT_ONCE])
            rows = sorted(cursor.fetchall())
            events = [
                RedemptionChanged(row, member, reward, state, "") for row, member, reward, state in rows
            ]
            ids = append_events(cursor, events, schema=schema)
        told += len(rows)
        if ids:
            announce(schema, ids[-1])
        if len(rows) < _AT_ONCE:
            return told


def has_untold() -> bool:
    return Redemption.objects.filter(told=False).exists()
