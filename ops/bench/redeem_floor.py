"""The bare transaction that `redeem` is measured against: the same rows into tables with the same columns, keys and indexes.

Nothing of the product's path is in it: no eligibility, limits, news, jobs, history. It takes the reward last, as whoever wants a
hot row to go fast would.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import psycopg

TABLES: Final = ("reward", "redemption", "ledger_balance", "ledger_entry")
_TAKE: Final = "UPDATE bare.ledger_balance SET current = current - 100 WHERE member_id = %s AND currency = 0 AND current >= 100"
_ENTRY: Final = (
    "INSERT INTO bare.ledger_entry (member_id, amount, counter, cause_kind, cause_id, base_amount, occurred_at) "
    "VALUES (%s, -100, 20, 20, %s, -100, %s)"
)
_REDEMPTION: Final = (
    "INSERT INTO bare.redemption (key, member_id, reward_id, reward_name, kind, price, counted, state, via, requested_at, decided_at) "
    "VALUES (%s, %s, %s, %s, 'custom', 100, true, 'approved', 'web', %s, %s) RETURNING id"
)
_RESERVE: Final = "UPDATE bare.reward SET reserved = reserved + 1 WHERE id = %s AND stock > reserved"


def make_tables(connection: psycopg.Connection[tuple[object, ...]], schema: str) -> None:
    """As the owner: the community's tables once more, filled alike."""
    connection.execute("CREATE SCHEMA bare")
    for table in TABLES:
        connection.execute(f'CREATE TABLE bare.{table} (LIKE "{schema}".{table} INCLUDING ALL)'.encode())
        connection.execute(
            f'INSERT INTO bare.{table} OVERRIDING SYSTEM VALUE SELECT * FROM "{schema}".{table}'.encode()
        )
    # LIKE would take the numbers of the other table's sequence.
    for table in ("redemption", "ledger_entry"):
        connection.execute(f"ALTER TABLE bare.{table} ALTER id DROP IDENTITY IF EXISTS".encode())
        connection.execute(f"CREATE SEQUENCE bare.{table}_id START 1000000".encode())
        connection.execute(
            f"ALTER TABLE bare.{table} ALTER id SET DEFAULT nextval('bare.{table}_id')".encode()
        )
    connection.execute(
        "ALTER TABLE bare.redemption ADD FOREIGN KEY (reward_id) REFERENCES bare.reward DEFERRABLE INITIALLY DEFERRED"
    )
    connection.execute("GRANT USAGE ON SCHEMA bare TO PUBLIC")
    connection.execute("GRANT ALL ON ALL TABLES IN SCHEMA bare TO PUBLIC")
    connection.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA bare TO PUBLIC")


def redeem_barely(
    connection: psycopg.Connection[tuple[object, ...]], member_id: int, reward_id: int, key: str
) -> None:
    now = datetime.now(UTC)
    with connection.transaction():
        made = connection.execute(
            _REDEMPTION, [key, member_id, reward_id, f"Reward {reward_id}", now, now]
        ).fetchone()
        assert made is not None
        taken = connection.execute(_TAKE, [member_id]).rowcount
        connection.execute(_ENTRY, [member_id, made[0], now])
        reserved = connection.execute(_RESERVE, [reward_id]).rowcount
        assert (taken, reserved) == (1, 1)
