"""Rewards, shop, tiers and sponsors over REST."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from engagement.rewards.jobs import work_on_codes
from engagement.rewards.models import Reward, RewardCode
from tenants.context import TenantContext, enter_tenant
from tests.engagement.rewards.catalogues import make
from tests.frontend_api.hosts import GLOBEX
from tests.frontend_api.v1.asking import Api, code_of

Keys = Callable[..., Api]


def body(**changed: Any) -> dict[str, Any]:
    return {"kind": "custom", "name": "Mug", "price": 50, "settings": {"instructions": "Come by."}, **changed}


def test_one_is_made_changed_offered_and_seen_in_the_shop(key_of: Keys) -> None:
    api = key_of("rewards:read", "rewards:write")

    made = api.post("rewards", body(stock=5, eligibility={"level": 2}))
    assert made.status_code == 201, made.content
    place = made["Location"].removeprefix("/api/v1/")
    assert api.get(f"shop/{made.json()['id']}").status_code == 404
    read = api.get(place)
    changed = api.patch(place, {"price": 60}, if_match=read["ETag"])
    late = api.patch(place, {"price": 70}, if_match=read["ETag"])
    offered = [api.post(f"{place}/offer").json()["state"] for _ in range(2)]

    assert (changed.status_code, changed.json()["price"], changed.json()["version"]) == (200, 60, 2)
    assert (late.status_code, late.json()["current"]["price"]) == (412, 60)
    assert api.patch(place, {"price": 70}).status_code == 428
    assert offered == ["active", "active"]
    (item,) = api.get("shop").json()["items"]
    assert (item["name"], item["left"], item["can_redeem"], item["why_not"]) == ("Mug", 5, False, None)
    assert api.post(f"{place}/restock", {"more": 3}).json()["stock"] == 8
    states = [api.post(f"{place}/{act}").json()["state"] for act in ("pause", "archive", "restore")]
    assert states == ["paused", "archived", "paused"]


def test_the_same_key_makes_one(key_of: Keys, acme: TenantContext) -> None:
    api = key_of("rewards:write")

    answers = [api.post("rewards", body(), idempotency_key="abc") for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    with enter_tenant(acme):
        assert Reward.objects.count() == 1


def test_a_member_reads_what_is_in_the_way(key_of: Keys, acme: TenantContext) -> None:
    with enter_tenant(acme):
        make(acme, name="Mug", price=50)
    items = Api().as_person("acme-member").get("shop").json()["items"]

    assert items[0]["can_redeem"] is False
    assert items[0]["why_not"] is None or items[0]["why_not"]["code"] == "not_enough_points"


def test_what_is_wrong_is_named(key_of: Keys) -> None:
    api = key_of("rewards:write")
    for changed in (
        {"price": 0},
        {"price": 10**12},
        {"kind": "wish"},
        {"name": ""},
        {"settings": {"role_id": "1"}},
        {"eligibility": {"luck": 1}},
        {"stock": -1},
        {"approval": "above"},
        {"picture_id": 3},
        {"starts_at": "soon"},
    ):
        assert api.post("rewards", body(**changed)).status_code == 422, changed
    assert code_of(api.post("rewards/999999/offer")) == "reward_not_found"


def test_codes_come_in_by_a_job_and_are_never_answered(key_of: Keys, acme: TenantContext) -> None:
    api = key_of("rewards:read", "rewards:write")
    with enter_tenant(acme):
        reward = make(acme, "code")

    begun = api.post(f"rewards/{reward.pk}/codes", {"codes": ["SUMMER-AAAA-1", "SUMMER-BBBB-2", "x"]})
    assert begun.status_code == 202, begun.content
    work_on_codes(tenant=acme.schema, run_id=begun.json()["id"])
    told = api.get(begun["Location"].removeprefix("/api/v1/"))

    assert (told.json()["state"], told.json()["added"], told.json()["wrong"]) == ("finished", 2, 1)
    assert b"SUMMER" not in told.content
    with enter_tenant(acme):
        assert RewardCode.objects.count() == 2


def test_tiers_and_sponsors(key_of: Keys) -> None:
    api = key_of("rewards:read", "rewards:write")
    tiers = {"items": [{"name": "Wood", "from_price": 5, "colour": ""}]}

    assert api.put("reward-tiers", tiers).json() == tiers == api.get("reward-tiers").json()
    assert api.put("reward-tiers", {"items": tiers["items"] * 2}).status_code == 422
    made = api.post("sponsors", {"name": "Initech", "budget": 5})
    assert made.status_code == 201, made.content
    place = f"sponsors/{made.json()['id']}"
    assert api.patch(place, {"note": "Kind"}).json()["note"] == "Kind"
    assert api.post(f"{place}/archive").json()["named"] is False
    assert api.post(f"{place}/restore").json()["named"] is True
    assert [one["id"] for one in api.get("sponsors").json()["items"]] == [made.json()["id"]]
    assert code_of(api.post("sponsors", {"name": "initech"})) == "sponsor_name_taken"


def test_lists_are_paged_and_ask_the_same_number_of_queries(key_of: Keys, acme: TenantContext) -> None:
    api = key_of("rewards:read")

    def fill(first: int, count: int) -> None:
        with enter_tenant(acme):
            Reward.objects.bulk_create(
                Reward(kind="custom", key=f"r{n}", name=f"R{n}", price=5, state="active", position=n)
                for n in range(first, first + count)
            )

    def count(path: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert api.get(path).status_code == 200
        return len(seen)

    fill(0, 10)
    few = [count("shop"), count("rewards"), count("shop")]
    fill(10, 990)

    assert [count("shop"), count("rewards")] == few[1:][::-1]
    names, path = [], "rewards?limit=100"
    while path:
        page = api.get(path).json()
        names += [item["name"] for item in page["items"]]
        path = f"rewards?limit=100&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert names == [f"R{n}" for n in range(1_000)]


def test_another_communitys_reward_is_not_there(
    key_of: Keys, acme: TenantContext, globex: TenantContext
) -> None:
    with enter_tenant(acme):
        reward = make(acme)
        Reward.objects.filter(pk=reward.pk).update(id=reward.pk + 70_000)
    api = key_of("rewards:read").on(GLOBEX)
    assert api.get(f"rewards/{reward.pk + 70_000}").status_code in {401, 403, 404}
