"""The two statements of a redemption: what is asked before, and what is written. They name their schema ({s}) and are kept prepared.

A redemption is the one thing in the shop that hundreds do in the same second, so it goes past the ORM.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from engagement.ledger.moving import SPEND_CLAUSES
from engagement.ledger.prepared import ask

from .models import Redemption

_FACTS: Final = (
    "SELECT m.id, m.display_name, m.is_bot, m.deleted_at IS NOT NULL, m.departed_at IS NOT NULL, m.waiting_since IS NOT NULL, "
    "m.role_ids::text, coalesce(m.joined_at, m.created_at), m.type_id, p.level, b.current, "
    "r.id, r.kind, r.name, r.price, r.sponsor_id, r.state, r.stock, r.reserved, r.limit_count, r.limit_period, r.eligibility::text, "
    "r.starts_at, r.ends_at, r.is_drop, r.approval, r.approval_above, r.settings->>'draws_at', r.draw ? 'digest', r.draw ? 'seed', "
    "(SELECT id FROM {s}.redemption WHERE key = %(key)s) "
    "FROM (VALUES (1)) AS one LEFT JOIN {s}.reward r ON r.id = %(reward)s::bigint LEFT JOIN {s}.member m ON m.id = %(member)s::bigint "
    "LEFT JOIN {s}.member_progress p ON p.member_id = m.id LEFT JOIN {s}.ledger_balance b ON b.member_id = m.id AND b.currency = 0"
)
_MADE: Final = (
    "WITH made AS (INSERT INTO {s}.redemption (key, member_id, reward_id, sponsor_id, reward_name, kind, price, counted, state, via, "
    "requested_at, decided_at, address, history, told) VALUES (%(key)s, %(member)s, %(reward)s, %(sponsor)s, %(name)s, %(kind)s, "
    "%(amount)s, %(counted)s, %(state)s, %(via)s, %(now)s, %(decided)s, %(address)s, %(history)s, %(told)s) RETURNING id), "
    + SPEND_CLAUSES
)
_WRITE: Final = _MADE + " SELECT made.id FROM made, moved, entry"
# The reward comes last, so that the statement waits for it with everything else done.
_WRITE_AND_RESERVE: Final = _MADE + (
    " UPDATE {s}.reward SET reserved = reserved + 1 FROM made, moved, entry WHERE reward.id = %(reward)s "
    "RETURNING made.id, stock - reserved, low_stock"
)
_RESERVE: Final = (
    "UPDATE {s}.reward SET reserved = reserved + 1 WHERE id = %s RETURNING stock - reserved, low_stock"
)


@dataclass(slots=True)
class AskedMember:
    id: int | None
    name: str
    is_bot: bool
    is_deleted: bool
    has_left: bool
    waits: bool
    role_ids: str
    joined_at: datetime | None
    type_id: int | None
    level: int
    points: int


@dataclass(slots=True)
class AskedReward:
    """Of the model's fields those that decide; `eligibility` is taken apart."""

    id: int | None
    kind: str
    name: str
    price: int
    sponsor_id: int | None
    state: str
    stock: int | None
    reserved: int
    limit_count: int | None
    limit_period: str
    eligibility: dict[str, Any]
    starts_at: datetime | None
    ends_at: datetime | None
    is_drop: bool
    approval: str
    approval_above: int | None
    draws_at: str | None
    is_committed: bool
    is_drawn: bool

    @property
    def pk(self) -> int:
        assert self.id is not None
        return self.id


_MEMBER: Final = len(AskedMember.__slots__)


def read_facts(
    schema: str, *, key: str, member_id: int, reward_id: int
) -> tuple[AskedMember, AskedReward, int | None]:
    """The member, the reward (an id of None: there is none) and the redemption that was made under the key. One query, no lock."""
    row = ask(_FACTS, {"key": key, "member": member_id, "reward": reward_id}, schema=schema)
    assert row is not None
    reward = AskedReward(*row[_MEMBER:-1])
    asks = row[_MEMBER + 10]
    reward.eligibility = {} if asks in (None, "{}") else orjson.loads(asks)
    return AskedMember(*row[:_MEMBER]), reward, row[-1]


@dataclass(frozen=True, slots=True)
class Written:
    """`left`: so many are free afterwards; `low`: so many the team wants to hear of. Both None where nothing was reserved."""

    id: int
    left: int | None = None
    low: int | None = None


def write_redemption(schema: str, row: Redemption, *, reserve: bool) -> Written:
    """The redemption, its ledger entry, the balance and, where asked, one of the stock; all of it or nothing. Locks the balance, then
    the reward.

    Raises django.db.IntegrityError, whose constraint says why: the key was taken, the balance does not cover it, none is free.
    """
    found = ask(
        _WRITE_AND_RESERVE if reserve else _WRITE,
        {
            "key": row.key,
            "member": row.member_id,
            "reward": row.reward_id,
            "sponsor": row.sponsor_id,
            "name": row.reward_name,
            "kind": row.kind,
            "amount": row.price,
            "counted": row.counted,
            "state": row.state,
            "via": row.via,
            "now": row.requested_at,
            "decided": row.decided_at,
            "address": row.address,
            "told": row.told,
            "history": orjson.dumps(row.history).decode(),
        },
        schema=schema,
    )
    if found is None:
        raise LookupError(f"Member {row.member_id} has no balance, or reward {row.reward_id} was deleted.")
    return Written(*found)


def reserve_one(schema: str, redemption_id: int, reward_id: int) -> Written:
    """One of the stock for a redemption that was written without. Raises IntegrityError where none is free."""
    found = ask(_RESERVE, [reward_id], schema=schema)
    assert found is not None
    return Written(redemption_id, *found)
