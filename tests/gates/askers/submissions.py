"""Kinds of submissions: how many take something, and that the newest stop where the plan has fewer."""

from __future__ import annotations

from saas.core.ids import new_ulid
from tests.gates.askers import World, asks
from tests.gates.askers.features import path
from tests.gates.askers.limits import _let_through, _program


def taking(world: World) -> int:
    from billing.using import count_used

    return count_used(context=world.context)["submission_types"]


def _kind(world: World) -> str:
    return str(world.things["submission_type_id"])


def _takes(world: World) -> bool:
    from engagement.submissions.models import SubmissionType
    from tenants.context import enter_tenant

    with enter_tenant(world.context):
        return SubmissionType.objects.get(pk=_kind(world)).active


@asks("page dashboard-submission-type-switch", used=lambda world: taking(world) - 1)
def switch_on_the_page(world: World) -> bool:
    """Off first, which always goes; so one less is in use."""
    address = path("dashboard-submission-type-switch", _kind(world))
    world.owner.post(address, {"on": "0"})
    assert not _takes(world)
    world.owner.post(address, {"on": "1"})
    return _takes(world)


@asks("page dashboard-submission-pack", used=taking)
def install_a_pack(world: World) -> bool:
    """It always goes; what the plan has no room for is switched off."""
    from engagement.submissions.models import SubmissionType
    from tenants.context import enter_tenant

    world.owner.post(path("dashboard-submission-pack", "events"), {"do": "install", "keys": ["workshop"]})
    with enter_tenant(world.context):
        return SubmissionType.objects.get(template="workshop").active


@asks("rest create_submission_type", used=taking)
def make_one_over_rest(world: World) -> bool:
    body = {
        "name": new_ulid(),
        "fields": [{"key": "what", "label": "What", "kind": "text"}],
        "award": {"kind": "fixed", "points": 1},
    }
    return _let_through(_program(world, "submission_types:write").post("submission-types", body))


@asks("rest switch_submission_type", used=lambda world: taking(world) - 1)
def switch_one_over_rest(world: World) -> bool:
    api, address = _program(world, "submission_types:write"), f"submission-types/{_kind(world)}/switch"
    api.post(address, {"active": False})
    return _let_through(api.post(address, {"active": True}))


@asks("rest hand_in", used=lambda world: taking(world) - 1)
def hand_in_for_the_newest(world: World) -> bool:
    from engagement.submissions.models import SubmissionType
    from tenants.context import enter_tenant

    with enter_tenant(world.context):
        newest = SubmissionType.objects.filter(active=True).order_by("-pk")[0].pk
    body = {"type_id": newest, "member_id": world.things["member_id"], "answers": {"what": "A thing"}}
    answer = _program(world, "submissions:write").post("submissions", body)
    return _let_through(answer, refused="plan includes")
