"""Who pays: facts on invoices, another name, somebody else; what a month may cost above the plan."""

from __future__ import annotations

import pytest

from billing.models import BillingAttempt, Payer, Subscription
from engagement.audit.models import AuditEntry
from tenants.context import TenantContext, enter_tenant
from tenants.models import Membership, User
from tests.frontend_api.dashboard.billing.till import Till
from tests.frontend_api.hosts import ACME, BASE, Browser
from tests.frontend_api.portal.test_leaderboard import text_of

PAYER = "/dashboard/billing/payer/"


@pytest.fixture
def mods_are_admins(db: None) -> User:
    Membership.objects.filter(user__username="acme-moderator").update(role="admin")
    found: User = User.objects.get(username="acme-moderator")
    return found


def sign_in_as(pages: Browser, username: str) -> None:
    pages.on(BASE).post("/logout/")
    pages.on(ACME).post("/logout/")
    pages.sign_in(username, path="/earn/")


def test_the_facts_on_invoices_are_changed_at_stripe_too(paid: Till) -> None:
    assert "You pay for this community" in paid.text("payer/")
    form = {"do": "facts", "kind": "company", "name": "Acme & Sons", "email": "books@acme.test"}
    assert "Saved, for every community" in paid.follow(paid.post("payer/", form))
    payer = Payer.objects.get()
    assert (payer.kind, payer.name) == ("company", "Acme & Sons")
    assert paid.shop.stripe.v1.customers.retrieve(str(payer.stripe_id)).name == "Acme & Sons"


@pytest.mark.parametrize(
    "wrong", [{"kind": "robot"}, {"email": "nobody"}, {"kind": "company", "name": ""}, {"name": "x" * 200}]
)
def test_wrong_facts_stand_beside_their_field(paid: Till, wrong: dict[str, str]) -> None:
    form = {"do": "facts", "kind": "company", "name": "Acme", "email": "books@acme.test", **wrong}
    assert paid.post("payer/", form).status_code == 422
    assert Payer.objects.get().kind == "person"


def test_stripe_away_leaves_the_facts(paid: Till) -> None:
    paid.shop.server.control.faults(status=500)
    form = {"do": "facts", "kind": "company", "name": "Acme", "email": "books@acme.test"}
    answer = paid.post("payer/", form)
    assert answer.status_code == 503
    assert "did not answer" in answer.content.decode()
    assert Payer.objects.get().kind == "person"


def test_the_payment_moves_to_a_company_of_ones_own(paid: Till) -> None:
    form = {"do": "take", "payer": "new", "company_name": "Acme Ltd", "company_email": "a@acme.test"}
    answer = paid.post("payer/", form)
    assert answer["Location"].startswith(paid.shop.server.url)
    session = paid.shop.session()
    paid.shop.pay(session)
    assert "Thank you. Growth is on" in paid.follow(paid.get(f"return/?session_id={session}"))
    row = Subscription.objects.get(ended_at=None)
    assert (row.payer.name, row.plan) == ("Acme Ltd", "growth")


def test_somebody_else_is_asked_and_takes_it_over(paid: Till, mods_are_admins: User) -> None:
    said = paid.follow(paid.post("payer/", {"do": "offer", "heir": str(mods_are_admins.pk)}))
    assert "Until they have paid, nothing changes" in said
    assert "is asked to pay from now on" in said
    sign_in_as(paid.pages, "acme-moderator")
    assert "Look at the question to you" in paid.text()
    assert "You are asked to pay for this community" in paid.text("payer/")
    assert paid.post("payer/", {"do": "facts", "kind": "person", "email": "a@b.test"}).status_code == 403
    answer = paid.post("payer/", {"do": "take", "payer": "me"})
    assert answer["Location"].startswith(paid.shop.server.url)
    assert BillingAttempt.objects.filter(kind="checkout").order_by("-pk")[0].payer.user == mods_are_admins


def test_an_offer_is_declined(paid: Till, mods_are_admins: User) -> None:
    paid.post("payer/", {"do": "offer", "heir": str(mods_are_admins.pk)})
    sign_in_as(paid.pages, "acme-moderator")
    assert "The offer is ended" in paid.follow(paid.post("payer/offer/end/"))
    assert paid.get("payer/").status_code == 403


def test_nobody_outside_the_team_can_be_asked(paid: Till) -> None:
    stranger = User.objects.get(username="acme-stranger")
    answer = paid.post("payer/", {"do": "offer", "heir": str(stranger.pk)})
    assert answer.status_code == 422


def test_an_admin_who_was_not_asked_may_not(paid: Till, mods_are_admins: User) -> None:
    sign_in_as(paid.pages, "acme-moderator")
    assert paid.get("payer/").status_code == 403
    assert paid.post("payer/", {"do": "take", "payer": "me"}).status_code == 403


def test_an_owner_takes_the_payment_over_without_being_asked(paid: Till, mods_are_admins: User) -> None:
    Payer.objects.update(user=mods_are_admins)
    assert "Pay yourself instead" in paid.text()
    answer = paid.post("payer/", {"do": "take", "payer": "me"})
    assert answer["Location"].startswith(paid.shop.server.url)


def test_without_a_plan_there_is_nobody_who_pays(till: Till) -> None:
    assert "Nobody pays for this community" in till.follow(till.get("payer/"))


def test_nothing_above_the_plan_costs_until_it_is_allowed(paid: Till, acme: TenantContext) -> None:
    text = paid.text()
    assert "Sold by use" in text
    assert "Nothing above the plan" in text
    said = paid.follow(paid.post("cap/", {"amount": "12.50"}))
    assert "A month costs at most $12.50 more than the plan." in said
    assert "of $12.50" in said
    with enter_tenant(acme):
        assert AuditEntry.objects.filter(action="spending_cap.changed", actor_name="Acme Owner").exists()
    assert "Nothing is charged above the plan" in paid.follow(paid.post("cap/", {"amount": "0"}))


@pytest.mark.parametrize("amount", ["-1", "lots", "", "99999999", "1.234", "NaN", "Infinity"])
def test_an_amount_that_is_none_is_refused(paid: Till, amount: str) -> None:
    assert paid.post("cap/", {"amount": amount}).status_code == 422


def test_a_plan_without_meters_has_nothing_to_limit(till: Till) -> None:
    assert "sells nothing by use" in text_of(till.pages.on(ACME).get(till.get("cap/")["Location"]))


def test_an_admin_who_took_the_payment_over_comes_back_and_manages_cards(
    paid: Till, mods_are_admins: User
) -> None:
    paid.post("payer/", {"do": "offer", "heir": str(mods_are_admins.pk)})
    sign_in_as(paid.pages, "acme-moderator")
    paid.post("payer/", {"do": "take", "payer": "me"})
    session = paid.shop.session()
    paid.shop.pay(session)
    assert "Thank you. Growth is on" in paid.follow(paid.get(f"return/?session_id={session}"))
    text = paid.text()
    assert "Cards and invoices" in text
    assert "Cancel the plan" not in text
    assert paid.post("portal/")["Location"].startswith(paid.shop.server.url)


def test_the_number_of_cohorts_is_changed_with_its_cost(till: Till) -> None:
    from tenants.models import Tenant

    Tenant.objects.filter(slug="acme").update(kind="course")
    till.shop.skip_trial()
    till.shop.buy("course", quantity=2)
    text = till.text()
    assert "Course, $40 a month for 2 cohorts" in text
    assert "Cohorts at the same time" in text
    shown = till.text("change/?plan=course&interval=month&quantity=3")
    assert "$60 a month for 3 cohorts" in shown
    assert "Change and pay" in shown
