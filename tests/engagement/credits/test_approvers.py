"""Delegated approvers: their types alone, up to a quota that starts anew with each period."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engagement.audit.actor import Actor
from engagement.audit.models import AuditEntry
from engagement.credits.approvers import (
    BY_PERMISSION,
    add_approver,
    get_authority,
    list_approvers,
    remove_approver,
)
from engagement.credits.deciding import approve_request, reject_request, undo_decision
from engagement.credits.errors import ApproverNotFoundError, ApproverQuotaError, InvalidCreditsError
from engagement.credits.periods import period_of
from saas.core import clock
from tenants.context import TenantContext
from tenants.permissions import NotPermittedError, Rights, Role

from .holding import ADA, ask, make_member, make_type

NOON = datetime(2026, 5, 15, 12, tzinfo=UTC)
MEMBER = Rights(Role.MEMBER)
CLEO = Actor("user", 99, "Cleo", role="member", via="web")


def test_authority_is_by_permission_by_login_or_by_role(here: TenantContext) -> None:
    ai, lead = make_type(here), make_type(here, "lead")
    mine = add_approver(type_id=ai.pk, name="Cleo", user_id=99, quota=10, actor=ADA)
    wide = add_approver(type_id=ai.pk, name="@helpers", role_id=555, quota=50, actor=ADA)
    add_approver(type_id=lead.pk, name="@helpers", role_id=555, actor=ADA)

    assert get_authority(rights=Rights(Role.MODERATOR)) is BY_PERMISSION
    assert get_authority(rights=Rights(Role.ANALYST, given=frozenset({"decide_credits"}))) is BY_PERMISSION
    assert not get_authority(rights=MEMBER)
    assert not get_authority(rights=MEMBER, user_id=98, discord_role_ids=[1])
    assert get_authority(rights=MEMBER, user_id=99).approvers == {ai.pk: mine.pk}
    both = get_authority(rights=MEMBER, user_id=99, discord_role_ids=[1, 555])
    assert both.approvers[ai.pk] == wide.pk
    assert both.type_ids == [ai.pk, lead.pk]


def test_a_quota_is_counted_refused_and_starts_anew(here: TenantContext) -> None:
    ai = make_type(here)
    add_approver(type_id=ai.pk, name="Cleo", user_id=99, quota=100, period="week", actor=ADA)
    authority = get_authority(rights=MEMBER, user_id=99)
    with clock.frozen_at(NOON):
        requests = [ask(here, make_member(f"M{number}"), 60) for number in range(3)]
        approve_request(context=here, request_id=requests[0].pk, actor=CLEO, authority=authority)
        with pytest.raises(
            ApproverQuotaError, match=r"60 are granted: 40 are left.*Monday 18 May"
        ) as refused:
            approve_request(context=here, request_id=requests[1].pk, actor=CLEO, authority=authority)
        assert refused.value.left == 40
        approve_request(context=here, request_id=requests[1].pk, actor=CLEO, amount=40, authority=authority)
        reject_request(
            context=here, request_id=requests[2].pk, actor=CLEO, reason="Later", authority=authority
        )
        assert [(state.used, state.left) for state in list_approvers(context=here)] == [(100, 0)]
    with clock.frozen_at(NOON + timedelta(days=3)):
        assert [state.used for state in list_approvers(context=here)] == [0]
        later = ask(here, make_member("Later"), 60)
        approve_request(context=here, request_id=later.pk, actor=CLEO, authority=authority)


def test_a_grant_that_is_taken_back_is_the_quotas_again(here: TenantContext) -> None:
    ai = make_type(here)
    add_approver(type_id=ai.pk, name="Cleo", user_id=99, quota=100, actor=ADA)
    authority = get_authority(rights=MEMBER, user_id=99)
    request = ask(here, make_member(), 60)
    approve_request(context=here, request_id=request.pk, actor=CLEO, authority=authority)

    undo_decision(context=here, request_id=request.pk, actor=ADA)

    assert [state.left for state in list_approvers(context=here)] == [100]


def test_another_type_or_a_delegation_that_was_taken_is_refused(here: TenantContext) -> None:
    ai, _lead = make_type(here), make_type(here, "lead")
    approver = add_approver(type_id=ai.pk, name="Cleo", user_id=99, actor=ADA)
    authority = get_authority(rights=MEMBER, user_id=99)

    with pytest.raises(NotPermittedError):
        approve_request(
            context=here, request_id=ask(here, make_member(), key="lead").pk, actor=CLEO, authority=authority
        )
    remove_approver(approver_id=approver.pk, type_id=ai.pk, actor=ADA)
    with pytest.raises(ApproverNotFoundError):
        approve_request(context=here, request_id=ask(here, make_member()).pk, actor=CLEO, authority=authority)
    with pytest.raises(ApproverNotFoundError):
        remove_approver(approver_id=approver.pk, type_id=ai.pk, actor=ADA)


def test_named_again_quota_and_period_change(here: TenantContext) -> None:
    ai = make_type(here)

    for quota in (10, 20, 20):
        add_approver(type_id=ai.pk, name="Cleo", user_id=99, quota=quota, actor=ADA)

    assert [state.approver.quota for state in list_approvers(context=here, type_id=ai.pk)] == [20]
    assert AuditEntry.objects.filter(action="credit_approver.set").count() == 2
    for wrong in (
        {},
        {"user_id": 1, "role_id": 2},
        {"user_id": 1, "quota": 0},
        {"user_id": 1, "period": "year"},
    ):
        with pytest.raises(InvalidCreditsError):
            add_approver(type_id=ai.pk, name="X", actor=ADA, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("period", "first", "ends"),
    [
        ("day", "2026-03-29", "2026-03-29T22:00:00+00:00"),  # the day that is an hour short
        ("week", "2026-03-23", "2026-03-29T22:00:00+00:00"),
        ("month", "2026-03-01", "2026-03-31T22:00:00+00:00"),
    ],
)
def test_periods_are_the_communitys_own(period: str, first: str, ends: str) -> None:
    moment = datetime(2026, 3, 29, 12, tzinfo=UTC)

    span = period_of(moment, period, timezone="Europe/Berlin", first_weekday=0)

    assert (span.first.isoformat(), span.ends_at.astimezone(UTC).isoformat()) == (first, ends)
