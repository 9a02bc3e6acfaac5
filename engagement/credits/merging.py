"""Credits and requests of a member who was merged into another one."""

from __future__ import annotations

from typing import Final

from django.db import connection

from engagement.ledger.models import POINTS, Cause, Counter
from engagement.ledger.moving import force_from_balance, give_to_balance

from .models import CreditRequest

# Moves stay under the name that they were made under: they are written once (engagement.credits.people.get_owner finds the way).
_SUMS: Final = f"""
SELECT currency, sum(amount)::bigint, max(id) FROM ledger_entry WHERE member_id = %s AND currency <> {POINTS}
GROUP BY currency HAVING sum(amount) <> 0 ORDER BY currency"""


def move_credits(*, kept_id: int, gone_id: int) -> dict[int, int]:
    """All credits of `gone_id` go over to `kept_id`: one pair of entries a type, debt included. Answers type → credits (less than 0: a
    debt). In the caller's transaction, which holds the ledger lock; locks the balances of both. Repeating it finds nothing more.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM ledger_balance WHERE member_id IN (%s, %s) AND currency <> %s ORDER BY member_id, currency "
            "FOR NO KEY UPDATE",
            (kept_id, gone_id, POINTS),
        )
        cursor.execute(_SUMS, (gone_id,))
        sums = cursor.fetchall()
    for currency, amount, last_id in sums:
        source, target = (gone_id, kept_id) if amount > 0 else (kept_id, gone_id)
        for move, member_id in ((force_from_balance, source), (give_to_balance, target)):
            move(
                member_id=member_id,
                currency=currency,
                amount=abs(amount),
                counter=Counter.TRANSFER,
                cause=Cause.MERGE,
                cause_id=last_id,
            )
    return {currency: amount for currency, amount, _ in sums}


def move_requests(*, member_id: int, merged_id: int) -> int:
    """The requests of `merged_id` are `member_id`'s from now on. Idempotent. Answers how many there were."""
    return CreditRequest.objects.filter(member_id=merged_id).update(member_id=member_id)
