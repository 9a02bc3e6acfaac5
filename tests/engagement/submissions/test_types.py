"""Types are data: made, changed, switched, archived, ordered, within what the plan includes."""

from __future__ import annotations

from typing import Any

import pytest

from billing.freezing import list_freezes
from engagement.audit.actor import SYSTEM
from engagement.audit.models import AuditEntry
from engagement.submissions.errors import (
    InvalidReasonError,
    InvalidSubmissionTypeError,
    ReasonNotFoundError,
    SubmissionTypeChangedError,
    SubmissionTypeNotFoundError,
    TypeClosedError,
)
from engagement.submissions.models import SubmissionType
from engagement.submissions.reasons import delete_reason, list_reasons, save_reason, seed_reasons
from engagement.submissions.reviewing import approve_submission
from engagement.submissions.selectors import get_type, list_open_types, list_types
from engagement.submissions.types import (
    archive_type,
    change_type,
    close_survey,
    create_type,
    order_types,
    renew_survey_secret,
    restore_type,
    survey_secret_of,
    switch_type,
)
from tenants.context import TenantContext, enter_tenant
from tenants.gates import LimitReachedError
from tests.plans import put_on_plan

from .forms import BEA, FIELDS, FIXED, give, make_member, make_type

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture(autouse=True)
def _in_acme(db: None, acme: TenantContext) -> Any:
    with enter_tenant(acme):
        yield


def test_a_type_has_a_key_of_its_name_that_stays(acme: TenantContext) -> None:
    one, other = make_type(acme, name="Größte Tat"), make_type(acme, name="Größte Tat")

    changed = change_type(context=acme, type_id=one.pk, values={"name": "Small deed"}, actor=BEA)

    assert (one.key, other.key, changed.key) == ("grote_tat", "grote_tat_2", "grote_tat")
    assert (changed.name, changed.version) == ("Small deed", 2)
    assert change_type(context=acme, type_id=one.pk, values={"name": "Small deed"}, actor=BEA).version == 2
    assert AuditEntry.objects.filter(action="submission_type.changed").count() == 1


