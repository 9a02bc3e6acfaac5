"""Every list of the economy asks the database as often for many rows as for few: the team's, the members' own, and over REST."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engagement.members.models import Member
from engagement.rewards.models import Reward
from tenants.context import TenantContext, enter_tenant
from tenants.scopes import SCOPES
from tests.cast import ACME as CAST
from tests.frontend_api.givers import give
from tests.frontend_api.hosts import ACME, Browser
from tests.frontend_api.v1.asking import Api, issue

MANY: Final = 60  # more than a page of any list
TEAM: Final = (
    "/dashboard/",
    "/dashboard/rewards/",
    "/dashboard/rewards/{reward}/",
    "/dashboard/rewards/{reward}/codes/",
    "/dashboard/rewards/tiers/",
    "/dashboard/sponsors/",
    "/dashboard/redemptions/",
    "/dashboard/redemptions/?state=requested",
    "/dashboard/redemptions/?q=reward",
    "/dashboard/submissions/",
    "/dashboard/submissions/all/",
    "/dashboard/submissions/types/",
    "/dashboard/submissions/reasons/",
    "/dashboard/credits/",
    "/dashboard/credits/?state=pending&sort=when",
    "/dashboard/credits/moves/",
    "/dashboard/credits/kinds/",
    "/dashboard/credits/figures/",
    "/dashboard/insights/economy/",
    "/dashboard/insights/rewards/",
    "/dashboard/insights/sponsors/",
)
OWN: Final = (
    "/shop/",
    "/redemptions/",
    "/submit/",
    "/submissions/",
    "/credits/",
    "/credits/history/",
    "/notices/",
)
NOUNS: Final = (
    "rewards",
    "reward-tiers",
    "sponsors",
    "shop",
    "redemptions",
    "submissions",
    "submission-types",
    "reason-templates",
    "credit-types",
    "credit-requests",
    "credit-requests/figures",
    "credits/moves",
    "economy",
    "economy/stock",
    "economy/rewards",
    "economy/sponsors",
)
OWN_NOUNS: Final = ("me/redemptions", "me/submissions", "me/credits", "me/credit-requests", "me/notices")
# From %(first)s on, %(many)s of each, all of one member: whose own lists have as many pages as the team's.
_FILL: Final = (
    "INSERT INTO sponsor (name) SELECT 'Sponsor ' || n FROM numbers",
    "INSERT INTO reward (kind, key, name, price, state, stock, position, sponsor_id, category) SELECT 'custom', 'more-' || n, "
    "'Reward ' || n, 50 + n, 'active', 100, n, (SELECT max(id) FROM sponsor), 'Merch' FROM numbers",
    "INSERT INTO reward_code (reward_id, sealed, digest) SELECT %(reward)s, 'x', sha256(n::text::bytea) FROM numbers",
    "INSERT INTO redemption (key, member_id, reward_id, sponsor_id, reward_name, kind, price, counted, state, via, requested_at) "
    "SELECT 'more-' || n, %(member)s, r.id, r.sponsor_id, 'Reward', 'custom', 50, false, 'requested', 'web', now() "
    "FROM numbers JOIN reward r ON r.key = 'more-' || n",
    "INSERT INTO submission_type (key, name, fields, award) SELECT 'more-' || n, 'Kind ' || n, "
    """'[{"key": "what", "label": "What", "kind": "text"}]', '{"kind": "fixed", "points": 5}' FROM numbers""",
    "INSERT INTO submission (key, type_id, member_id, state, form, answers, title, via, submitted_at) SELECT 'more-' || n, t.id, "
    "%(member)s, 'pending', %(form)s, '{\"what\": \"A talk\"}', 'A talk', 'web', now() FROM numbers "
    "JOIN submission_type t ON t.key = 'more-' || n",
    "INSERT INTO reason_template (text, outcome, position) SELECT 'Reason ' || n, 'rejected', n FROM numbers WHERE n %% 10 = 0",
    "INSERT INTO credit_type (id, key, name, escalate_hours) SELECT n, 'more' || n, 'Kind ' || n, 24 FROM numbers",
    "INSERT INTO credit_request (key, type_id, member_id, amount, state, via, requested_at, flags) SELECT 'more-' || n, n, "
    "%(member)s, 20, 'pending', 'web', now() - interval '2 days', '[{\"code\": \"large\", \"times\": 3, \"usual\": 5}]' FROM numbers",
    "INSERT INTO credit_move (key, type_id, member_id, amount, kind, reason, actor_name) SELECT 'more-' || n, n, %(member)s, 5, "
    "'grant', 'For the help', 'Ada' FROM numbers",
    "INSERT INTO ledger_balance (member_id, currency, current, lifetime, debt) SELECT %(member)s, n, 5, 5, 0 FROM numbers",
    "INSERT INTO notice (key, member_id, kind, facts) SELECT 'more-' || n, %(member)s, 'submission_approved', '{\"id\": 1, \"title\": \"A talk\"}' FROM numbers",
)
_FORM: Final = (
    '{"version": 1, "fields": [{"key": "what", "label": "What", "kind": "text"}], "rubric": [], '
    '"award": {"kind": "fixed", "points": 5}}'
)


def fill(acme: TenantContext, places: dict[str, int], many: int, first: int) -> None:
    """`many` more of everything."""
    facts = {**places, "form": _FORM, "first": first, "last": first + many - 1}
    numbers = "WITH numbers AS (SELECT generate_series(%(first)s::int, %(last)s::int) AS n) "
    with enter_tenant(acme), connection.cursor() as cursor:
        for statement in _FILL:
            cursor.execute(numbers + statement, facts)


@pytest.fixture
def places(pages: Browser, acme: TenantContext) -> dict[str, int]:
    """What stands in the addresses, in a community with a few of everything."""
    member = give(acme, CAST.discord_id("member"), "Mia", 500)
    with enter_tenant(acme):
        Member.objects.filter(pk=member).update(joined_at="2024-01-01T00:00:00Z")
        reward = Reward.objects.create(kind="code", key="codes", name="Codes", price=900, state="active")
    found = {"member": member, "reward": reward.pk}
    fill(acme, found, 3, 1_000)
    return found


def expect_the_same(ask: Callable[[str], Any], addresses: list[str], grow: Callable[[], None]) -> None:
    def counts() -> dict[str, int]:
        found = {}
        for address in addresses:
            with CaptureQueriesContext(connection) as queries:
                assert ask(address).status_code == 200, address
            found[address] = len(queries)
        return found

    ask(addresses[0])  # the day's first visit is noted
    few = counts()
    grow()
    assert counts() == few


def test_pages_of_the_team(places: dict[str, int], acme: TenantContext) -> None:
    desk = Browser()
    desk.sign_in("acme-owner")
    addresses = [path.format(**places) for path in TEAM]
    expect_the_same(desk.on(ACME).get, addresses, lambda: fill(acme, places, MANY, 2_000))


def test_pages_of_a_member(places: dict[str, int], acme: TenantContext) -> None:
    pages = Browser()
    pages.sign_in("acme-member")
    expect_the_same(pages.on(ACME).get, list(OWN), lambda: fill(acme, places, MANY, 2_000))


def test_nouns(places: dict[str, int], acme: TenantContext) -> None:
    api = Api(issue(acme, *SCOPES))
    addresses = [path.format(**places) for path in NOUNS]
    expect_the_same(api.get, addresses, lambda: fill(acme, places, MANY, 2_000))


def test_nouns_of_a_member(places: dict[str, int], acme: TenantContext) -> None:
    api = Api().as_person("acme-member").on(ACME)
    expect_the_same(api.get, list(OWN_NOUNS), lambda: fill(acme, places, MANY, 2_000))
