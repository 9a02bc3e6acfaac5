"""What billing was told, written down: in any order and twice, once in effect."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from engagement.analytics.explanations import explain_entry, list_history
from engagement.audit.models import AuditEntry
from engagement.members.models import Member
from engagement.progression.merging import merge_members
from engagement.supporters.errors import SecondSupportError, SupporterNotFoundError, TierNotFoundError
from engagement.supporters.mirroring import give_owed_points, move_supports, write_payment, write_support
from engagement.supporters.models import GRACE, Supporter, SupporterPayment
from engagement.supporters.selectors import (
    get_support,
    list_owed_points,
    list_payments,
    list_supporters,
    sum_income,
)
from saas.core import clock
from saas.events.models import TenantEvent
from tenants.context import TenantContext
from tests.engagement.rewards.spending import assert_books_balance, balance_of, make_member
from tests.engagement.supporters.supporting import ADA, begin, facts_of, make_tier, pay, payment_of


def news() -> list[str]:
    rows = TenantEvent.objects.filter(type__startswith="Supporter").order_by("id")
    return [row.type.removeprefix("Supporter") for row in rows]


def test_a_support_begins_is_late_recovers_and_ends(here: TenantContext) -> None:
    tier, grace = make_tier(here, on_sale=True), make_member(here)
    facts = facts_of(grace, tier)
    for state in ("active", "active", "late", "late", "active", "ended", "ended"):
        write_support(context=here, facts=replace(facts, state=state))
    row = Supporter.objects.get()
    assert (row.state, row.ended_at is not None) == ("ended", True)
    assert news() == ["Joined", "Late", "Recovered", "Left"]
    recorded = AuditEntry.objects.filter(action__startswith="supporter.").order_by("id")
    assert [entry.action for entry in recorded] == ["supporter.joined", "supporter.left"]


def test_what_ended_stays_ended(here: TenantContext) -> None:
    facts = facts_of(make_member(here), make_tier(here, on_sale=True))
    write_support(context=here, facts=replace(facts, state="ended"))
    write_support(context=here, facts=facts)
    assert Supporter.objects.get().state == "ended"
    assert news() == ["Joined", "Left"]


def test_a_late_one_keeps_its_benefits_for_the_grace(here: TenantContext) -> None:
    now = clock.now()
    row = begin(here, make_member(here), make_tier(here, on_sale=True), state="late", late_since=now)
    assert row.runs(now + GRACE - timedelta(minutes=1))
    assert not row.runs(now + GRACE)
    view = get_support(member_id=row.member_id)
    assert view is not None
    assert view.grace_ends_at == now + GRACE


def test_a_member_supports_once_at_a_time(here: TenantContext) -> None:
    tier, grace = make_tier(here, on_sale=True), make_member(here)
    first = begin(here, grace, tier)
    with pytest.raises(SecondSupportError):
        begin(here, grace, tier)
    begin(here, grace, tier, reference=first.reference, state="ended")
    second = begin(here, grace, tier)
    view = get_support(member_id=grace.pk)
    assert view is not None
    assert view.supporter.pk == second.pk
    assert list_supporters(state="active").get().pk == second.pk


def test_a_paid_period_gives_its_points_once_and_a_refund_takes_them_back(here: TenantContext) -> None:
    tier = make_tier(here, on_sale=True, points=50)
    grace = make_member(here)
    support = begin(here, grace, tier)
    facts = payment_of(support)
    for _ in range(2):
        write_payment(context=here, facts=facts)
    assert balance_of(grace) == (50, 0)
    half = replace(facts, refunded=250, refunded_at=clock.now(), fee=20)
    write_payment(context=here, facts=half)
    assert balance_of(grace) == (50, 0), "half of it is still paid"
    for _ in range(2):
        write_payment(context=here, facts=replace(half, refunded=500, fee=0))
    assert balance_of(grace) == (0, 0)
    assert_books_balance(here)
    (month,) = sum_income(context=here)
    assert (month.payments, month.gross, month.fee, month.refunded, month.net) == (1, 500, 0, 500, 0)


def test_points_are_named_in_the_history_and_their_reason(here: TenantContext) -> None:
    grace = make_member(here)
    pay(here, begin(here, grace, make_tier(here, on_sale=True, points=50, name="Patrons")))
    (line,) = list_history(member_id=grace.pk)
    assert (line.kind, line.title, line.detail) == ("support", "For your support", "Patrons")
    why = explain_entry(entry_id=line.entry_id)
    assert [text for _, text in why.lines] == ["Patrons", "50 points"]


def test_nothing_paid_gives_nothing(here: TenantContext) -> None:
    grace = make_member(here)
    pay(here, begin(here, grace, make_tier(here, on_sale=True, points=50)), amount=0, fee=0)
    assert balance_of(grace) == (0, 0)
    assert list(list_owed_points()) == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_any_order_of_payments_and_refund_ends_the_same(here: TenantContext, order: tuple[int, ...]) -> None:
    tier, grace = make_tier(here, on_sale=True, points=50), make_member(here)
    support = begin(here, grace, tier)
    first, second = payment_of(support), payment_of(support)
    told = [first, second, replace(second, refunded=second.amount, refunded_at=clock.now(), fee=0)]
    for index in order:
        # What is told is how it stands now: after a refund nobody tells of the payment as if there were none.
        facts = told[2] if index == 1 and order.index(2) < order.index(1) else told[index]
        for _ in range(2):
            write_payment(context=here, facts=facts)
    assert balance_of(grace) == (50, 0)
    assert SupporterPayment.objects.filter(refunded__gt=0).count() == 1
    assert_books_balance(here)


def test_who_waits_for_room_gets_the_points_once_there_is(here: TenantContext) -> None:
    tier, grace = make_tier(here, on_sale=True, points=50), make_member(here)
    Member.objects.filter(pk=grace.pk).update(waiting_since=clock.now())
    payment = pay(here, begin(here, grace, tier))
    assert list(list_owed_points()) == [payment.pk]
    assert not give_owed_points(context=here, payment_id=payment.pk)
    Member.objects.filter(pk=grace.pk).update(waiting_since=None)
    for _ in range(2):
        assert give_owed_points(context=here, payment_id=payment.pk)
    assert balance_of(grace) == (50, 0)


def test_what_is_not_known_is_refused_without_a_trace(here: TenantContext) -> None:
    tier, grace = make_tier(here, on_sale=True), make_member(here)
    with pytest.raises(TierNotFoundError):
        write_support(context=here, facts=facts_of(grace, tier, tier_key="nothing"))
    support = begin(here, grace, tier)
    with pytest.raises(SupporterNotFoundError):
        pay(here, support, support_reference="sub_unknown")
    assert not SupporterPayment.objects.exists()


def test_a_merged_member_s_support_follows_unless_both_support(here: TenantContext) -> None:
    tier = make_tier(here, on_sale=True)
    kept, gone, third = make_member(here), make_member(here), make_member(here)
    row = begin(here, gone, tier)
    merge_members(kept_id=kept.pk, gone_id=gone.pk, actor=ADA, context=here)
    assert move_supports(member_id=kept.pk, merged_id=gone.pk) == 1
    row.refresh_from_db()
    assert row.member_id == kept.pk
    other = begin(here, third, tier)
    assert move_supports(member_id=kept.pk, merged_id=third.pk) == 0
    begin(here, third, tier, reference=other.reference, state="ended")
    assert move_supports(member_id=kept.pk, merged_id=third.pk) == 1


def test_lists_ask_the_same_however_many_there_are(
    here: TenantContext, django_assert_num_queries: object
) -> None:
    tier = make_tier(here, on_sale=True, points=5)
    for _ in range(3):
        pay(here, begin(here, make_member(here), tier))
    with django_assert_num_queries(2):  # type: ignore[operator]
        assert [row.member.display_name and row.tier.name for row in list_supporters(tier=tier.key)] == [
            "Friends"
        ] * 3
        assert [row.supporter.member.display_name[:6] for row in list_payments(refunded=False)] == [
            "Member"
        ] * 3
