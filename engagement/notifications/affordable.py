"""“You can now afford it”: told once for each reward and member, after what they gained.

Invariant: what was looked at and what was told are one transaction, so that a killed worker looks again and tells nothing twice. Never
work per entry: a slice of the ledger is one statement, however many members and rewards there are. A member is told of one reward a
slice, the dearest that came within reach, and of how many others did.
"""

from __future__ import annotations

from typing import Any, Final

from django.db import connection, transaction

from engagement.rewards.freezing import first_frozen_id
from saas.core import clock
from tenants.context import TenantContext

from .models import NotificationSettings
from .notices import Told, tell_members

SLICE: Final = 20_000  # entries
_UPTO: Final = "SELECT max(id) FROM (SELECT id FROM ledger_entry WHERE id > %s ORDER BY id LIMIT %s) AS s"
# Entries that are about to be committed may have lower ids than some that are; the newest few seconds wait for the next run.
_NEWEST: Final = (
    "SELECT coalesce((SELECT max(id) FROM ledger_entry WHERE created_at < now() - interval '5 seconds' "
    "AND created_at > now() - interval '30 days'), 0)"
)
_WORK: Final = (
    "SELECT EXISTS (SELECT 1 FROM reward WHERE state = 'active' AND price > 0) AND EXISTS (SELECT 1 FROM ledger_entry "
    "WHERE id > coalesce((SELECT affordable_upto FROM notification_settings WHERE id = 1), 0))"
)
_FITS: Final = (
    "(NOT r.eligibility ? 'level' OR p.level >= (r.eligibility->>'level')::int) "
    "AND (NOT r.eligibility ? 'days' OR p.joined_at <= %(now)s - make_interval(days => (r.eligibility->>'days')::int)) "
    "AND (NOT r.eligibility ? 'types' OR r.eligibility->'types' @> to_jsonb(p.type_id)) "
    "AND (NOT r.eligibility ? 'roles' OR EXISTS (SELECT 1 FROM jsonb_array_elements_text(r.eligibility->'roles') AS one(role) "
    "WHERE p.role_ids ? one.role)) "
    "AND (NOT r.eligibility ? 'figures' OR NOT EXISTS (SELECT 1 FROM jsonb_array_elements(r.eligibility->'figures') AS f(wanted) "
    "WHERE coalesce((SELECT value FROM member_figure g WHERE g.member_id = p.member_id AND g.name = f.wanted->>'name'), 0) "
    "< (f.wanted->>'least')::bigint))"
)
_FIND: Final = (
    "WITH gained AS (SELECT member_id, sum(amount) AS net FROM ledger_entry WHERE id > %(after)s AND id <= %(upto)s "
    "AND currency = 0 GROUP BY member_id HAVING sum(amount) > 0), "
    "people AS (SELECT g.member_id, b.current, greatest(b.current - g.net, 0) AS before, m.role_ids, m.joined_at, m.type_id, "
    "coalesce(q.level, 0) AS level FROM gained g JOIN ledger_balance b ON b.member_id = g.member_id AND b.currency = 0 "
    "JOIN member m ON m.id = g.member_id AND m.deleted_at IS NULL AND m.departed_at IS NULL AND m.waiting_since IS NULL "
    "AND NOT m.is_bot AND NOT m.quiet ? 'affordable' LEFT JOIN member_progress q ON q.member_id = g.member_id), "
    "within AS (SELECT p.member_id, r.id, r.name, r.price, "
    "row_number() OVER (PARTITION BY p.member_id ORDER BY r.price DESC, r.id) AS place, "
    "count(*) OVER (PARTITION BY p.member_id) AS many FROM people p JOIN reward r ON r.price > p.before AND r.price <= p.current "
    "WHERE r.state = 'active' AND r.id < %(frozen)s AND (r.starts_at IS NULL OR r.starts_at <= %(now)s) "
    "AND (r.ends_at IS NULL OR r.ends_at > %(now)s) AND (r.stock IS NULL OR r.stock > r.reserved) AND NOT r.is_drop AND "
    + _FITS
    + " AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.key = 'affordable:' || r.id || ':' || p.member_id) "
    "AND NOT EXISTS (SELECT 1 FROM redemption d WHERE d.reward_id = r.id AND d.member_id = p.member_id "
    "AND d.state NOT IN ('rejected', 'cancelled', 'expired'))) "
    "SELECT member_id, id, name, price, many - 1 FROM within WHERE place = 1 ORDER BY member_id"
)


def tell_affordable(*, context: TenantContext) -> bool:
    """Look through the next slice of the ledger and tell members what came within their reach. Answers whether there is more.

    Locks the row of the notifications' settings. The first time nothing is told: what members had before is no news. Publishes
    MemberTold.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        NotificationSettings.objects.get_or_create(pk=1)
        after = (
            NotificationSettings.objects.select_for_update()
            .values_list("affordable_upto", flat=True)
            .get(pk=1)
        )
        cursor.execute(_NEWEST)
        newest = int(cursor.fetchone()[0])
        if newest <= after:
            return False
        if after == 0:
            upto = newest
        else:
            cursor.execute(_UPTO, [after, SLICE])
            upto = min(int(cursor.fetchone()[0]), newest)
            facts: dict[str, Any] = {
                "after": after,
                "upto": upto,
                "frozen": first_frozen_id(context),
                "now": clock.now(),
            }
            cursor.execute(_FIND, facts)
            tell_members([_describe(*row) for row in cursor.fetchall()])
        NotificationSettings.objects.filter(pk=1).update(affordable_upto=upto)
    return upto < newest


def has_gains() -> bool:
    """Whether anybody gained since the last look, where there is something to afford. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_WORK)
        return bool(cursor.fetchone()[0])


def _describe(member_id: int, reward_id: int, name: str, price: int, more: int) -> Told:
    facts = {"id": reward_id, "reward": name, "points": price, "count": more}
    return Told(member_id, "affordable", facts, f"affordable:{reward_id}:{member_id}")