def test_the_same_key_again_answers_what_is_there(acme: TenantContext) -> None:
    values = {"name": "Deed", "fields": FIELDS, "award": FIXED}
    first = create_type(context=acme, values=values, actor=BEA, key="deed")

    assert create_type(context=acme, values=values | {"name": "Other"}, actor=BEA, key="deed").pk == first.pk


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"name": ""}, "name"),
        ({"name": "\u202e\u200b"}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"name": "x" * 100_000}, "name"),
        ({"name": 7}, "name"),
        ({"description": "x" * 501}, "description"),
        ({"fields": []}, "fields"),
        ({"award": {}}, "award.kind"),
        ({"limit_count": 0}, "limit_count"),
        ({"limit_count": True}, "limit_count"),
        ({"limit_period": "year"}, "limit_period"),
        ({"eligibility": {"age": 18}}, "eligibility"),
        ({"eligibility": {"roles": ["admin"]}}, "eligibility.roles"),
        ({"reviewers": {"users": ["bea"]}}, "reviewers.users"),
        ({"channel_id": 2**63}, "channel_id"),
        ({"sla_hours": 0}, "sla_hours"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_wrong_is_named(acme: TenantContext, values: dict[str, Any], where: str) -> None:
    with pytest.raises(InvalidSubmissionTypeError) as refused:
        make_type(acme, **values)

    assert refused.value.field == where
    assert not SubmissionType.objects.exists()


def test_nobodys_change_is_lost(acme: TenantContext) -> None:
    of = make_type(acme)
    change_type(context=acme, type_id=of.pk, values={"sla_hours": 5}, actor=BEA, expected_version=1)

    with pytest.raises(SubmissionTypeChangedError) as refused:
        change_type(context=acme, type_id=of.pk, values={"sla_hours": 6}, actor=BEA, expected_version=1)

    assert refused.value.version == 2
    assert get_type(type_id=of.pk).sla_hours == 5


def test_an_archived_type_comes_back_switched_off(acme: TenantContext) -> None:
    of = make_type(acme)
    for _ in range(2):
        archive_type(type_id=of.pk, actor=BEA)
    assert list_types(context=acme) == []
    assert [line.type.pk for line in list_types(context=acme, archived=True)] == [of.pk]
    with pytest.raises(InvalidSubmissionTypeError):
        switch_type(context=acme, type_id=of.pk, active=True, actor=BEA)

    restore_type(type_id=of.pk, actor=BEA)

    assert [line.is_open for line in list_types(context=acme)] == [False]
    with pytest.raises(SubmissionTypeNotFoundError):
        archive_type(type_id=2**70, actor=BEA)


def test_an_order_is_kept_and_the_rest_follows(acme: TenantContext) -> None:
    first, second, third = (make_type(acme) for _ in range(3))

    order_types(type_ids=[third.pk, first.pk], actor=BEA)

    assert [line.type.pk for line in list_types(context=acme)] == [third.pk, first.pk, second.pk]
    with pytest.raises(SubmissionTypeNotFoundError):
        order_types(type_ids=[2**40], actor=BEA)


def test_a_smaller_plan_freezes_the_newest_and_spares_what_waits(acme: TenantContext) -> None:
    old, new = make_type(acme), make_type(acme)
    member = make_member(acme)
    waiting = give(acme, new, member)
    small = put_on_plan(acme, submission_types=1)

    assert [(line.type.pk, line.frozen) for line in list_types(context=small)] == [
        (old.pk, False),
        (new.pk, True),
    ]
    assert [one.type.pk for one in list_open_types(member_id=member.pk, context=small)] == [old.pk]
    with pytest.raises(TypeClosedError) as refused:
        give(small, new, member)
    assert "plan includes 1" in refused.value.message
    assert approve_submission(context=small, submission_id=waiting.pk, actor=BEA).state == "approved"
    give(small, old, member)
    with pytest.raises(LimitReachedError):
        make_type(small)
    switch_type(context=small, type_id=old.pk, active=False, actor=BEA)
    give(small, new, member)
    with pytest.raises(LimitReachedError):
        switch_type(context=small, type_id=old.pk, active=True, actor=BEA)
    off = create_type(
        context=small, values={"name": "x", "fields": FIELDS, "award": FIXED}, actor=BEA, active=False
    )
    assert not off.active


def test_a_survey_secret_is_shown_once_and_stored_sealed(acme: TenantContext) -> None:
    of = make_type(acme)
    secret = renew_survey_secret(type_id=of.pk, actor=BEA)
    of.refresh_from_db()

    assert secret not in of.survey_secret
    assert survey_secret_of(of) == secret
    assert secret not in str(list(AuditEntry.objects.values_list("after", flat=True)))
    assert survey_secret_of(close_survey(type_id=of.pk, actor=BEA)) == ""


def test_reasons_are_written_once_changed_and_deleted() -> None:
    assert seed_reasons() == len(list_reasons()) == 6
    assert seed_reasons() == 0
    made = save_reason(text=" Too  short. ", outcome="rejected", actor=SYSTEM)
    assert save_reason(text="Too short.", outcome="rejected", actor=SYSTEM).pk == made.pk
    save_reason(text="Far too short.", outcome="rejected", actor=SYSTEM, reason_id=made.pk)
    assert [one.text for one in list_reasons(outcome="rejected")][-1] == "Far too short."
    for wrong in ({"text": ""}, {"text": "x" * 301}, {"outcome": "loved"}):
        with pytest.raises(InvalidReasonError):
            save_reason(**{"text": "x", "outcome": "rejected", "actor": SYSTEM} | wrong)  # type: ignore[arg-type]
    delete_reason(reason_id=made.pk, actor=SYSTEM)
    with pytest.raises(ReasonNotFoundError):
        delete_reason(reason_id=made.pk, actor=SYSTEM)


def test_what_a_smaller_plan_freezes_is_told_before(acme: TenantContext) -> None:
    types = [make_type(acme) for _ in range(5)]

    (told,) = [one for one in list_freezes(acme, "free") if one.name == "submission_types"]

    assert (told.count, told.names) == (2, tuple(one.name for one in types[3:]))
