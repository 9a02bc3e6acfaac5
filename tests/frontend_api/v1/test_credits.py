"""Credits over REST: kinds, requests, decisions, balances, and spending that is safe to repeat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engagement.audit.actor import SYSTEM
from engagement.audit.models import AuditEntry
from engagement.credits.approvers import add_approver
from engagement.credits.models import CreditMove, CreditRequest
from engagement.members.models import Member
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tenants.models import User
from tests.frontend_api.givers import give
from tests.frontend_api.hosts import GLOBEX
from tests.frontend_api.v1.asking import Api, code_of
from tests.plans import put_on_plan

Keys = Callable[..., Api]
People = Callable[[str], Api]
ALL = ("credits:read", "credits:write", "credit_requests:write", "credit_spending:write")
TYPE = {"key": "ai", "name": "AI", "least": 10, "most": 500, "automatic": {"most": 20}}


@pytest.fixture
def grace(pages: Any, acme: TenantContext) -> int:
    from datetime import timedelta

    from engagement.members.models import Member
    from saas.core import clock

    member_id = give(acme, "77001", "Grace", 0)
    with enter_tenant(acme):
        Member.objects.filter(pk=member_id).update(joined_at=clock.now() - timedelta(days=100))
    return member_id


@pytest.fixture
def program(key_of: Keys, grace: int) -> Api:
    """With every scope of credits, where AI credits exist."""
    api = key_of(*ALL)
    assert api.post("credit-types", TYPE).status_code == 201
    return api


def ask(api: Api, grace: int, amount: int = 200, **more: Any) -> dict[str, Any]:
    answer = api.post("credit-requests", {"type": "ai", "amount": amount, "member_id": grace, **more})
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def test_a_kind_is_made_read_changed_archived_and_brought_back(program: Api) -> None:
    found = program.get("credit-types").json()["items"]
    assert [(one["key"], one["most"], one["automatic"]) for one in found] == [("ai", 500, {"most": 20})]
    path = f"credit-types/{found[0]['id']}"
    read = program.get(path)

    assert code_of(program.patch(path, {"most": 600})) == "if_match_needed"
    changed = program.patch(path, {"most": 600, "low_balance": 5}, if_match=read["ETag"])
    assert (changed.json()["most"], changed.json()["least"]) == (600, 10)
    stale = program.patch(path, {"most": 700}, if_match=read["ETag"])
    assert (stale.status_code, stale.json()["current"]["most"]) == (412, 600)
    assert program.post(f"{path}/archive").json()["archived_at"]
    assert program.post(f"{path}/restore").json()["archived_at"] is None
    assert code_of(program.post("credit-types", TYPE)) == "credit_type_exists"
    assert program.patch(path, {"automatic": {"min_days": 3}}, if_match="*").status_code == 422
    leveled = {"automatic": {"most": 20, "min_level": 5}}
    assert program.patch(path, leveled, if_match="*").json()["automatic"] == leveled["automatic"]


def test_whoever_is_trusted_decides_on_that_kind_within_the_quota(
    program: Api, person: People, grace: int, acme: TenantContext
) -> None:
    assert program.post("credit-types", {"key": "lead", "name": "Lead"}).status_code == 201
    ai = {one["key"]: one["id"] for one in program.get("credit-types").json()["items"]}["ai"]
    request, other = ask(program, grace, 200), ask(program, grace, 50, type="lead")
    cleo = person("acme-member")
    assert code_of(cleo.get("credit-requests")) == "not_permitted"
    member_id = give(acme, str(User.objects.get(username="acme-member").discord_id), "Cleo", 0)
    with enter_tenant(acme):
        add_approver(type_id=ai, name="Mentors", role_id=555, quota=120, actor=SYSTEM)
        Member.objects.filter(pk=member_id).update(role_ids=["555"])

    assert [one["id"] for one in cleo.get("credit-requests").json()["items"]] == [request["id"]]
    assert cleo.get(f"credit-requests?type_id={other['type_id']}").json()["items"] == []
    path = f"credit-requests/{request['id']}"
    assert cleo.get(path).json()["member_name"] == "Grace"
    assert code_of(cleo.get(f"credit-requests/{other['id']}")) == "not_permitted"
    assert code_of(cleo.post(f"{path}/approve")) == "quota_used"
    assert cleo.post(f"{path}/approve", {"amount": 120}).json()["granted"] == 120
    assert code_of(cleo.post(f"credit-requests/{other['id']}/approve")) == "not_permitted"
    many = cleo.post("credit-requests/decide", {"request_ids": [other["id"]], "act": "approve"})
    assert [one["code"] for one in many.json()["items"]] == ["not_permitted"]
    assert code_of(cleo.post(f"{path}/undo")) == "not_permitted"
    assert code_of(cleo.get("credits/moves")) == "not_permitted"
    with enter_tenant(acme):
        Member.objects.filter(pk=member_id).update(departed_at=clock.now())
    assert code_of(cleo.get("credit-requests")) == "not_permitted"


def test_the_plan_says_how_many(program: Api, acme: TenantContext) -> None:
    from tenants.routing import get_routing

    put_on_plan(acme, credit_types=1)
    get_routing().load()

    refused = program.post("credit-types", {"key": "lead", "name": "Lead"})

    assert (refused.status_code, code_of(refused), refused.json()["limit"]) == (
        403,
        "limit_reached",
        "credit_types",
    )


def test_a_program_asks_and_decides(program: Api, grace: int) -> None:
    small, large = ask(program, grace, 20), ask(program, grace, 200, reason="Poster")
    assert (small["state"], large["state"], large["member_name"]) == ("approved", "pending", "Grace")

    asked = program.post(f"credit-requests/{large['id']}/ask", {"question": "Which?"})
    assert asked.json()["state"] == "needs_info"
    granted = program.post(f"credit-requests/{large['id']}/approve", {"amount": 150, "note": "Enjoy"})
    assert (granted.json()["state"], granted.json()["granted"]) == ("approved", 150)
    assert program.get(f"credits?member_id={grace}").json()["items"][0]["current"] == 170
    undone = program.post(f"credit-requests/{large['id']}/undo")
    assert undone.json()["state"] == "rejected"
    assert code_of(program.post(f"credit-requests/{large['id']}/approve")) == "already_decided"
    third = ask(program, grace, 30)
    rejected = program.post(f"credit-requests/{third['id']}/reject", {"reason": "Later"})
    assert rejected.json()["note"] == "Later"
    assert [one["note"] for one in rejected.json()["history"]] == ["", "Later"]


def test_a_refusal_says_the_limit_and_when_there_is_more(program: Api, grace: int) -> None:
    kind = program.get("credit-types").json()["items"][0]
    program.patch(f"credit-types/{kind['id']}", {"period_amount": 300}, if_match="*")
    ask(program, grace, 200)

    refused = program.post("credit-requests", {"type": "ai", "amount": 200, "member_id": grace})

    assert (refused.status_code, code_of(refused), refused.json()["left"]) == (409, "request_limit", 100)
    assert refused.json()["next_at"]
    assert "Next time:" in refused.json()["detail"]


def test_many_at_once(program: Api, grace: int) -> None:
    first, second = ask(program, grace), ask(program, grace)
    program.post(f"credit-requests/{second['id']}/reject", {"reason": "No"})

    body = {"request_ids": [first["id"], second["id"], 10**15], "act": "approve"}
    results = program.post("credit-requests/decide", body).json()["items"]

    assert [one["code"] for one in results] == ["", "already_decided", "credit_request_not_found"]


def test_lists_filter_and_follow_each_other(program: Api, grace: int) -> None:
    made = [ask(program, grace, amount)["id"] for amount in (100, 110, 120)]

    first = program.get("credit-requests?limit=2&oldest_first=true&state=pending&search=gra").json()
    second = program.get(
        f"credit-requests?limit=2&oldest_first=true&state=pending&search=gra&cursor={first['next_cursor']}"
    ).json()

    assert [one["id"] for one in first["items"] + second["items"]] == made
    assert second["next_cursor"] is None
    assert program.get("credit-requests?overdue=true").json()["items"] == []
    assert code_of(program.get("credit-requests?cursor=WyJ4Iiwx")) == "bad_cursor"
    assert code_of(program.get("credit-requests?cursor=WyJ4IiwxXQ")) == "bad_cursor"
    figures = program.get("credit-requests/figures?period=day").json()
    assert (figures["total"]["requests"], figures["types"][0]["waiting"]) == (3, 3)


def test_one_key_is_spent_once(program: Api, grace: int, acme: TenantContext) -> None:
    from tenants.models import IdempotentRequest

    body = {"member_id": grace, "type": "ai", "amount": 5, "reason": "A picture"}
    program.post("credits/grant", body | {"amount": 12})

    answers = [program.post("credits/spend", body, idempotency_key="order-1") for _ in range(2)]
    IdempotentRequest.objects.all().delete()  # as after its day: the move itself remembers
    late = program.post("credits/spend", body, idempotency_key="order-1")

    assert [answer.status_code for answer in answers] == [201, 201]
    assert (late.status_code, late.json()["repeated"], late.json()["balance"]) == (200, True, 7)
    short = program.post("credits/spend", body | {"amount": 8})
    assert (short.status_code, code_of(short)) == (409, "not_enough")
    assert "1 more" in short.json()["detail"]
    with enter_tenant(acme):
        assert CreditMove.objects.filter(kind="spend").count() == 1
        assert AuditEntry.objects.filter(action="credits.spent", via="rest").count() == 1


def test_moves_are_listed_revoked_and_taken_back(program: Api, grace: int) -> None:
    body = {"member_id": grace, "type": "ai", "amount": 10, "reason": "Welcome"}
    given = program.post("credits/grant", body).json()

    assert code_of(program.post("credits/revoke", body | {"amount": 15})) == "not_enough"
    forced = program.post("credits/revoke", body | {"amount": 15, "force": True}).json()
    assert (forced["balance"], forced["debt"]) == (0, 5)
    undone = [program.post(f"credits/moves/{forced['id']}/undo") for _ in range(2)]
    assert [(one.status_code, one.json()["balance"]) for one in undone] == [(201, 10), (200, 10)]

    moves = program.get("credits/moves?limit=2").json()
    assert [(one["kind"], one["undone"]) for one in moves["items"]] == [("undo", False), ("revoke", True)]
    rest = program.get(f"credits/moves?limit=2&cursor={moves['next_cursor']}").json()["items"]
    assert [one["id"] for one in rest] == [given["id"]]


@pytest.mark.parametrize("amount", [0, -1, 1_000_000_001, "ten", None, 1.5])
def test_what_is_no_amount_is_refused(program: Api, grace: int, amount: Any) -> None:
    body = {"member_id": grace, "type": "ai", "amount": amount, "reason": "x"}
    for path in ("credits/grant", "credits/spend", "credit-requests"):
        assert program.post(path, body).status_code == 422, path


def test_a_person_asks_for_themselves_alone(
    program: Api, person: People, grace: int, acme: TenantContext
) -> None:
    from tests.cast import ACME as CAST

    mine = give(acme, CAST.discord_id("member"), "Acme Member", 0)
    member = person("acme-member")

    assert member.post("credit-requests", {"type": "ai", "amount": 50, "member_id": grace}).status_code == 422
    made = member.post("credit-requests", {"type": "ai", "amount": 50}).json()
    assert made["member_id"] == mine
    assert member.get("me/credits").json()["items"][0]["left"] == 500
    assert [one["id"] for one in member.get("me/credit-requests").json()["items"]] == [made["id"]]
    assert (
        code_of(member.post(f"credit-requests/{ask(program, grace)['id']}/cancel"))
        == "credit_request_not_found"
    )
    assert member.post(f"credit-requests/{made['id']}/cancel").json()["state"] == "cancelled"
    assert code_of(member.get("credit-requests")) == "not_permitted"


def test_a_moderator_does_not_decide_on_their_own(program: Api, person: People, acme: TenantContext) -> None:
    from tests.cast import ACME as CAST

    give(acme, CAST.discord_id("moderator"), "Acme Moderator", 0)
    moderator = person("acme-moderator")
    made = moderator.post("credit-requests", {"type": "ai", "amount": 50}).json()

    assert code_of(moderator.post(f"credit-requests/{made['id']}/approve")) == "own_request"
    assert person("acme-owner").post(f"credit-requests/{made['id']}/approve").status_code == 200


def test_whom_one_trusts_is_named_and_removed(program: Api, person: People) -> None:
    owner, kind = person("acme-owner"), program.get("credit-types").json()["items"][0]["id"]
    path = f"credit-types/{kind}/approvers"

    made = owner.post(path, {"name": "Cleo", "user_id": 12, "quota": 100}).json()
    assert (made["quota"], made["left"]) == (100, 100)
    assert len(program.get(path).json()["items"]) == 1
    assert owner.post(path, {"name": "Nobody"}).status_code == 422
    assert owner.delete(f"{path}/{made['id']}").status_code == 204
    assert code_of(owner.delete(f"{path}/{made['id']}")) == "credit_approver_not_found"


def test_another_communitys_is_not_found(
    program: Api, person: People, grace: int, acme: TenantContext
) -> None:
    with enter_tenant(acme):
        kind = CreditRequest.objects.count()
    made, theirs = ask(program, grace), person("globex-owner").on(GLOBEX)

    assert kind == 0
    assert code_of(theirs.get(f"credit-requests/{made['id']}")) == "credit_request_not_found"
    assert code_of(theirs.post(f"credit-requests/{made['id']}/approve")) == "credit_request_not_found"
    assert code_of(theirs.get(f"credit-types/{made['type_id']}")) == "credit_type_not_found"
    assert code_of(theirs.post("credits/moves/1/undo")) == "credit_move_not_found"
