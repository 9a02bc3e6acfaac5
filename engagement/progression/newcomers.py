"""Members who are seen for the first time: every row that a member has, made together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import orjson

from engagement.ledger.arrays import bool_array, int_array, text_array
from engagement.ledger.statements import Run, in_schema

_CREATE: Final = """WITH newcomers AS MATERIALIZED (
  SELECT nextval('{s}.member_id_seq') AS id, u.*,
    to_timestamp(u.joined / 1000::float8) AS joined_at
  FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::boolean[], %s::jsonb[])
    AS u(provider, external_id, name, avatar, joined, is_bot, roles)
  LEFT JOIN {s}.identity known ON known.provider = u.provider AND known.external_id = u.external_id
  WHERE known.id IS NULL
), people AS (
  INSERT INTO {s}.member (id, display_name, avatar_url, joined_at, is_bot, role_ids, visibility, alias, timezone, locale)
  SELECT id, name, avatar, joined_at, is_bot, roles, 'visible', '', '', '' FROM newcomers
), identities AS (
  INSERT INTO {s}.identity (provider, external_id, member_id) SELECT provider, external_id, id FROM newcomers
), balances AS (
  INSERT INTO {s}.ledger_balance (member_id, currency, current, lifetime, debt) SELECT id, 0, 0, 0, 0 FROM newcomers
), progress AS (
  INSERT INTO {s}.member_progress (member_id, level, usage) SELECT id, 0, '{}' FROM newcomers
)
INSERT INTO {s}.standing (member_id, ranked, joined_at, tie_value, all_score, season_score, month_score, week_score)
SELECT id, NOT is_bot, coalesce(joined_at, now()), 0, 0, 0, 0, 0 FROM newcomers
RETURNING member_id"""


NAMELESS = "A member"  # of whom only the id is known as yet


class Newcomer(NamedTuple):
    provider: str
    external_id: str
    name: str
    avatar_url: str
    joined_ms: int | None
    is_bot: bool
    role_ids: Sequence[str]


def create_members(run: Run, schema: str, newcomers: Sequence[Newcomer]) -> list[int]:
    """Make the rows of people whom nobody knows yet; those already known are left alone.

    Under the ledger lock, so that two callers cannot both find somebody unknown. Answers the new ids, in no order.
    """
    return [
        row[0]
        for row in run(
            in_schema(_CREATE, schema),
            (
                text_array(one.provider for one in newcomers),
                text_array(one.external_id for one in newcomers),
                text_array(one.name for one in newcomers),
                text_array(one.avatar_url for one in newcomers),
                int_array(one.joined_ms for one in newcomers),
                bool_array(one.is_bot for one in newcomers),
                text_array(orjson.dumps(list(one.role_ids)).decode() for one in newcomers),
            ),
        ).fetchall()
    ]
