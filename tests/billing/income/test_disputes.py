"""A supporter's bank takes a payment back: share, fee, points and role go with it, and come again when the dispute is won."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.db import transaction

from billing.errors import StripeAwayError, StripeUnsureError
from billing.inbox.processing import work_off
from billing.inbox.receiving import store_event
from billing.income.errors import PaymentDisputedError
from billing.income.mirror import refresh_support
from billing.income.overview import list_income
from billing.income.refunds import refund_payment
from billing.models import StripeEvent
from billing.reconciling import reconcile_billing
from engagement.supporters.roles import list_support_roles
from engagement.supporters.selectors import list_owed_points, sum_income
from saas.core import clock
from tenants.context import enter_tenant
from tests.billing.income.world import OWNER, World
from tests.billing.making import owner_of
from tests.engagement.rewards.spending import assert_books_balance
from tests.mailbox import send_waiting

ROLE = "123456789012345678"


class Case:
    """One payment of 500 with a fee of 40, worth 50 points and a role."""

    def __init__(self, world: World) -> None:
        self.world, self.control = world, world.server.control
        self.member = world.member()
        world.support(self.member, world.tier(points=50, role_id=ROLE))
        self.charge: str = world.charges(self.member)[0].id

    def dispute(self, **how: Any) -> str:
        return str(self.control.dispute(self.charge, **how)["id"])

    def look(self) -> None:
        for _ in range(2):
            refresh_support(stripe_id=self.world.row(self.member).stripe_id)

    def money(self) -> tuple[int, int, int]:
        """Taken back from the community, fee given back, and given to the community again."""
        (charge,) = self.world.charges(self.member)
        again = [
            one.amount for one in self.world.stripe.v1.transfers.list().data if one.source_transaction is None
        ]
        return charge.transfer.amount_reversed, charge.application_fee.amount_refunded, sum(again)

    def standing(self) -> tuple[str, int, int, int, str]:
        """Dispute, what the bank has, our fee, points, and whether it runs."""
        (payment,) = self.world.payments()
        points, state = self.world.points(self.member), self.world.supporter(self.member).state
        return payment.dispute, payment.disputed, payment.fee, points, state

    def has_role(self, **later: int) -> bool:
        with enter_tenant(self.world.context):
            now = clock.now() + timedelta(**later)
            return any(one.wanted for one in list_support_roles(member_id=self.member.pk, now=now))


OPEN = ("open", 500, 0, 0, "active")
WON = ("", 0, 40, 50, "active")
LOST = ("lost", 500, 0, 0, "ended")


@pytest.fixture
def case(world: World) -> Case:
    return Case(world)


def test_while_it_is_open_everything_is_taken_back_once(case: Case) -> None:
    assert case.has_role()
    case.dispute()
    case.look()
    assert (case.standing(), case.money()) == (OPEN, (500, 40, 0))
    assert not case.has_role()
    assert case.has_role(days=40)  # of the next period, which is not disputed
    with enter_tenant(case.world.context):
        (month,) = sum_income()
        assert (month.gross, month.refunded, month.net) == (500, 500, 0)
        assert list_owed_points() == []
        assert_books_balance(case.world.context)
    (income,) = list_income(user=owner_of(case.world.community))
    assert income.totals[0].net == 0
    assert case.world.recorded() == ["joined", "disputed"]
    assert case.world.news() == ["Joined", "Disputed"]


def test_won_the_share_comes_again_once_without_our_fee(case: Case) -> None:
    dispute = case.dispute()
    case.look()
    case.control.go_on_with_dispute(dispute, "won")
    case.look()
    assert (case.standing(), case.money()) == (WON, (500, 40, 460))
    assert case.has_role()
    with enter_tenant(case.world.context):
        (month,) = sum_income()
        assert (month.fee, month.refunded, month.net) == (40, 0, 460)
        assert_books_balance(case.world.context)


def test_lost_it_ends_at_once(case: Case) -> None:
    dispute = case.dispute()
    case.look()
    case.control.go_on_with_dispute(dispute, "lost")
    case.look()
    assert (case.standing(), case.money()) == (LOST, (500, 40, 0))
    assert case.world.told(case.member).status == "canceled"
    assert not case.has_role()
    assert not case.has_role(days=40)


def test_a_part_takes_back_that_part(case: Case) -> None:
    case.dispute(amount=250)
    case.look()
    assert case.standing() == ("open", 250, 20, 0, "active")
    assert case.money() == (250, 20, 0)


def test_an_inquiry_moves_nothing_until_the_bank_takes_it(case: Case) -> None:
    dispute = case.dispute(inquiry=True)
    case.look()
    assert (case.standing(), case.money()) == (("inquiry", 0, 40, 50, "active"), (0, 0, 0))
    assert case.has_role()
    case.control.go_on_with_dispute(dispute, "escalate")
    case.look()
    assert (case.standing(), case.money()) == (OPEN, (500, 40, 0))


def test_an_inquiry_that_closes_leaves_no_mark(case: Case) -> None:
    dispute = case.dispute(inquiry=True)
    case.look()
    case.control.go_on_with_dispute(dispute, "won")
    case.look()
    assert (case.standing(), case.money()) == (WON, (0, 0, 0))


@pytest.mark.slow
@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_every_order_ends_in_the_same_state(case: Case, outcome: str) -> None:
    """Created, updated and closed, each twice, in every order; then with each moment seen when it was."""
    dispute = case.dispute()
    for act in ("review", outcome):
        case.control.go_on_with_dispute(dispute, act)
    listed = case.world.stripe.v1.events.list({"limit": 100}).data
    types = ("charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed")
    told = [one.to_dict() for one in listed if one.type in types]
    assert {one["type"] for one in told} == set(types)
    found = []
    for order in permutations(told):
        with transaction.atomic():
            for event in (*order, *order):
                deliver(event)
            found.append((case.standing(), case.world.picture()))
            transaction.set_rollback(True)
        assert found[-1] == found[0], [one["type"] for one in order]
    assert found[0][0] == (WON if outcome == "won" else LOST)


def deliver(event: dict[str, Any]) -> None:
    store_event(event)
    work_off(event_id=StripeEvent.objects.get(stripe_id=event["id"]).pk)


@pytest.mark.parametrize("outcome", ["won", "lost"])
@pytest.mark.parametrize("seen", [(), ("open",), ("review",), ("open", "review")])
def test_whatever_was_seen_on_the_way(case: Case, seen: tuple[str, ...], outcome: str) -> None:
    dispute = case.dispute()
    if "open" in seen:
        case.look()
    case.control.go_on_with_dispute(dispute, "review")
    if "review" in seen:
        case.look()
    case.control.go_on_with_dispute(dispute, outcome)
    case.look()
    assert case.standing() == (WON if outcome == "won" else LOST)
    taken, fee, again = case.money()
    assert taken - fee - again == (460 if outcome == "lost" else 0)


def test_all_webhooks_lost_it_is_right_within_the_hour(case: Case) -> None:
    dispute = case.dispute()
    assert {one.kind for one in reconcile_billing().findings} >= {"dispute"}
    assert (case.standing(), case.money()) == (OPEN, (500, 40, 0))
    case.control.go_on_with_dispute(dispute, "won")
    reconcile_billing()
    assert (case.standing(), case.money()) == (WON, (500, 40, 460))
    assert "dispute" not in {one.kind for one in reconcile_billing().findings}


def test_a_dry_comparison_moves_nothing(case: Case) -> None:
    case.dispute()
    assert "dispute" in {one.kind for one in reconcile_billing(dry_run=True).findings}
    assert (case.standing(), case.money()) == (WON, (0, 0, 0))


def test_another_s_dispute_changes_nothing(case: Case) -> None:
    stranger = case.world.stripe.v1.customers.create({"email": "x@example.org"}).id
    case.world.stripe.v1.payment_intents.create(
        {
            "amount": 500,
            "currency": "usd",
            "customer": stranger,
            "payment_method": "pm_card_createDispute",
            "confirm": True,
            "metadata": {"support": case.world.row(case.member).stripe_id},
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
    )
    before = case.world.picture()
    (event,) = case.world.stripe.v1.events.list({"type": "charge.dispute.created"}).data
    deliver(event.to_dict())
    reconcile_billing()
    assert (case.world.picture(), case.money()) == (before, (0, 0, 0))
    assert StripeEvent.objects.get(stripe_id=event.id).state == "ignored"


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("path", ["/v1/transfers", "/v1/application_fees", "/v1/charges", "/v1/disputes"])
def test_stripe_away_leaves_nothing_half_done(case: Case, path: str) -> None:
    case.dispute()
    before = case.world.picture()
    case.control.faults(status=503, path=path)
    with pytest.raises((StripeAwayError, StripeUnsureError)):
        case.look()
    case.control.clear_faults()
    assert case.world.picture() == before
    case.look()
    assert (case.standing(), case.money()) == (OPEN, (500, 40, 0))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("outcome", ["open", "won"])
def test_a_lost_answer_is_asked_again_and_done_once(case: Case, outcome: str) -> None:
    dispute = case.dispute()
    if outcome != "open":
        case.look()
        case.control.go_on_with_dispute(dispute, outcome)
    case.control.faults(cut=True, after=True, method="POST", path="/v1/transfers")
    with pytest.raises(StripeUnsureError):
        case.look()
    case.control.clear_faults()
    case.look()
    assert case.standing() == (WON if outcome == "won" else OPEN)
    assert case.money() == (500, 40, 460 if outcome == "won" else 0)


def test_what_an_account_cannot_give_back_is_marked_and_tried_again(
    case: Case,
) -> None:
    case.dispute()
    case.control.faults(status=400, method="POST", path="/v1/transfers")
    case.look()
    case.control.clear_faults()
    assert (case.standing()[0], case.standing()[3], case.money()) == ("open", 0, (0, 0, 0))
    assert case.world.row(case.member).disputes == {}
    assert "dispute" in {one.kind for one in reconcile_billing().findings}
    assert (case.standing(), case.money()) == (OPEN, (500, 40, 0))


@pytest.mark.parametrize("act", ["open", "won", "lost"])
def test_a_refund_of_it_is_refused(case: Case, act: str) -> None:
    dispute = case.dispute()
    if act != "open":
        case.control.go_on_with_dispute(dispute, act)
    key, before = case.world.payments()[0].key, case.world.picture()
    with pytest.raises(PaymentDisputedError, match="bank"):
        refund_payment(context=case.world.context, payment_key=key, end=True, actor=OWNER)
    assert case.world.picture() == before
    assert case.world.stripe.v1.refunds.list().data == []


def test_a_payment_that_the_bank_only_asks_about_can_be_refunded(case: Case) -> None:
    case.dispute(inquiry=True)
    key = case.world.payments()[0].key
    refund_payment(context=case.world.context, payment_key=key, end=False, actor=OWNER)
    assert (case.world.payments()[0].refunded, case.world.points(case.member)) == (500, 0)


@pytest.mark.parametrize(
    ("acts", "subject", "words"),
    [
        ((), "is disputed", "write to hello@"),
        (("won",), "stands", "in your account at Stripe again"),
        (("lost",), "is lost", "The support has ended"),
    ],
)
def test_the_owner_is_told_once(case: Case, acts: tuple[str, ...], subject: str, words: str) -> None:
    dispute = case.dispute()
    case.look()
    arrived = send_waiting()
    for act in acts:
        case.control.go_on_with_dispute(dispute, act)
        case.look()
        arrived = send_waiting()
    (letter,) = [one for one in arrived if "payment of 5.00 USD" in one.subject]
    assert letter.to == [owner_of(case.world.community).email]
    assert subject in letter.subject
    assert words in letter.body
    assert case.member.display_name not in letter.body


def test_it_can_be_told_and_taken_again_and_again(case: Case) -> None:
    """A second dispute of the same payment takes the points once more, and gives them once more."""
    for number in (1, 2):
        dispute = case.dispute()
        case.look()
        assert case.world.points(case.member) == 0
        case.control.go_on_with_dispute(dispute, "won")
        case.look()
        assert (case.world.points(case.member), case.world.payments()[0].points_rounds) == (50, number)
