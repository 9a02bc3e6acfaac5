"""Kinds of credits: made and brought back within the plan, requested while they are not over it."""

from __future__ import annotations

from typing import Any

from tests.gates.askers import World, asks
from tests.gates.askers.features import path
from tests.gates.askers.limits import _let_through, _program


def kinds(world: World) -> int:
    from billing.using import count_used

    return count_used(context=world.context)["credit_types"]


def _older(world: World) -> int:
    """Kinds that come before the newest, which is the one that is asked for."""
    return kinds(world) - 1


def _newest(world: World) -> Any:
    from engagement.credits.models import CreditType
    from tenants.context import enter_tenant

    with enter_tenant(world.context):
        return CreditType.objects.filter(archived_at=None).order_by("-pk")[0]


@asks("page dashboard-credit-type-new", used=kinds)
def make_a_kind_on_the_page(world: World) -> bool:
    form = {
        "name": "Print",
        "key": "print",
        "unit": "sheets",
        "requestable": "on",
        "least": "1",
        "period": "day",
    }
    return _let_through(world.owner.post(path("dashboard-credit-type-new"), form))


@asks("page dashboard-credit-type-restore", used=_older)
def bring_a_kind_back(world: World) -> bool:
    """Archived first, which always goes; so one less is in use."""
    from engagement.credits.models import CreditType
    from tenants.context import enter_tenant

    row = _newest(world)
    world.owner.post(path("dashboard-credit-type-archive", row.pk))
    world.owner.post(path("dashboard-credit-type-restore", row.pk))
    with enter_tenant(world.context):
        return CreditType.objects.get(pk=row.pk).archived_at is None


@asks("rest create_credit_type", used=kinds)
def make_a_kind_over_rest(world: World) -> bool:
    return _let_through(
        _program(world, "credits:write").post("credit-types", {"key": "print", "name": "Print"})
    )


@asks("rest request_credits", used=_older)
def request_the_newest_over_rest(world: World) -> bool:
    body = {"type": _newest(world).key, "amount": 5, "member_id": world.things["member_id"]}
    answer = _program(world, "credit_requests:write").post("credit-requests", body)
    assert answer.status_code in {201, 403}, answer.content
    return answer.status_code == 201


@asks("page my-credits-request", used=_older)
def request_the_newest_on_the_page(world: World) -> bool:
    from engagement.members.models import Member
    from tenants.context import enter_tenant
    from tenants.models import User

    with enter_tenant(world.context):  # the owner is that member for a moment
        owner = User.objects.get(username="acme-owner").pk
        Member.objects.filter(pk=world.things["member_id"]).update(user_id=owner)
    form = {"type": _newest(world).key, "amount": "5", "reason": "", "token": "t"}
    answer = world.owner.post("/credits/request/", form)
    assert answer.status_code in {302, 422}, answer.content
    return answer.status_code == 302
