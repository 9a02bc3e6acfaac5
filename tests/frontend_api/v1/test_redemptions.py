"""Redemptions over REST: redeem, decide, hand out, one's own, and the queue of a drop."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from engagement.rewards.models import Reward
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.engagement.rewards.spending import make_reward
from tests.frontend_api.givers import give
from tests.frontend_api.hosts import GLOBEX
from tests.frontend_api.v1.asking import Api, code_of

Keys = Callable[..., Api]
People = Callable[[str], Api]
ALL = ("redemptions:read", "redemptions:write")


@pytest.fixture
def grace(pages: Any, acme: TenantContext) -> int:
    return give(acme, "77001", "Grace", 500)


@pytest.fixture
def program(key_of: Keys, grace: int) -> Api:
    return key_of(*ALL)


@pytest.fixture
def mine(pages: Any, acme: TenantContext) -> int:
    """The member of acme's member, who signs in."""
    from tests.cast import ACME

    return give(acme, str(ACME.discord_id("member")), "Acme Member", 500)


def reward(acme: TenantContext, **facts: Any) -> Reward:
    with enter_tenant(acme):
        return make_reward(**facts)


def redeem(api: Api, thing: Reward, member_id: int | None = None, **more: Any) -> dict[str, Any]:
    body = {"reward_id": thing.pk} | ({} if member_id is None else {"member_id": member_id})
    answer = api.post("redemptions", body, **more)
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def test_a_program_redeems_and_decides(program: Api, acme: TenantContext, grace: int) -> None:
    thing = reward(acme, approval="moderator", stock=2)
    first, second = redeem(program, thing, grace), redeem(program, thing, grace)
    assert (first["state"], first["member_name"], first["price"]) == ("requested", "Grace", 100)

    approved = program.post(f"redemptions/{first['id']}/approve", {"reason": "Enjoy"})
    assert approved.json()["state"] == "approved"
    assert (
        program.post(f"redemptions/{first['id']}/fulfil", {"note": "Handed over"}).json()["state"]
        == "delivered"
    )
    assert code_of(program.post(f"redemptions/{second['id']}/reject", {})) == "invalid_input"
    rejected = program.post(f"redemptions/{second['id']}/reject", {"reason": "Later"})
    assert (rejected.json()["state"], rejected.json()["reason"]) == ("rejected", "Later")
    assert code_of(program.post(f"redemptions/{second['id']}/approve", {})) == "redemption_state"
    cancelled = program.post(f"redemptions/{first['id']}/cancel", {"reason": "Lost"})
    assert [step["state"] for step in cancelled.json()["history"]][-1] == "cancelled"


def test_a_request_sent_twice_is_one(program: Api, acme: TenantContext, grace: int) -> None:
    thing = reward(acme)

    first, again = (redeem(program, thing, grace, idempotency_key="once") for _ in range(2))

    assert first["id"] == again["id"]


def test_lists_filter_and_follow_each_other(program: Api, acme: TenantContext, grace: int) -> None:
    thing, other = reward(acme, name="Mug"), reward(acme, name="Hat")
    made = [redeem(program, thing, grace)["id"] for _ in range(3)]
    redeem(program, other, grace)

    first = program.get("redemptions?search=mug&limit=2&state=approved").json()
    second = program.get(
        f"redemptions?search=mug&limit=2&state=approved&cursor={first['next_cursor']}"
    ).json()

    assert [one["id"] for one in first["items"] + second["items"]] == made[::-1]
    assert len(program.get(f"redemptions?search=gra&member_id={grace}").json()["items"]) == 4
    assert program.get(f"redemptions?reward_id={other.pk}").json()["items"][0]["reward_name"] == "Hat"
    assert program.get("redemptions?state=rejected").json()["items"] == []


def test_people_redeem_for_themselves(person: People, acme: TenantContext, grace: int, mine: int) -> None:
    thing = reward(acme, stock=1)
    me = person("acme-member")

    made = redeem(me, thing)

    assert made["member_id"] == mine
    assert code_of(me.post("redemptions", {"reward_id": thing.pk, "member_id": grace})) == "invalid_input"
    assert code_of(me.post("redemptions", {"reward_id": thing.pk})) == "sold_out"
    assert code_of(me.post("redemptions", {"reward_id": 10**12})) == "reward_not_found"
    assert [one["id"] for one in me.get("me/redemptions").json()["items"]] == [made["id"]]
    assert me.post(f"me/redemptions/{made['id']}/cancel").json()["state"] == "cancelled"


def test_nobody_sees_or_cancels_what_is_not_theirs(
    person: People, program: Api, acme: TenantContext, grace: int, mine: int
) -> None:
    theirs = redeem(program, reward(acme), grace)
    me = person("acme-member")

    assert me.get("me/redemptions").json()["items"] == []
    assert code_of(me.post(f"me/redemptions/{theirs['id']}/cancel")) == "redemption_not_found"
    assert me.get("redemptions").status_code == 403
    assert me.post(f"redemptions/{theirs['id']}/cancel", {}).status_code == 403


def test_another_communitys_is_none(
    key_of: Keys, program: Api, acme: TenantContext, globex: TenantContext
) -> None:
    made = redeem(program, reward(acme), give(acme, "77002", "Joan", 500))

    assert program.get(f"redemptions/{made['id']}").status_code == 200
    assert code_of(program.get(f"redemptions/{made['id'] + 1}")) == "redemption_not_found"
    assert program.get(f"redemptions/{made['id']}", host=GLOBEX).status_code == 401


def test_a_drop_has_a_queue(person: People, acme: TenantContext, mine: int) -> None:
    drop = reward(acme, is_drop=True, starts_at=clock.now() + timedelta(hours=1), stock=1)
    me = person("acme-member")
    assert code_of(me.get(f"rewards/{drop.pk}/queue")) == "drop_place"

    joined = me.post(f"rewards/{drop.pk}/queue")

    assert (joined.status_code, joined.json()["place"]) == (200, None)
    assert me.get(f"rewards/{drop.pk}/queue").json()["has_taken"] is False
    drawn = me.get(f"rewards/{drop.pk}/draw").json()
    assert (len(drawn["digest"]), drawn["seed"]) == (64, "")
    assert me.delete(f"rewards/{drop.pk}/queue").status_code == 204
    assert code_of(me.get(f"rewards/{drop.pk}/queue")) == "drop_place"
