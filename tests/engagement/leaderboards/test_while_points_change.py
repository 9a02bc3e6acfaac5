"""Ranks are exact while others earn: each answer agrees with a plain count of the same snapshot."""

from __future__ import annotations

import threading
from random import Random

import pytest
from django.db import connection, transaction

from tenants.context import TenantContext, enter_tenant

PLAIN = """SELECT 1 + count(*) FROM standing s, (SELECT * FROM standing WHERE member_id = %s) AS me
WHERE s.ranked AND s.all_at IS NOT NULL AND (s.all_score > me.all_score OR s.all_score = me.all_score AND
  (s.all_at, s.tie_value, s.joined_at, s.member_id) < (me.all_at, me.tie_value, me.joined_at, me.member_id))"""


@pytest.fixture(autouse=True)
def in_acme(committed_db: None) -> None:
    """Real commits here, and the clock runs."""


@pytest.mark.race
def test_ranks_agree_with_a_plain_count_while_points_change(acme: TenantContext, rules: None) -> None:
    from engagement.activity.memory import TenantMemory
    from engagement.leaderboards.selectors import get_around, get_board, get_rank
    from engagement.members.models import Member
    from tests.engagement.activity.facts import MINUTE, NOON, book, message

    dice = Random(3)
    memory = TenantMemory()
    book(acme, [message(user, at=NOON) for user in range(1, 120)], memory)
    stop = threading.Event()
    booked: list[int] = []

    def earn() -> None:
        try:
            minute = 0
            while not stop.is_set():
                minute += 2
                users = dice.sample(range(1, 140), 15)
                book(acme, [message(user, at=NOON + minute * MINUTE) for user in users], memory)
                booked.append(minute)
        finally:
            connection.close()

    writer = threading.Thread(target=earn)
    writer.start()
    try:
        with enter_tenant(acme):
            somebody = list(Member.objects.values_list("pk", flat=True))
            for round_ in range(60):
                member_id = somebody[round_ * 7 % len(somebody)]
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                    place = get_rank(member_id=member_id, kind="all")
                    rows = get_board(kind="all", size=10, offset=50).rows
                    around = get_around(member_id=member_id, kind="all", radius=2)
                    cursor.execute(PLAIN, [member_id])
                    assert cursor.fetchone() == (place.rank,)
                    for row in (*rows, *around):
                        cursor.execute(PLAIN, [row.member_id])
                        assert cursor.fetchone() == (row.rank,)
    finally:
        stop.set()
        writer.join()
    assert len(booked) > 5
