"""Ready-made types: twelve for everybody and more than twenty in packs, each one that works."""

from __future__ import annotations

from typing import Any

import pytest

from engagement.submissions.errors import PackNotFoundError
from engagement.submissions.models import SubmissionType
from engagement.submissions.selectors import list_types
from engagement.submissions.shapes import FieldKind
from engagement.submissions.templates import (
    PACKS,
    TEMPLATES,
    form_of_template,
    install_pack,
    install_template,
    list_packs,
    list_templates,
    preview_pack,
    remove_pack,
)
from engagement.submissions.types import archive_type
from tenants.context import TenantContext, enter_tenant
from tests.plans import put_on_plan

from .forms import BEA, give, make_member

TWELVE = {
    *("community_event", "resource_share", "linkedin_update", "workshop", "job_lead", "thoughtful_reply"),
    *("feedback", "study_group", "walkthrough", "mock_interview", "teach_and_share", "peer_mentoring"),
}


def test_the_twelve_are_there_and_more_than_twenty_in_four_packs() -> None:
    assert {template.key for template in list_templates(first=True)} == TWELVE
    assert [pack.key for pack in PACKS] == ["events", "content", "advocacy", "learning"]
    assert all(len(pack.templates) >= 5 for pack in PACKS)
    assert len(list_templates()) == sum(len(pack.templates) for pack in PACKS) >= 20
    assert len({template.name for template in list_templates()}) == len(list_templates())


@pytest.mark.parametrize("key", sorted(TEMPLATES))
def test_each_is_a_form_that_asks_something_and_is_worth_something(key: str) -> None:
    form = form_of_template(TEMPLATES[key])

    assert 3 <= len(form.fields) <= 8
    assert form.award.points > 0
    assert form.rubric if form.award.kind == "rubric" else not form.rubric
    assert any(
        field.required and field.kind in (FieldKind.TEXT, FieldKind.LINK, FieldKind.CHOICE, FieldKind.MEMBER)
        for field in form.fields
    )
    assert len({field.kind for field in form.fields}) >= 2
    assert TEMPLATES[key].description.endswith(".")


@pytest.mark.usefixtures("db")
class TestPacks:
    @pytest.fixture(autouse=True)
    def _in_acme(self, db: None, acme: TenantContext) -> Any:
        with enter_tenant(acme):
            yield

    def test_a_pack_is_shown_installed_once_and_taken_out_again(self, acme: TenantContext) -> None:
        before = preview_pack(pack="events", context=acme)
        assert (before.new, before.is_installed) == (len(before.items), False)

        made = install_pack(context=acme, pack="events", actor=BEA)

        assert [one.template for one in made] == [item.template.key for item in before.items]
        assert install_pack(context=acme, pack="events", actor=BEA) == []
        assert preview_pack(pack="events", context=acme).is_installed
        used, unused = made[0], made[1:]
        give(acme, used, make_member(acme), draft=True, answers={})
        removed = remove_pack(pack="events", actor=BEA)
        assert (removed.deleted, removed.archived) == (len(unused), 1)
        assert list_types(context=acme) == []
        assert SubmissionType.objects.get().pk == used.pk
        again = install_pack(context=acme, pack="events", actor=BEA, keys=["community_event"])
        assert [(one.pk, one.active) for one in again] == [(used.pk, True)]
        assert remove_pack(pack="events", actor=BEA).archived == 1

    def test_one_template_alone_and_back_after_it_was_archived(self, acme: TenantContext) -> None:
        first = install_template(context=acme, key="workshop", actor=BEA)
        assert install_template(context=acme, key="workshop", actor=BEA).pk == first.pk
        archive_type(type_id=first.pk, actor=BEA)
        assert install_template(context=acme, key="workshop", actor=BEA).active
        [events, *_rest] = list_packs(context=acme)
        assert [item.state for item in events.items].count("there") == 1

    def test_where_the_plan_has_less_room_the_rest_is_switched_off(self, acme: TenantContext) -> None:
        small = put_on_plan(acme, submission_types=2)
        shown = preview_pack(pack="learning", context=small)
        assert [item.turns_on for item in shown.items] == [True, True, *[False] * (len(shown.items) - 2)]

        made = install_pack(context=small, pack="learning", actor=BEA)

        assert [one.active for one in made] == [item.turns_on for item in shown.items]

    def test_what_is_not_there_is_refused(self, acme: TenantContext) -> None:
        for pack, keys in (("sports", None), ("events", ["workshop", "feedback"])):
            with pytest.raises(PackNotFoundError):
                install_pack(context=acme, pack=pack, actor=BEA, keys=keys)
        with pytest.raises(PackNotFoundError):
            install_template(context=acme, key="nothing", actor=BEA)
