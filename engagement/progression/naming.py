"""Names for members of whom only the id was known.

Invariant: a name that somebody has is never replaced here; the newest activity of a member is the better source.
"""

from __future__ import annotations

from collections.abc import Mapping

from engagement.ledger.statements import ledger_unit
from engagement.members.models import Member
from saas.core.text import clean_line

from .newcomers import NAMELESS

MAX_NAME = 100


def list_nameless(*, member_ids: list[int]) -> dict[int, str]:
    """Those of the members that have no name yet → their id at Discord."""
    found = Member.objects.filter(
        pk__in=member_ids, display_name=NAMELESS, identities__provider="discord"
    ).values_list("pk", "identities__external_id")
    return dict(found.order_by("pk"))


def name_members(*, names: Mapping[int, str]) -> int:
    """Give nameless members their names. Returns how many took one.

    Takes the ledger lock. Idempotent: a member who has a name by now keeps it. Empty names are passed over.
    """
    cleaned = {member_id: clean_line(name, limit=MAX_NAME) for member_id, name in names.items()}
    cleaned = {member_id: name for member_id, name in cleaned.items() if name}
    if not cleaned:
        return 0
    with ledger_unit() as (run, schema):
        rows = run(
            f"UPDATE {schema}.member m SET display_name = u.name "
            "FROM unnest(%s::bigint[], %s::text[]) AS u(id, name) "
            "WHERE m.id = u.id AND m.display_name = %s RETURNING m.id",
            (list(cleaned), list(cleaned.values()), NAMELESS),
        ).fetchall()
    return len(rows)
