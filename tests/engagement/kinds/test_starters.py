"""The rewards and kinds of submissions that a template brings: within the plan, and taken away again while they are nobody's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engagement.audit.actor import Actor
from engagement.kinds.lines import KEEP, OFF, ON
from engagement.kinds.packs import get_pack
from engagement.kinds.previews import preview_pack
from engagement.kinds.templates import apply_template, plan_template, undo_template
from engagement.rewards.catalogue import archive_reward, change_reward
from engagement.rewards.models import Reward
from engagement.submissions.models import SubmissionType
from engagement.submissions.templates import install_template
from tenants.context import TenantContext, enter_tenant
from tenants.models import Tenant
from tests.engagement.rewards.spending import make_member, redeem
from tests.engagement.submissions.forms import give
from tests.engagement.submissions.forms import make_member as make_author
from tests.plans import put_on_plan

ADA = Actor("user", 1, "Ada", role="owner", via="web")


@pytest.fixture
def shadow(db: None, acme: TenantContext) -> Iterator[TenantContext]:
    Tenant.objects.filter(pk=acme.tenant_id).update(live=False)
    with enter_tenant(acme):
        yield acme


def rewards() -> dict[str, str]:
    return dict(Reward.objects.order_by("pk").values_list("key", "state"))


def types() -> dict[str, tuple[bool, bool]]:
    """Template → (takes submissions, archived)."""
    return {row.template: (row.active, row.archived_at is not None) for row in SubmissionType.objects.all()}


def apply(context: TenantContext, kind: str = "course") -> None:
    apply_template(kind=kind, actor=ADA, context=context)


def test_they_are_said_before_brought_and_taken_away_again(shadow: TenantContext) -> None:
    pack = get_pack("course")
    plan = plan_template(kind="course", context=shadow)
    said = {line.title for line in plan.changes}
    assert {idea.name for idea in pack.rewards} <= said
    assert (rewards(), types()) == ({}, {})

    apply(shadow)

    states = rewards()
    assert states.keys() == {idea.key for idea in pack.rewards}
    assert states["starter-hour"] == "active"
    assert states["starter-material"] == "draft"  # its file is missing
    assert types() == dict.fromkeys(pack.submissions, (True, False))
    assert plan_template(kind="course", context=shadow).changes == []
    undo_template(actor=ADA, context=shadow)
    assert set(rewards().values()) == {"archived"}
    assert types() == dict.fromkeys(pack.submissions, (False, True))
    again = plan_template(kind="course", context=shadow)
    assert {line.act for line in again.rewards.lines} == {ON}
    apply(shadow)
    assert rewards()["starter-hour"] == "active"
    assert types() == dict.fromkeys(pack.submissions, (True, False))


def test_another_template_puts_away_what_nobody_made_theirs(shadow: TenantContext) -> None:
    apply(shadow)
    change_reward(
        context=shadow,
        reward_id=Reward.objects.get(key="starter-hour").pk,
        facts={"price": 7_000},
        actor=ADA,
    )
    redeem(shadow, make_member(shadow, 9_000), Reward.objects.get(key="starter-review"))
    give(shadow, SubmissionType.objects.get(template="study_group"), make_author(shadow), {}, draft=True)

    plan = plan_template(kind="brand", context=shadow)
    by_title = {line.title: line.act for line in (*plan.rewards.lines, *plan.submissions.lines)}
    assert (by_title["An hour with the teacher"], by_title["Your work, reviewed"]) == (KEEP, KEEP)
    assert by_title["Three more days"] == OFF
    apply(shadow, "brand")

    states = rewards()
    assert (states["starter-hour"], states["starter-review"]) == ("active", "active")
    assert (states["starter-extension"], states["starter-material"]) == ("archived", "archived")
    assert types()["study_group"] == (True, False)
    assert types()["project"] == (False, True)
    undo_template(actor=ADA, context=shadow)
    assert rewards()["starter-extension"] == "active"
    assert types()["project"] == (True, False)
    assert types()["review"] == (False, True)


def test_what_a_person_put_away_stays_away(shadow: TenantContext) -> None:
    apply(shadow)
    archive_reward(reward_id=Reward.objects.get(key="starter-hour").pk, actor=ADA)
    undo_template(actor=ADA, context=shadow)
    plan = plan_template(kind="course", context=shadow)
    assert {line.title: line.act for line in plan.rewards.lines}["An hour with the teacher"] == KEEP
    apply(shadow)
    assert rewards()["starter-hour"] == "archived"


def test_a_kind_that_was_installed_before_is_the_communitys_own(shadow: TenantContext) -> None:
    install_template(context=shadow, key="project", actor=ADA)
    apply(shadow)
    undo_template(actor=ADA, context=shadow)
    assert types()["project"] == (True, False)


def test_the_plans_numbers_hold(shadow: TenantContext) -> None:
    with enter_tenant(put_on_plan(shadow, rewards=2, submission_types=1)) as context:
        plan = plan_template(kind="saas", context=context)
        assert [line.text for line in plan.kept if line.title.endswith("of the new rewards")]
        apply(context, "saas")
        assert sorted(rewards().values()).count("active") == 2
        assert rewards()["starter-month"] == "draft"  # its codes are missing
        assert sorted(active for active, _ in types().values()) == [False, False, True]


@pytest.mark.parametrize("kind", Tenant.Kind.values)
def test_the_preview_says_what_they_cost_in_days(kind: str) -> None:
    day, pack = preview_pack(get_pack(kind)), get_pack(kind)
    assert [(line.name, line.price) for line in day.rewards] == [
        (one.name, one.price) for one in pack.rewards
    ]
    assert all(1 <= line.days <= 120 for line in day.rewards)
    assert all(line.points > 0 for line in day.handing)
