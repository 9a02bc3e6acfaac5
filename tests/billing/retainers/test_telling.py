"""What a community under a retainer is told: nothing while all is well, and dates as soon as something is to end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.models import Payer, Retainer, RetainerPlace
from billing.notices import list_cover_notices
from frontend_api.dashboard.billing.words import describe_standing
from tenants.entitlements import Entitlements
from tenants.models import User

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def place_of(left_at: datetime | None = None, **facts: Any) -> RetainerPlace:
    payer = Payer(kind="company", name="Agency Ltd", user=User(username="ada", display_name="Ada"))
    row = Retainer(payer=payer, plan="growth", status="active", period_end=NOW + 20 * DAY, **facts)
    return RetainerPlace(retainer=row, joined_at=NOW - 90 * DAY, left_at=left_at)


@pytest.mark.parametrize(
    ("facts", "kind", "at", "then"),
    [
        ({}, "", None, None),
        ({"starts_at": NOW + DAY}, "cover_ahead", NOW + DAY, None),
        ({"cancel_at": NOW + 31 * DAY}, "", None, None),
        ({"cancel_at": NOW + 29 * DAY}, "cover_ends", NOW + 29 * DAY, NOW + 43 * DAY),
        ({"unpaid_since": NOW - DAY}, "cover_unpaid", NOW - DAY, NOW + 13 * DAY),
        ({"unpaid_since": NOW - 15 * DAY}, "cover_over", NOW - DAY, None),
        ({"left_at": NOW - DAY}, "cover_left", NOW - DAY, NOW + 13 * DAY),
        ({"left_at": NOW - 15 * DAY}, "cover_over", NOW - DAY, None),
        ({"left_at": NOW - 50 * DAY}, "", None, None),
        ({"left_at": NOW - DAY, "starts_at": NOW + DAY}, "", None, None),
    ],
)
def test_what_is_told_and_its_dates(
    facts: dict[str, Any], kind: str, at: datetime | None, then: datetime | None
) -> None:
    told = list_cover_notices(place_of(**facts), NOW)
    assert [(one.kind, one.at, one.then) for one in told] == ([(kind, at, then)] if kind else [])


def entitled(*phases: tuple[datetime, str, str]) -> Entitlements:
    found = [{"starts_at": at.isoformat(), "plan": plan, "why": why} for at, plan, why in phases]
    return Entitlements.parse({"phases": found}, 1)


PAID = entitled((NOW - 90 * DAY, "growth", "paid"), (NOW + 23 * DAY, "free", ""))
GRACE = entitled((NOW - DAY, "growth", "grace"), (NOW + 13 * DAY, "free", ""))


@pytest.mark.parametrize(
    ("facts", "entitlements", "kind", "said"),
    [
        ({}, PAID, "covered", "Growth, paid by Agency Ltd under a retainer, which renews on 30 November 2026; should it end, everything stays on "
         "for 14 days, then the limits of Free hold, and Ada of Agency Ltd is whom to ask."),
        ({"cancel_at": NOW + 5 * DAY}, PAID, "leaving", "under a retainer until 15 November 2026; should it end, everything stays on until 29 November"),
        ({"planned": {"plan": "pro"}}, PAID, "covered", "From 30 November 2026 on the plan is Pro."),
        ({"unpaid_since": NOW - DAY}, GRACE, "leaving", "Growth stays on until 23 November 2026: an invoice to Agency Ltd, who pays for this "
         "community, is late since 9 November 2026."),
        ({"left_at": NOW - DAY}, GRACE, "leaving", "Agency Ltd no longer pays for this community. Then the limits of Free hold"),
        ({"starts_at": NOW + DAY}, entitled((NOW - DAY, "free", "")), "ahead", "Free until 11 November 2026. From then on Growth is paid by Agency"),
        ({"left_at": NOW - 20 * DAY}, entitled(), "free", "Free. There is nothing to pay"),
    ],
)  # fmt: skip
def test_one_sentence_says_who_pays_until_when_and_what_then(
    facts: dict[str, Any], entitlements: Entitlements, kind: str, said: str
) -> None:
    standing = describe_standing(None, entitlements, NOW, place_of(**facts))
    assert standing.kind == kind
    assert said in standing.sentence
