"""Points of many members at once: exact when they are brought, exact when they are taken back."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection

from engagement.activity.memory import TenantMemory
from engagement.audit.actor import SYSTEM
from engagement.leaderboards.selectors import get_board
from engagement.ledger.models import LedgerBalance, LedgerEntry
from engagement.ledger.statements import ledger_unit
from engagement.members.models import Identity, Member
from engagement.members.selectors import find_member_ids
from engagement.progression.bulk import (
    Booked,
    Brought,
    amount_to_book,
    bring_points,
    remove_untouched,
    take_back_points,
)
from engagement.progression.figures import record_figures
from engagement.progression.verification import verify_ledger
from engagement.standings.models import Standing, StandingBucket
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant
from tests.engagement.activity.facts import NOON, book, message

pytestmark = pytest.mark.usefixtures("rules")


def bring(
    context: TenantContext,
    points: dict[int, int],
    *,
    import_id: int = 1,
    existing: str = "highest",
    earlier: dict[str, int] | None = None,
) -> dict[int, Booked]:
    with ledger_unit() as (run, schema):
        brought = [
            Brought(str(user), f"Person {user}", "", amount, NOON + place)
            for place, (user, amount) in enumerate(points.items())
        ]
        booked = bring_points(
            run,
            schema,
            provider="discord",
            brought=brought,
            existing=existing,
            earlier=earlier or {},
            import_id=import_id,
            context=context,
        )
    return {int(one.external_id): one for one in booked}


def take_back(context: TenantContext, users: list[int], *, import_id: int = 1) -> int:
    with ledger_unit() as (run, schema):
        ids = list(find_member_ids(provider="discord", external_ids=[str(user) for user in users]).values())
        count = take_back_points(run, schema, member_ids=ids, import_id=import_id, context=context)
        remove_untouched(run, schema, member_ids=ids)
    return count


def picture() -> dict[str, list[Any]]:
    """Everything that is kept beside the ledger."""
    tables = {
        "standing": "SELECT * FROM standing ORDER BY member_id",
        "past": "SELECT * FROM standing_past ORDER BY kind, starts_on, member_id",
        "balance": "SELECT * FROM ledger_balance ORDER BY member_id",
        "level": "SELECT member_id, level FROM member_progress ORDER BY member_id",
        "bucket": "SELECT kind, starts_on, sum(count) FROM standing_bucket GROUP BY 1, 2 HAVING sum(count) > 0 ORDER BY 1, 2",
    }
    found = {}
    with connection.cursor() as cursor:
        for name, sql in tables.items():
            cursor.execute(sql)
            found[name] = cursor.fetchall()
    return found


@pytest.mark.parametrize(
    ("existing", "points", "lifetime", "earlier", "amount"),
    [
        ("add", 500, 120, 0, 500),
        ("add", 700, 620, 500, 200),  # a newer file brings the difference
        ("replace", 500, 120, 0, 380),
        ("replace", 50, 120, 0, -70),
        ("highest", 500, 120, 0, 380),
        ("highest", 50, 120, 0, 0),
    ],
)
def test_what_is_booked(existing: str, points: int, lifetime: int, earlier: int, amount: int) -> None:
    assert amount_to_book(existing, points, lifetime=lifetime, earlier=earlier) == amount


def test_newcomers_and_known_members_get_what_the_old_bot_counted(acme: TenantContext) -> None:
    book(acme, [message(1, type="thread")])
    with enter_tenant(acme):
        events = TenantEvent.objects.count()
        before = Standing.objects.get()

        booked = bring(acme, {1: 5_000, 2: 100, 3: 0, 4: 99})

        assert [one.created for one in booked.values()] == [False, True, True, True]
        assert [one.level_after for one in booked.values()] == [10, 1, 0, 0]
        assert sorted(LedgerBalance.objects.values_list("lifetime", flat=True)) == [0, 99, 100, 5_000]
        after = Standing.objects.get(pk=before.pk)
        assert after.all_score == 5_000
        assert (after.week_score, after.month_score, after.season_score) == (
            before.week_score,
            before.month_score,
            before.season_score,
        )
        assert [row.score for row in get_board(kind="all").rows] == [5_000, 100, 99]
        assert TenantEvent.objects.count() == events
        assert verify_ledger(acme) == []


def test_among_equals_the_order_of_the_old_bot_holds(acme: TenantContext) -> None:
    with enter_tenant(acme):
        bring(acme, {7: 300, 5: 300, 6: 300})

        assert [row.name for row in get_board(kind="all").rows] == ["Person 7", "Person 5", "Person 6"]


def test_taken_back_at_once_all_is_as_before(acme: TenantContext) -> None:
    book(acme, [message(1, type="thread"), message(2, type="thread", at=NOON - 40 * 86_400_000)])
    with enter_tenant(acme):
        before = picture()
        bring(acme, {1: 5_000, 2: 90, 3: 100, 4: 0}, existing="add")
        assert verify_ledger(acme) == []

        assert take_back(acme, [1, 2, 3, 4]) == 3

        assert picture() == before
        assert Member.objects.count() == Identity.objects.count() == 2
        assert take_back(acme, [1, 2, 3, 4]) == 0
        assert verify_ledger(acme) == []


def test_what_was_earned_and_chosen_since_stays(acme: TenantContext) -> None:
    memory = TenantMemory()
    book(acme, [message(1, type="thread")], memory)
    with enter_tenant(acme):
        bring(acme, {1: 5_000, 2: 100, 3: 100, 4: 100})
    # User 2 is known to ingest's memory only after the import; user 1's row was kept in it from before.
    book(
        acme,
        [message(1, type="thread", at=NOON + 600_000), message(2, type="thread", at=NOON + 600_000)],
        memory,
    )
    with enter_tenant(acme):
        ids = find_member_ids(provider="discord", external_ids=["1", "2", "3", "4"])
        record_figures(actor=SYSTEM, name="badges", values={ids["3"]: 5})
        assert verify_ledger(acme) == []
        earned = LedgerEntry.objects.filter(member_id=ids["1"]).exclude(cause_kind=10)

        take_back(acme, [1, 2, 3, 4])

        assert LedgerBalance.objects.get(member_id=ids["1"]).lifetime == sum(
            entry.amount for entry in earned if entry.cause_kind != 11
        )
        assert set(Member.objects.values_list("pk", flat=True)) == {ids["1"], ids["2"], ids["3"]}
        assert Standing.objects.get(pk=ids["3"]).all_at is None
        assert verify_ledger(acme) == []


def test_an_import_undone_and_another_one_stand_apart(acme: TenantContext) -> None:
    book(acme, [message(1, type="thread")])
    with enter_tenant(acme):
        before = picture()
        bring(acme, {1: 500, 2: 500}, import_id=1)
        take_back(acme, [1, 2], import_id=1)
        bring(acme, {1: 700, 2: 100}, import_id=2)
        bring(acme, {1: 900, 2: 100}, import_id=3)
        assert verify_ledger(acme) == []

        take_back(acme, [1, 2], import_id=3)
        take_back(acme, [1, 2], import_id=2)

        assert picture() == before
        assert verify_ledger(acme) == []


def test_points_that_were_spent_become_a_debt(acme: TenantContext) -> None:
    with enter_tenant(acme):
        ids = bring(acme, {1: 500})
        LedgerEntry.objects.create(
            member_id=ids[1].member_id,
            amount=-400,
            counter=99,
            cause_kind=99,
            cause_id=1,
            base_amount=-400,
            occurred_at="2026-11-18T12:00:00Z",
        )
        LedgerBalance.objects.update(current=100)

        take_back(acme, [1])

        balance = LedgerBalance.objects.get()
        assert (balance.current, balance.debt, balance.lifetime) == (0, 400, 0)


def test_one_import_never_books_a_member_twice(acme: TenantContext) -> None:
    with enter_tenant(acme):
        bring(acme, {1: 500}, existing="add")
        with pytest.raises(IntegrityError):
            bring(acme, {1: 500}, existing="add")
        assert LedgerBalance.objects.get().lifetime == 500


def test_thousands_at_once_keep_the_histogram(acme: TenantContext) -> None:
    with enter_tenant(acme):
        points = {user: user % 1_700 for user in range(1, 5_001)}
        bring(acme, points)
        assert StandingBucket.objects.filter(kind="all").count() > 4
        assert verify_ledger(acme) == []

        take_back(acme, list(points))

        assert Member.objects.count() == 0
        assert verify_ledger(acme) == []
