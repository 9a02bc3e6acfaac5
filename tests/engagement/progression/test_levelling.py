"""A new curve: everybody's level follows, in agreement with the ledger, and nothing else moves."""

from __future__ import annotations

from typing import Any

import pytest

from engagement.audit.actor import SYSTEM
from engagement.ledger.models import LedgerBalance
from engagement.levels.curves import DEFAULT_CURVE
from engagement.levels.errors import InvalidCurveError
from engagement.levels.selectors import load_curve
from engagement.progression.levelling import change_curve, compare_curves, preview_curve
from engagement.progression.models import MemberProgress
from engagement.progression.services import Actor, adjust_points, ensure_member
from engagement.progression.verification import verify_ledger
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant
from tests.engagement.activity.facts import book, message

pytestmark = pytest.mark.usefixtures("committed_db")
LIFETIMES = (0, 99, 100, 254, 5_000)


def make_members(context: TenantContext) -> list[int]:
    ids = []
    for number, points in enumerate(LIFETIMES):
        member = ensure_member(provider="discord", external_id=f"{number + 50}", display_name=f"M{number}")
        ids.append(member.pk)
        if points:
            adjust_points(
                member_id=member.pk,
                amount=points,
                reason="start",
                actor=Actor("system", 0, "test"),
                idempotency_key=f"start-{number}",
                context=context,
            )
    return ids


def levels(ids: list[int]) -> list[int]:
    found = dict(MemberProgress.objects.values_list("member_id", "level"))
    return [found[member_id] for member_id in ids]


def test_every_members_level_follows_the_new_curve(acme: TenantContext) -> None:
    with enter_tenant(acme):
        ids = make_members(acme)
        assert levels(ids) == [DEFAULT_CURVE.level_for(points) for points in LIFETIMES]

        change = change_curve(actor=SYSTEM, kind="linear", parameters={"step": 50, "max_level": 20})

        assert levels(ids) == [0, 1, 2, 5, 20]
        assert change.members_changed == 4
        assert verify_ledger(acme) == []


def test_the_preview_promises_what_the_change_does(acme: TenantContext) -> None:
    with enter_tenant(acme):
        make_members(acme)
        wanted = {"kind": "table", "parameters": {"totals": [99, 300]}}

        preview = preview_curve(**wanted)  # type: ignore[arg-type]
        version = load_curve().version
        change = change_curve(actor=SYSTEM, **wanted)  # type: ignore[arg-type]

        assert version == 0
        assert (preview.rise, preview.fall, preview.members) == (1, 1, 5)
        assert change.members_changed == preview.changed


def test_the_same_curve_again_and_a_bad_one_change_nothing(acme: TenantContext) -> None:
    with enter_tenant(acme):
        ids = make_members(acme)
        change_curve(actor=SYSTEM, kind="linear", parameters={"step": 50})
        events = TenantEvent.objects.filter(type="CurveChanged").count()

        assert change_curve(actor=SYSTEM, kind="linear", parameters={"step": 50}).members_changed == 0
        with pytest.raises(InvalidCurveError):
            change_curve(actor=SYSTEM, kind="linear", parameters={"step": -1})

        assert levels(ids) == [0, 1, 2, 5, 100]
        assert TenantEvent.objects.filter(type="CurveChanged").count() == events == 1
        assert not TenantEvent.objects.filter(type="LevelReached", data__lifetime=99).exists()


def test_ingest_books_by_the_new_curve_from_the_next_batch_on(acme: TenantContext, rules: None) -> None:
    from engagement.activity.memory import TenantMemory

    memory = TenantMemory()
    book(acme, [message(1)], memory)
    with enter_tenant(acme):
        change_curve(actor=SYSTEM, kind="linear", parameters={"step": 1, "max_level": 1000})

    book(acme, [message(1, at=1_795_000_000_000 + 120_000)], memory)

    with enter_tenant(acme):
        assert MemberProgress.objects.get().level >= 30
        assert verify_ledger(acme) == []


def test_the_comparison_counts_members_by_level_in_one_query(
    acme: TenantContext, django_assert_num_queries: Any
) -> None:
    with enter_tenant(acme):
        ids = make_members(acme)
        wanted = {"kind": "linear", "parameters": {"step": 50, "max_level": 20}}
        before = levels(ids)

        with django_assert_num_queries(2):
            compared = compare_curves(**wanted)  # type: ignore[arg-type]
        preview = preview_curve(**wanted)  # type: ignore[arg-type]

        assert (compared.members, compared.rise, compared.fall) == (5, preview.rise, preview.fall)
        assert compared.before == {level: before.count(level) for level in before}
        assert compared.after == {0: 1, 1: 1, 2: 1, 5: 1, 20: 1}
        assert compared.highest == 20
        change_curve(actor=SYSTEM, **wanted)  # type: ignore[arg-type]
        assert levels(ids) == [0, 1, 2, 5, 20]


def test_debt_counts_as_level_0_in_the_comparison(acme: TenantContext) -> None:
    with enter_tenant(acme):
        (poor,) = make_members(acme)[:1]
        LedgerBalance.objects.filter(member_id=poor).update(lifetime=-500)
        assert compare_curves(kind="linear", parameters={"step": 50}).after[0] == 1
