"""All programs of a community share what its plan includes in a minute; people are not counted with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from frontend_api.v1 import limits
from frontend_api.v1.callers import Caller
from tenants.context import TenantContext
from tenants.errors import ProgramsRateError
from tenants.permissions import STRANGER
from tests.frontend_api.v1.buckets import stand_still
from tests.plans import put_on_plan

if TYPE_CHECKING:
    from redis import Redis

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture(autouse=True)
def _nothing_fills_again(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_still(monkeypatch)


def ask(context: TenantContext, caller: Caller) -> limits.Usage:
    usage = limits.take(tenant=context.schema, caller=caller, address="::1", context=context)
    assert usage is not None
    return usage


def key(number: int) -> Caller:
    return Caller("key", number, "shop", STRANGER)


def test_two_programs_share_a_minute(redis_cache: Redis, acme: TenantContext) -> None:
    context = put_on_plan(acme, api_rate=60)
    first = ask(context, key(1))
    assert first.headers["RateLimit-Policy"] == "60;w=60"
    assert [ask(context, key(2)).remaining for _ in range(58)][-1] == 1
    assert ask(context, key(1)).allowed

    refused = ask(context, key(2))

    assert not refused.allowed
    error = limits.refuse(refused)
    assert isinstance(error, ProgramsRateError)
    assert (error.http_status, error.retry_after) == (429, 1)
    assert error.facts == {"limit": "api_rate", "allowed": 60}
    assert "60 requests a minute" in error.message
    assert refused.headers["RateLimit-Reset"] == "60"


def test_a_better_plan_counts_from_the_next_request_on(redis_cache: Redis, acme: TenantContext) -> None:
    context = put_on_plan(acme, api_rate=2)
    assert [ask(context, key(1)).allowed for _ in range(3)] == [True, True, False]
    better = put_on_plan(acme, api_rate=6_000)
    usage = ask(better, key(1))
    # The bucket fills a hundred times as fast, from where it is.
    assert usage.policy.burst == 6_000
    assert usage.seconds == 1


def test_people_and_communities_have_their_own(
    redis_cache: Redis, acme: TenantContext, globex: TenantContext
) -> None:
    context = put_on_plan(acme, api_rate=1)
    assert [ask(context, key(1)).allowed for _ in range(2)] == [True, False]
    assert ask(context, Caller("user", 1, "Ada", STRANGER)).allowed
    assert ask(put_on_plan(globex, api_rate=1), key(9)).allowed


def test_without_a_plan_each_key_has_its_own(redis_cache: Redis, acme: TenantContext) -> None:
    assert ask(acme, key(1)).policy == limits.POLICIES["key"]
    assert ask(acme, key(1)).remaining == 598
    assert ask(acme, key(2)).remaining == 599
