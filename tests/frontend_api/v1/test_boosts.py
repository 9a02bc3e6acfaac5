"""Boosts over REST: asked about, planned once, read, stopped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from engagement.boosts.models import Boost
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.frontend_api.hosts import GLOBEX
from tests.frontend_api.v1.asking import Api, code_of

Keys = Callable[..., Api]


def body(**changed: Any) -> dict[str, Any]:
    starts_at = clock.now() + timedelta(hours=5)
    return {"name": "Double", "multiplier": 1.25, "starts_at": starts_at.isoformat(), "hours": 3, **changed}


def test_one_is_planned_read_and_stopped(key_of: Keys) -> None:
    api = key_of("boosts:read", "boosts:write")

    made = api.post("boosts", body(scope={"types": ["message"], "channels": ["900000000000000077"]}))

    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["state"], told["multiplier"]) == ("planned", 1.25)
    assert told["scope"] == {"types": ["message"], "channels": ["900000000000000077"]}
    assert made["Location"] == f"/api/v1/boosts/{told['id']}"
    assert api.get(made["Location"]).json() == told
    assert [one["id"] for one in api.get("boosts").json()["items"]] == [told["id"]]
    stopped = [api.post(f"boosts/{told['id']}/stop").json() for _ in range(2)]
    assert [one["state"] for one in stopped] == ["stopped", "stopped"]


def test_it_can_begin_at_once(key_of: Keys) -> None:
    made = key_of("boosts:write").post("boosts", body(starts_at=None))

    assert made.json()["state"] == "running"


def test_the_same_key_plans_one(key_of: Keys, acme: TenantContext) -> None:
    api, sent = key_of("boosts:write"), body()

    answers = [api.post("boosts", sent, idempotency_key="abc") for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    with enter_tenant(acme):
        assert Boost.objects.count() == 1


def test_what_it_takes_is_told_before(key_of: Keys, acme: TenantContext) -> None:
    told = key_of("boosts:read").post("boosts/quote", body()).json()

    assert (told["hours"], told["over"], told["cost"], told["is_allowed"]) == (3, 0, 0, True)
    assert sum(month["needed"] for month in told["months"]) == 3
    with enter_tenant(acme):
        assert not Boost.objects.exists()


def test_what_is_wrong_is_named(key_of: Keys) -> None:
    api = key_of("boosts:write")
    for changed in (
        {"multiplier": 1},
        {"multiplier": 1.111},
        {"hours": None},
        {"hours": 0},
        {"name": ""},
        {"starts_at": "2020-01-01T00:00:00Z"},
        {"scope": {"types": ["left"]}},
        {"scope": {"what": []}},
        {"scope": {"channels": ["x"]}},
        {"repeats_until": "2020-01-01"},
        {"ends_at": "9999-12-31T23:59:59Z", "hours": None},
    ):
        assert api.post("boosts", body(**changed)).status_code == 422, changed


def test_pages_follow_each_other(key_of: Keys) -> None:
    api = key_of("boosts:read", "boosts:write")
    made = [api.post("boosts", body()).json()["id"] for _ in range(3)]

    first = api.get("boosts?limit=2").json()
    second = api.get(f"boosts?limit=2&cursor={first['next_cursor']}").json()

    assert [one["id"] for one in first["items"] + second["items"]] == made[::-1]
    assert second["next_cursor"] is None


def test_another_communitys_is_not_found(key_of: Keys, person: Callable[[str], Api]) -> None:
    made = key_of("boosts:write").post("boosts", body()).json()["id"]
    theirs = person("globex-owner").on(GLOBEX)

    assert theirs.get(f"boosts/{made}").status_code == 404
    assert code_of(theirs.post(f"boosts/{made}/stop")) == "boost_not_found"
    assert code_of(theirs.get(f"boosts/{10**15}")) == "boost_not_found"
