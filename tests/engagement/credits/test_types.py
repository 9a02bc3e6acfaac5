"""Kinds of credits: checked, limited by the plan, frozen over it, never gone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engagement.audit.models import AuditEntry
from engagement.credits.errors import (
    CreditTypeExistsError,
    CreditTypeFrozenError,
    CreditTypeNotFoundError,
    InvalidCreditsError,
)
from engagement.credits.models import CreditType
from engagement.credits.selectors import list_requestable, list_types
from engagement.credits.types import (
    TypeDraft,
    archive_type,
    change_type,
    create_type,
    draft_of,
    get_type,
    restore_type,
)
from tenants.context import TenantContext, enter_tenant
from tenants.gates import LimitReachedError
from tests.plans import put_on_plan

from .holding import ADA, ask, grant, make_member, make_type, spend


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"key": "Á"}, "key"),
        ({"key": "9lives"}, "key"),
        ({"key": "x" * 21}, "key"),
        ({"name": " \u202e "}, "name"),
        ({"name": "x" * 100_000}, "name"),
        ({"period": "year"}, "period"),
        ({"least": 0}, "least"),
        ({"least": None}, "least"),
        ({"most": 10**10}, "most"),
        ({"least": 10, "most": 5}, "most"),
        ({"least": 10, "period_amount": 5}, "period_amount"),
        ({"period_requests": -1}, "period_requests"),
        ({"low_balance": True}, "low_balance"),
        ({"automatic": {"min_days": 3}}, "automatic_most"),
        ({"automatic": {"most": "5"}}, "automatic_most"),
        ({"automatic": {"most": 5, "member_types": [99]}}, "automatic_member_types"),
        ({"automatic": {"most": 5, "plans": "pro"}}, "automatic_plans"),
        ({"automatic": {"luck": 5}}, "automatic"),
        ({"automatic": [5]}, "automatic"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(
    here: TenantContext, facts: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidCreditsError) as refused:
        make_type(here, **({"key": "ai", "name": "AI"} | facts))
    assert refused.value.field == field
    assert not CreditType.objects.exists()


def test_a_name_from_outside_is_kept_as_text(here: TenantContext) -> None:
    assert make_type(here, name="<script>\u202eAI\u0000").name == "<script>AI"


def test_a_key_is_taken_once_and_stays(here: TenantContext) -> None:
    row = make_type(here)

    with pytest.raises(CreditTypeExistsError):
        make_type(here, " AI ")
    with pytest.raises(InvalidCreditsError) as refused:
        change_type(context=here, type_id=row.pk, draft=replace(draft_of(row), key="other"), actor=ADA)
    assert refused.value.field == "key"
    assert get_type(" Ai ").pk == row.pk


def test_a_change_is_recorded_once(here: TenantContext) -> None:
    row = make_type(here)

    for _ in range(2):
        change_type(context=here, type_id=row.pk, draft=replace(draft_of(row), most=50), actor=ADA)

    entry = AuditEntry.objects.get(action="credit_type.changed")
    assert (entry.before, entry.after) == ({"most": None}, {"most": 50})
    with pytest.raises(CreditTypeNotFoundError):
        change_type(context=here, type_id=10**6, draft=draft_of(row), actor=ADA)


def test_over_the_plans_limit_there_is_no_room(here: TenantContext) -> None:
    context = put_on_plan(here, credit_types=1)
    row = make_type(context)

    with pytest.raises(LimitReachedError):
        make_type(context, "lead")
    archive_type(context=context, type_id=row.pk, actor=ADA)
    make_type(context, "lead")
    with pytest.raises(LimitReachedError):
        restore_type(context=context, type_id=row.pk, actor=ADA)


def test_after_a_downgrade_the_newest_rest_and_what_they_gave_is_spendable(here: TenantContext) -> None:
    lead, ai = make_type(here, "lead"), make_type(here)
    grace = make_member()
    grant(here, grace, 10)
    waiting = ask(here, grace)
    lower = put_on_plan(here, credit_types=1)

    with enter_tenant(lower):
        assert [(line.type.pk, line.frozen) for line in list_types(context=lower)] == [
            (lead.pk, False),
            (ai.pk, True),
        ]
        assert [row.pk for row in list_requestable(context=lower)] == [lead.pk]
        with pytest.raises(CreditTypeFrozenError, match="can be spent"):
            ask(lower, grace)
        with pytest.raises(CreditTypeFrozenError):
            change_type(context=lower, type_id=ai.pk, draft=draft_of(ai), actor=ADA)
        ask(lower, grace, key="lead")
        spend(lower, grace, 4)
        from engagement.credits.deciding import approve_request

        approve_request(context=lower, request_id=waiting.pk, actor=ADA)  # a promise
        archive_type(context=lower, type_id=lead.pk, actor=ADA)
        ask(lower, grace)
    with enter_tenant(put_on_plan(here, credit_types=5)) as higher:
        assert [line.frozen for line in list_types(context=higher)] == [False]


def test_archived_types_are_listed_last_when_asked_for(here: TenantContext) -> None:
    row = make_type(here)
    make_type(here, "lead")
    archive_type(context=here, type_id=row.pk, actor=ADA)

    assert [line.type.key for line in list_types(context=here)] == ["lead"]
    assert [line.type.key for line in list_types(context=here, with_archived=True)] == ["lead", "ai"]
    create_type(context=here, draft=TypeDraft(key="third", name="Third"), actor=ADA)
