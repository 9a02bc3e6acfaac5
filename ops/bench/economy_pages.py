"""The catalogue with 1,000 rewards and the queues with 10,000 that wait, against an empty page in the same server.

Each page is asked for through the whole application (middlewares, session, tenant, permissions, template), signed in as an owner; so
is the floor, which renders the dashboard's frame and nothing in it. They take turns, so that whatever else the machine does falls on
all of them; a ratio is of medians. `queries` is how many more queries a page makes at full size than with ten rows: it has to be 0.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from statistics import median
from typing import Any, Final

import psycopg
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, path

from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.middleware import HOST_KEY
from ops.bench.results import Result
from tenants.context import TenantContext, enter_tenant
from tenants.models import Membership, User
from tenants.provisioning import provision_tenant
from tenants.routing import get_routing

REWARDS: Final = 1_000
WAITING: Final = 10_000
FEW: Final = 10
WARMING: Final = 3
ROUNDS: Final = 25
FLOOR: Final = "/bench/empty/"
PAGES: Final = {
    "catalogue": "/dashboard/rewards/",
    "shop": "/shop/",
    "redemptions": "/dashboard/redemptions/?state=requested",
    "submissions": "/dashboard/submissions/",
    "credits": "/dashboard/credits/",
    "funnel": "/dashboard/insights/rewards/",
}
_FILL: Final = (
    "INSERT INTO member (display_name, joined_at, is_bot) SELECT 'Member ' || n, now(), false FROM generate_series(1, %(many)s / 5 + 1) n",
    "INSERT INTO ledger_balance (member_id, currency, current, lifetime, debt) SELECT id, 0, 500, 500, 0 FROM member",
    "INSERT INTO member_progress (member_id, level, usage) SELECT id, 3, '{}' FROM member",
    "INSERT INTO reward (kind, key, name, price, state, stock, position) SELECT 'custom', 'r' || n, 'Reward ' || n, 50 + n, 'active', "
    "100000, n FROM generate_series(1, %(rewards)s) n",
    "INSERT INTO redemption (key, member_id, reward_id, reward_name, kind, price, counted, state, via, requested_at) SELECT 'k' || n, "
    "(SELECT min(id) FROM member) + n / 5, (SELECT min(id) FROM reward) + n %% %(rewards)s, 'Reward', 'custom', 50, false, 'requested', "
    "'web', now() - n * interval '1 minute' FROM generate_series(1, %(many)s) n",
    "INSERT INTO submission_type (key, name, fields, award) VALUES ('bench', 'Bench', "
    """'[{"key": "what", "label": "What", "kind": "text"}]', '{"kind": "fixed", "points": 5}')""",
    "INSERT INTO submission (key, type_id, member_id, state, form, answers, title, via, submitted_at) SELECT 'k' || n, "
    "(SELECT max(id) FROM submission_type), (SELECT min(id) FROM member) + n / 5, 'pending', %(form)s, "
    """'{"what": "A talk"}', 'A talk', 'web', now() - n * interval '1 minute' FROM generate_series(1, %(many)s) n""",
    "INSERT INTO credit_type (id, key, name) VALUES (1, 'bench', 'Bench')",
    "INSERT INTO credit_request (key, type_id, member_id, amount, state, via, requested_at) SELECT 'k' || n, "
    "(SELECT max(id) FROM credit_type), (SELECT min(id) FROM member) + n / 5, 20, 'pending', 'web', now() - n * interval '1 minute' "
    "FROM generate_series(1, %(many)s) n",
)
_FORM: Final = (
    '{"version": 1, "fields": [{"key": "what", "label": "What", "kind": "text"}], "rubric": [], '
    '"award": {"kind": "fixed", "points": 5}}'
)
_TABLES: Final = (
    "member",
    "ledger_balance",
    "member_progress",
    "reward",
    "redemption",
    "submission",
    "credit_request",
)


@dashboard_page("view_dashboard")
def show_nothing(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The frame that every page of the dashboard stands in."""
    return render(request, "dashboard/base.html", {})


def run() -> list[Result]:
    get_resolver("saas.urls.tenant").url_patterns.append(path(FLOOR.lstrip("/"), show_nothing))
    settings.ALLOWED_HOSTS = ["*"]
    small = make_community("few", rewards=FEW, waiting=FEW)
    large = make_community("many", rewards=REWARDS, waiting=WAITING)
    get_routing().load()
    visitors = {context.slug: sign_in(context) for context in (small, large)}
    times = measure(visitors[large.slug])
    results = []
    for name, address in PAGES.items():
        more = count_queries(visitors[large.slug], address) - count_queries(visitors[small.slug], address)
        results.append(
            Result(
                "economy_pages",
                f"{name}_vs_empty",
                median(times[name]) / median(times["empty"]),
                "<=3",
                {
                    "milliseconds": round(median(times[name]) * 1_000, 1),
                    "empty_milliseconds": round(median(times["empty"]) * 1_000, 1),
                    "rewards": REWARDS,
                    "waiting": WAITING,
                },
            )
        )
        results.append(Result("economy_pages", f"{name}_queries", more, "==0", {"from": FEW, "to": WAITING}))
    return results


def make_community(slug: str, *, rewards: int, waiting: int) -> TenantContext:
    context = TenantContext.of(provision_tenant(slug=slug, name=slug.title()))
    facts: dict[str, Any] = {"rewards": rewards, "many": waiting, "form": _FORM}
    with enter_tenant(context), connection.cursor() as cursor:
        for statement in _FILL:
            cursor.execute(statement, facts)
    with psycopg.connect(settings.DATABASE_OWNER_URL, autocommit=True) as owner:
        for table in _TABLES:  # what autovacuum does in production
            owner.execute(f'VACUUM ANALYZE "{context.schema}"."{table}"')
    return context


def sign_in(context: TenantContext) -> Client:
    """An owner's browser on the community's host."""
    user = User.objects.create_user(f"{context.slug}-owner", f"{context.slug}@example.org", "bench")
    Membership.objects.create(user=user, tenant_id=context.tenant_id, role="owner")
    host = f"{context.slug}.{settings.BASE_DOMAIN}"
    client = Client(headers={"host": host})
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    session = client.session
    session[HOST_KEY] = host
    session.save()
    return client


def measure(client: Client) -> dict[str, list[float]]:
    """Seconds of each page and of the floor."""
    times: dict[str, list[float]] = defaultdict(list)
    for number in range(WARMING + ROUNDS):
        for name, address in {"empty": FLOOR, **PAGES}.items():
            taken = _time(lambda address=address: client.get(address))  # type: ignore[misc]
            if number >= WARMING:
                times[name].append(taken)
    return times


def count_queries(client: Client, address: str) -> int:
    client.get(address)  # what is remembered from then on is no matter of the rows
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address)
    assert answer.status_code == 200, f"{address}: {answer.status_code}"
    return len(queries)


def _time(ask: Callable[[], Any]) -> float:
    started = time.perf_counter()
    answer = ask()
    taken = time.perf_counter() - started
    assert answer.status_code == 200, answer.status_code
    return taken
