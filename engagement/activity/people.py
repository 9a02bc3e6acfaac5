"""People as activities tell of them: who is new, and what changed about who is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import orjson

from engagement.ledger.arrays import bool_array, int_array, text_array
from engagement.ledger.statements import Run, in_schema
from engagement.members.events import MembersUnnamed
from engagement.progression.newcomers import NAMELESS, Newcomer
from engagement.progression.rows import MemberRow

from .messages import Activity
from .takebacks import TAKEBACK_TYPES

# Facts about somebody who is not a member yet: nothing was earned, so no member comes of it.
NO_NEWCOMER: Final = TAKEBACK_TYPES | {"left", "member_updated"}
_A_LOOK: Final = 100  # members an event
_PROFILES: Final = (
    "WITH people AS (SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::jsonb[], %s::boolean[], %s::bigint[]) "
    "AS u(id, name, avatar, roles, departed, joined)), places AS ("
    "UPDATE {s}.standing s SET joined_at = to_timestamp(u.joined / 1000::float8) "
    "FROM people u WHERE s.member_id = u.id AND u.joined IS NOT NULL) "
    "UPDATE {s}.member m SET display_name = u.name, avatar_url = u.avatar, role_ids = u.roles, "
    "joined_at = coalesce(to_timestamp(u.joined / 1000::float8), m.joined_at), "
    "departed_at = CASE WHEN u.departed THEN coalesce(m.departed_at, now()) END "
    "FROM people u WHERE m.id = u.id"
)


def notice(activity: Activity, row: MemberRow) -> bool:
    """Take over name, avatar, roles, join date and presence; answers whether anything changed."""
    attributes = activity.attributes
    changed = False
    name, avatar, roles = attributes.get("name"), attributes.get("avatar"), attributes.get("roles")
    if isinstance(name, str) and name and name[:100] != row.display_name:
        row.display_name, changed = name[:100], True
    if isinstance(avatar, str) and avatar[:500] != row.avatar_url:
        row.avatar_url, changed = avatar[:500], True
    if isinstance(roles, list) and row.role_ids.symmetric_difference(roles):
        row.role_ids, changed = frozenset(str(role) for role in roles), True
    if row.joined_at_ms is None and attributes.get("joined"):
        row.joined_at_ms, changed = milliseconds_of(attributes["joined"]), True
    # Somebody else's reaction to what they once wrote brings nobody back.
    departed = activity.type == "left" or (row.departed and activity.type == "reaction_received")
    if departed != row.departed:
        row.departed, changed = departed, True
    return changed


def write_profiles(run: Run, schema: str, members: Mapping[int, MemberRow]) -> None:
    """Store what `notice` took over."""
    rows = members.values()
    run(
        in_schema(_PROFILES, schema),
        (
            int_array(members),
            text_array(row.display_name for row in rows),
            text_array(row.avatar_url for row in rows),
            text_array(orjson.dumps(sorted(row.role_ids)).decode() for row in rows),
            bool_array(row.departed for row in rows),
            int_array(row.joined_at_ms for row in rows),
        ),
    )


def unnamed_among(newcomers: Sequence[MemberRow]) -> list[MembersUnnamed]:
    """News of those of whom the activity told the id alone, so that somebody looks their names up."""
    ids = [row.member_id for row in newcomers if row.display_name == NAMELESS]
    return [MembersUnnamed(ids[start : start + _A_LOOK]) for start in range(0, len(ids), _A_LOOK)]


def newcomer_of(activity: Activity) -> Newcomer:
    """The member that an activity of somebody unknown makes."""
    provider, external_id = activity.subject.split(":", 1)
    attributes = activity.attributes
    name, avatar, roles = attributes.get("name"), attributes.get("avatar"), attributes.get("roles")
    return Newcomer(
        provider,
        external_id,
        name[:100] if isinstance(name, str) and name else NAMELESS,
        avatar[:500] if isinstance(avatar, str) else "",
        milliseconds_of(attributes.get("joined")),
        bool(attributes.get("bot")),
        [str(role) for role in roles] if isinstance(roles, list) else [],
    )


@lru_cache(maxsize=20_000)
def milliseconds_of(moment: Any) -> int | None:
    """An ISO 8601 moment in milliseconds; None for what is none."""
    try:
        return int(datetime.fromisoformat(moment).timestamp() * 1000)
    except (TypeError, ValueError, OverflowError):
        return None
