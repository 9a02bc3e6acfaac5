"""What a boost would have given in the last window of its weekdays: the same answer as ingest would have booked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engagement.analytics import boost_preview
from engagement.analytics.boost_preview import last_matching_window, preview_boost
from engagement.audit.actor import SYSTEM
from engagement.boosts.models import Boost
from engagement.boosts.services import BoostDraft, check_draft
from engagement.boosts.windows import moment_of
from engagement.ledger.models import LedgerEntry
from engagement.rules.selectors import list_rules
from engagement.rules.services import archive_rule, create_rule
from saas.core import clock
from tenants.context import TenantContext, enter_tenant

from ..activity.facts import DAY, MINUTE, NOON, book, message

pytestmark = pytest.mark.usefixtures("committed_db")
NEXT_WEEK = moment_of(NOON + 7 * DAY)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def capped_messages(committed_db: None, acme: TenantContext) -> None:
    """Ten a message, 25 a day."""
    with enter_tenant(acme):
        for rule in list_rules():
            archive_rule(key=rule.key, actor=SYSTEM)
        definition = {"triggers": ["message"], "amount": 10, "daily_points_cap": 25}
        create_rule(key="chat", name="Chat", definition=definition, actor=SYSTEM)


def drafted(context: TenantContext, scope: dict[str, Any] | None = None) -> Boost:
    """Doubles two hours from noon on, a week after the activities."""
    draft = BoostDraft("Double", 200, scope or {}, NEXT_WEEK, NEXT_WEEK + 2 * HOUR)
    return check_draft(draft, context=context, now=NEXT_WEEK - HOUR)


def test_it_adds_what_the_boost_would_have_added_and_no_more_than_the_caps_allow(acme: TenantContext) -> None:
    book(
        acme,
        [
            message(1, at=NOON + MINUTE),
            message(1, at=NOON + 2 * MINUTE),
            message(2, at=NOON + 3 * MINUTE),
            message(3, at=NOON - MINUTE),
            message(3, at=NOON + 121 * MINUTE),
        ],
    )

    with enter_tenant(acme):
        before = LedgerEntry.objects.count()
        found = preview_boost(boost=drafted(acme), context=acme, now=NEXT_WEEK - HOUR)
        assert LedgerEntry.objects.count() == before

    # The first member goes from 20 to the day's 25, the second from 10 to 20; the third was there at another time.
    assert (found.points, found.members, found.plain, found.sampled) == (15, 2, 30, 3)
    assert (found.since, found.until) == (moment_of(NOON), moment_of(NOON) + 2 * HOUR)
    assert found.is_whole


def test_its_scope_counts(acme: TenantContext) -> None:
    book(acme, [message(1, at=NOON + MINUTE), message(2, at=NOON + MINUTE, channel="78")])

    with enter_tenant(acme):
        found = preview_boost(boost=drafted(acme, {"channels": ["78"]}), context=acme, now=NEXT_WEEK - HOUR)

    assert (found.points, found.members) == (10, 1)


def test_it_looks_at_so_many_and_says_so(acme: TenantContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boost_preview, "SAMPLE", 2)
    book(acme, [message(number, at=NOON + MINUTE) for number in range(1, 5)])

    with enter_tenant(acme):
        found = preview_boost(boost=drafted(acme), context=acme, now=NEXT_WEEK - HOUR)

    assert (found.sampled, found.is_whole) == (2, False)


def test_where_nothing_happened_there_is_nothing(acme: TenantContext) -> None:
    with enter_tenant(acme):
        found = preview_boost(boost=drafted(acme), context=acme, now=NEXT_WEEK - HOUR)

    assert (found.points, found.members, found.sampled) == (0, 0, 0)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("starts", "hours", "now", "since"),
    [
        # The same clock on the other side of the end of summer time.
        ("2026-10-31 10:00", 8, "2026-10-28 09:00", "2026-10-24 10:00"),
        # At once: a week ago.
        ("2026-11-18 12:00", 3, "2026-11-18 12:00", "2026-11-11 12:00"),
        # Far ahead: the last one that is over, not a later one.
        ("2026-12-26 10:00", 8, "2026-11-21 17:59", "2026-11-14 10:00"),
        ("2026-12-26 10:00", 8, "2026-11-21 18:00", "2026-11-21 10:00"),
        # Longer than a week.
        ("2026-11-20 00:00", 24 * 10, "2026-11-18 12:00", "2026-11-06 00:00"),
    ],
)
def test_the_window_is_the_last_one_of_its_weekday_that_is_over(
    acme: TenantContext, starts: str, hours: int, now: str, since: str
) -> None:
    berlin = replace(acme, timezone="Europe/Berlin")
    draft = BoostDraft("Double", 200, {}, local(starts), local(starts) + hours * HOUR)
    with enter_tenant(acme), clock.frozen_at(local(now)):
        boost = check_draft(draft, context=berlin, now=local(now))

    found = last_matching_window(boost, local(now))

    assert found == (local(since), local(since) + hours * HOUR)
    assert found[1].astimezone(UTC) <= local(now).astimezone(UTC)
