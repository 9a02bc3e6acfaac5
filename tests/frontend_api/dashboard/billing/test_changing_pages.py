"""Another plan, the end of one, and what takes either back: shown before, done as shown, never half."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests

from billing.models import Subscription
from engagement.audit.actor import SYSTEM
from engagement.audit.models import AuditEntry
from engagement.rules.services import create_rule
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.billing.shop import DECLINED, SECURE
from tests.billing.test_changing import use_card
from tests.frontend_api.dashboard.billing.till import Till

PRO, STARTER = "change/?plan=pro&interval=month", "change/?plan=starter&interval=month"


def confirm(till: Till, path: str, **other: Any) -> Any:
    return till.post("change/", {**till.hidden(path), "confirmed": "1", **other})


def plan_of(till: Till) -> tuple[str, str]:
    row = till.shop.row()
    return row.plan, row.next_plan


def test_more_is_shown_with_what_is_due_now_and_then_charged_so(paid: Till) -> None:
    page = paid.get(PRO)
    preview = page.context["preview"]
    text = page.content.decode()
    assert f"Change and pay ${preview.due_now / 100:.2f}" in text
    assert "Next payment" in text
    assert "$50.00" in text
    assert "What will wait" not in text
    said = paid.follow(confirm(paid, PRO))
    assert "Done. This community is on Pro now." in said
    assert plan_of(paid) == ("pro", "")


def test_less_is_planned_and_says_what_will_wait(paid: Till, acme: TenantContext) -> None:
    with enter_tenant(acme):
        for number in range(20):
            definition = {"triggers": ["message"], "amount": 1}
            create_rule(key=f"more_{number}", name=f"More {number}", definition=definition, actor=SYSTEM)
    text = paid.text(STARTER)
    assert "Nothing is charged now." in text
    assert "What will wait" in text
    assert "rules" in text
    said = paid.follow(confirm(paid, STARTER))
    assert "Planned. Starter begins on" in said
    assert "It changes on" in said
    assert plan_of(paid) == ("growth", "starter")


def test_a_planned_change_is_taken_back(paid: Till) -> None:
    confirm(paid, STARTER)
    acts = {act.name: dict(act.fields) for act in paid.get("").context["acts"]}
    assert "Growth stays" in paid.follow(paid.post("undo/", acts["Take the change back"]))
    assert plan_of(paid) == ("growth", "")


def test_a_year_is_shown_with_its_price(paid: Till) -> None:
    text = paid.text("change/?plan=growth&interval=year")
    assert "$250 a year" in text
    assert "Change and pay" in text


def test_the_year_is_left_when_it_is_over_and_the_page_says_so(paid: Till) -> None:
    text = paid.text("change/?plan=growth&interval=year")
    assert "Pay Growth by the year" in text
    assert "Growth stays on as it is, for $250 a year." in text
    confirm(paid, "change/?plan=growth&interval=year")
    back = "change/?plan=growth&interval=month"
    assert "After that it is $25 a month." in paid.text(back)
    said = paid.follow(confirm(paid, back))
    assert "Planned. Growth, $25 a month, begins on" in said
    assert (paid.shop.row().interval, paid.shop.row().next_interval) == ("year", "month")


def test_what_a_change_leaves_over_is_said(till: Till) -> None:
    till.shop.skip_trial()
    till.shop.buy("starter", "year")
    preview = till.get(PRO).context["preview"]
    assert (preview.credit, preview.due_now, preview.left_over, preview.next_amount) == (10_000, 0, 5000, 0)
    text = till.text(PRO)
    assert "of it are left over then." in text
    assert "Change the plan" in text
    confirm(till, PRO)
    assert plan_of(till) == ("pro", "")


def test_fewer_cohorts_say_what_will_wait(till: Till) -> None:
    from tenants.models import Tenant

    Tenant.objects.filter(slug="acme").update(kind="course")
    till.shop.skip_trial()
    till.shop.buy("course", quantity=5)
    fewer = "change/?plan=course&interval=month&quantity=1"
    assert "What will wait or be off" in till.text(fewer)
    assert "Course for 1 cohort" in till.text(fewer)
    assert "What will wait or be off" not in till.text("change/?plan=course&interval=month&quantity=9")
    for wrong in ("abc", "-3", "9" * 30):
        answer = till.get(f"change/?plan=course&interval=month&quantity={wrong}")
        assert "Choose 1 to 500 cohorts." in till.follow(answer)
    assert "Planned. Course, $20 a month, begins on" in till.follow(confirm(till, fewer))


@pytest.mark.parametrize(
    ("facts", "first"),
    [
        ({"cancel_at": timedelta(days=9)}, "Keep your plan first"),
        ({"status": "past_due", "unpaid_since": -timedelta(days=1)}, "Pay the open invoice first"),
    ],
)
def test_no_plan_is_offered_that_could_not_be_taken(paid: Till, facts: dict[str, Any], first: str) -> None:
    now = clock.now()
    Subscription.objects.update(
        **{name: now + value if isinstance(value, timedelta) else value for name, value in facts.items()}
    )
    text = paid.text("plans/")
    assert text.count(first) == 2
    assert "Change to" not in text
    assert "cannot be chosen yet" in text


def test_a_stale_form_changes_nothing_and_shows_what_stands(paid: Till) -> None:
    old = paid.hidden(PRO)
    confirm(paid, "change/?plan=growth&interval=year")
    answer = paid.post("change/", {**old, "confirmed": "1"})
    assert answer.status_code == 409
    assert "Nothing was changed by you" in answer.content.decode()
    assert paid.shop.row().plan == "growth"


def test_two_tabs_change_once(paid: Till) -> None:
    form = {**paid.hidden(PRO), "confirmed": "1"}
    paid.post("change/", form)
    assert paid.post("change/", form).status_code in {302, 409}
    invoices = paid.shop.stripe.v1.invoices.list({"subscription": paid.shop.row().stripe_id}).data
    assert len(invoices) == 2


def test_a_declined_card_leaves_everything_and_offers_another(paid: Till) -> None:
    use_card(paid.shop, DECLINED)
    answer = confirm(paid, PRO)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "The payment was declined" in text
    assert "Use another card" in text
    assert plan_of(paid) == ("growth", "")


def test_a_bank_that_wants_to_be_asked_is_asked_on_stripes_page(paid: Till) -> None:
    use_card(paid.shop, SECURE)
    assert "There is no change of plan that waits for your bank" in paid.follow(
        paid.post("portal/", {"flow": "confirm"})
    )
    answer = confirm(paid, PRO)
    assert answer.status_code == 422
    assert "Confirm with your bank" in answer.content.decode()
    there = paid.post("portal/", {"flow": "confirm", "plan": "starter"})["Location"]
    assert there.startswith(paid.shop.server.url)
    assert "Change to EngageHub Pro" in requests.get(there, timeout=20).text
    assert plan_of(paid) == ("growth", "")


def test_stripe_away_before_is_said_and_nothing_changed(paid: Till) -> None:
    paid.shop.server.control.faults(status=500)
    answer = paid.get(PRO)
    assert answer.status_code == 503
    assert "Our payment provider did not answer" in answer.content.decode()
    assert "Growth, $25 a month" in paid.text()


def test_stripe_away_in_the_act_is_said_without_half_a_change(paid: Till) -> None:
    form = {**paid.hidden(PRO), "confirmed": "1"}
    paid.shop.server.control.faults(status=500)
    answer = paid.post("change/", form)
    assert answer.status_code == 503
    paid.shop.server.control.clear_faults()
    assert plan_of(paid) == ("growth", "")
    assert paid.shop.told()["items"].data[0].price.lookup_key == "growth_month"


@pytest.mark.parametrize(
    "tampered",
    [
        {"plan": "enterprise"}, {"plan": "<script>"}, {"interval": "decade"}, {"quantity": "999999999999"},
        {"version": "x" * 500}, {"proration_date": "-1"}, {"proration_date": "9" * 30}, {"quantity": ""},
    ],
)  # fmt: skip
def test_a_tampered_form_never_changes_what_was_not_shown(paid: Till, tampered: dict[str, str]) -> None:
    answer = confirm(paid, PRO, **tampered)
    assert answer.status_code in {302, 404, 409}
    if set(tampered) <= {"proration_date", "quantity"} and tampered.get("quantity") != "999999999999":
        return  # the moment is then ours, and a server's plan is bought once
    assert paid.shop.row().plan == "growth"


def test_the_same_plan_is_no_change(paid: Till) -> None:
    answer = paid.get("change/?plan=growth&interval=month")
    assert answer["Location"] == "/dashboard/billing/"


def test_cancelling_says_what_happens_and_when_and_can_be_taken_back(paid: Till) -> None:
    text = paid.text("cancel/")
    assert "Everything in the plan works until" in text
    assert "Nothing is deleted" in text
    assert "you can take it back here" in text
    hidden = paid.hidden("cancel/")
    said = paid.follow(paid.post("cancel/", {**hidden, "confirmed": "1"}))
    assert "Cancelled. Everything works until" in said
    assert "Keep the plan" in said
    assert paid.shop.row().cancel_at is not None
    acts = {act.name: dict(act.fields) for act in paid.get("").context["acts"]}
    assert "Growth goes on" in paid.follow(paid.post("resume/", acts["Keep the plan"]))
    assert paid.shop.row().cancel_at is None


def test_cancelling_asks_nothing_and_pauses_nothing(paid: Till) -> None:
    text = paid.text("cancel/").lower()
    for word in ("why are you", "reason", "pause", "discount", "are you sure", "you will lose"):
        assert word not in text


def test_a_click_on_an_old_page_is_told_what_stands(paid: Till) -> None:
    old = paid.hidden("cancel/")
    confirm(paid, PRO)
    said = paid.follow(paid.post("cancel/", {**old, "confirmed": "1"}))
    assert "Nothing was changed by you" in said
    assert paid.shop.row().cancel_at is None
    for act in ("resume/", "undo/"):
        assert paid.post(act, {"version": "old"}).status_code == 302
    assert plan_of(paid) == ("pro", "")


def test_stripe_away_while_cancelling_is_said_on_the_page(paid: Till) -> None:
    hidden = paid.hidden("cancel/")
    paid.shop.server.control.faults(status=500)
    answer = paid.post("cancel/", {**hidden, "confirmed": "1"})
    assert "Our payment provider did not answer" in answer.content.decode()
    paid.shop.server.control.clear_faults()
    assert paid.shop.row().cancel_at is None


def test_the_acts_are_recorded(paid: Till, acme: TenantContext) -> None:
    confirm(paid, PRO)
    paid.post("cancel/", {**paid.hidden("cancel/"), "confirmed": "1"})
    with enter_tenant(acme):
        found = AuditEntry.objects.filter(action__in=("plan.changed", "plan.cancelled")).order_by("pk")
        assert [(one.action, one.actor_name, one.via) for one in found] == [
            ("plan.changed", "Acme Owner", "web"),
            ("plan.cancelled", "Acme Owner", "web"),
        ]


def test_the_portal_opens_for_the_payer_and_leads_back(paid: Till) -> None:
    answer = paid.post("portal/")
    assert answer.status_code == 302
    assert answer["Location"].startswith(paid.shop.server.url)
    Subscription.objects.update(cancel_at=None, plan="starter")
    assert paid.get("portal/back/")["Location"] == "/dashboard/billing/"
    assert paid.shop.row().plan == "growth"


def test_stripe_away_at_the_portal_is_said(paid: Till) -> None:
    paid.shop.server.control.faults(status=500)
    assert "Our payment provider did not answer" in paid.follow(paid.post("portal/"))
    assert "does not answer at the moment" in paid.follow(paid.get("portal/back/"))


def test_the_portal_is_closed_to_who_does_not_pay(paid: Till) -> None:
    from billing.models import Payer
    from tenants.models import User

    Payer.objects.update(user=User.objects.get(username="acme-moderator"))
    assert paid.post("portal/").status_code == 403
    text = paid.text()
    assert "Cards and invoices" not in text
    assert "Invoices are shown to whoever pays" in paid.text("invoices/")


def test_invoices_are_listed_with_their_files(paid: Till) -> None:
    text = paid.text("invoices/")
    assert "$25.00" in text
    assert "PDF" in text
    part = paid.get("invoices/", **{"HX-Request": "true"}).content.decode()
    assert "<html" not in part


def test_invoices_wait_for_a_stripe_that_is_away(paid: Till) -> None:
    paid.shop.server.control.faults(status=500)
    text = paid.text("invoices/")
    assert "Your invoices are safe; look again in a minute." in text
    assert "Growth, $25 a month" in paid.text()
