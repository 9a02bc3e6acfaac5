"""From the plans to Stripe's page and back: what is shown, what is asked, and what happens when Stripe is slow or away."""

from __future__ import annotations

from typing import Any

import pytest

from billing.models import BillingAttempt, Payer, Subscription
from tenants.models import GuildLink, Tenant
from tests.billing.shop import DECLINED
from tests.frontend_api.dashboard.billing.till import Till
from tests.frontend_api.hosts import ACME, BASE

BEGIN = "begin/?plan=growth&interval=month&currency=usd"
FORM = {"interval": "month", "payer": "me"}


def test_the_plans_stand_side_by_side_with_what_can_be_done(till: Till) -> None:
    text = till.text("plans/")
    for name in ("Free", "Starter", "Growth", "Pro"):
        assert name in text
    assert "begin/?plan=growth&amp;interval=month&amp;currency=usd" in text
    assert "Your plan now" in text


def test_a_plan_from_the_pricing_page_is_begun(till: Till) -> None:
    answer = till.get("plans/?plan=growth&interval=year&currency=eur")
    assert answer["Location"] == "/dashboard/billing/begin/?plan=growth&interval=year&currency=eur"
    text = till.text("begin/?plan=growth&interval=year&currency=eur")
    assert "€250 a year" in text
    assert "14 days with everything in Growth. No card is needed" in text


def test_the_form_leads_to_stripes_page_which_the_policy_allows(till: Till) -> None:
    answer = till.post(BEGIN, FORM)
    assert answer.status_code == 302
    assert answer["Location"].startswith(till.shop.server.url)
    assert till.shop.server.url in till.get(BEGIN)["Content-Security-Policy"]
    assert BillingAttempt.objects.get().wanted["plan"] == "growth"


def test_who_comes_back_has_the_plan_at_once(till: Till) -> None:
    till.shop.skip_trial()
    assert "No card is needed" not in till.text(BEGIN)
    till.post(BEGIN, FORM)
    session = till.shop.session()
    till.shop.pay(session)
    text = till.follow(till.get(f"return/?session_id={session}"))
    assert "Thank you. Growth is on" in text
    assert "Growth, $25 a month. Next payment on" in text
    assert "Thank you" not in till.text()
    assert "Growth, $25 a month" in till.follow(till.get(f"return/?session_id={session}"))


def test_a_trial_begins_without_a_card(till: Till) -> None:
    till.post(BEGIN, FORM)
    session = till.shop.session()
    till.shop.pay(session, card=None)
    text = till.follow(till.get(f"return/?session_id={session}"))
    assert "Your trial of Growth has begun" in text
    assert "Add a card" in text


def test_who_tries_without_a_server_reads_that_a_server_tries_once(till: Till) -> None:
    said = "A Discord server has one trial."
    assert said not in till.text(BEGIN)
    GuildLink.objects.filter(tenant=till.shop.tenant).delete()
    Tenant.objects.filter(pk=till.shop.tenant.pk).update(kind="creator")
    assert said in till.text(BEGIN)


def test_who_has_not_paid_yet_waits_and_is_told_so(till: Till) -> None:
    till.post(BEGIN, FORM)
    page = till.get(f"return/?session_id={till.shop.session()}")
    assert page.status_code == 200
    assert "has not confirmed the payment yet" in page.content.decode()
    part = till.get(f"return/?session_id={till.shop.session()}", **{"HX-Request": "true"})
    assert "<html" not in part.content.decode()


def test_stripe_away_on_the_way_back_is_waited_for(till: Till) -> None:
    till.shop.skip_trial()
    till.post(BEGIN, FORM)
    session = till.shop.session()
    till.shop.pay(session)
    till.shop.server.control.faults(status=500)
    text = till.text(f"return/?session_id={session}")
    assert "What you paid is safe" in text
    till.shop.server.control.clear_faults()
    assert "Thank you" in till.follow(till.get(f"return/?session_id={session}"))


def test_an_old_page_says_how_things_stand_and_does_not_wait_for_ever(till: Till) -> None:
    till.shop.skip_trial()
    till.post(BEGIN, FORM)
    session = till.shop.session()
    till.shop.pay(session)
    till.follow(till.get(f"return/?session_id={session}"))
    row = till.shop.row()
    price = till.shop.stripe.v1.prices.list({"lookup_keys": ["pro_month"]}).data[0].id
    item = till.shop.told()["items"].data[0].id
    till.shop.stripe.v1.subscriptions.update(row.stripe_id, {"items": [{"id": item, "price": price}]})
    assert "Thank you. Pro is on" in till.follow(till.get(f"return/?session_id={session}"))
    till.shop.stripe.v1.subscriptions.cancel(row.stripe_id)
    text = till.follow(till.get(f"return/?session_id={session}"))
    assert "what it bought has ended" in text
    assert "Free. There is nothing to pay" in text


@pytest.mark.parametrize("session", ["", "cs_test_nothing", "<script>", "x" * 500, "%00cs"])
def test_a_session_that_is_not_ours_is_not_there(till: Till, session: str) -> None:
    assert till.get(f"return/?session_id={session}").status_code == 404


def test_another_communitys_session_is_not_there(till: Till) -> None:
    till.post(BEGIN, FORM)
    session = till.shop.session()
    pages = till.pages
    pages.on(BASE).post("/logout/")
    pages.sign_in("globex-owner", host="globex.localhost", path="/earn/")
    answer = pages.on("globex.localhost").get(f"/dashboard/billing/return/?session_id={session}")
    assert answer.status_code == 404
    assert not Subscription.objects.exists()


def test_stripe_away_when_it_begins_keeps_what_was_typed(till: Till) -> None:
    till.shop.server.control.faults(status=500)
    answer = till.post(BEGIN, {**FORM, "promotion_code": "WELCOME20"})
    assert answer.status_code == 503
    text = answer.content.decode()
    assert "Our payment provider did not answer" in text
    assert 'value="WELCOME20"' in text
    till.shop.server.control.clear_faults()
    assert till.post(BEGIN, FORM).status_code == 302


def test_a_code_that_is_none_stands_beside_its_field(till: Till) -> None:
    answer = till.post(BEGIN, {**FORM, "promotion_code": "NOPE"})
    assert answer.status_code == 422
    assert "This code was not taken" in answer.content.decode()


def test_a_company_is_made_on_the_way(till: Till) -> None:
    wrong = till.post(BEGIN, {**FORM, "payer": "new"})
    assert wrong.status_code == 422
    assert "Give the company’s name." in wrong.content.decode()
    company = {"payer": "new", "company_name": "Acme <b>Inc", "company_email": "books@acme.test"}
    assert till.post(BEGIN, {**FORM, **company}).status_code == 302
    payer = Payer.objects.get(kind="company")
    assert (payer.name, payer.email) == ("Acme <b>Inc", "books@acme.test")
    text = till.text(BEGIN)
    assert "Acme &lt;b&gt;Inc" in text
    assert till.post(BEGIN, {**FORM, "payer": payer.key}).status_code == 302


@pytest.mark.parametrize(
    "tampered",
    [{"interval": "decade"}, {"payer": "01SOMEBODYELSES"}, {"interval": ""}, {"payer": ""}],
)
def test_what_was_never_offered_is_refused(till: Till, tampered: dict[str, str]) -> None:
    assert till.post(BEGIN, {**FORM, **tampered}).status_code == 422
    assert not BillingAttempt.objects.exists()


def test_nothing_that_a_browser_sends_names_a_price(till: Till) -> None:
    till.shop.skip_trial()
    till.post(BEGIN, {**FORM, "price": "price_cheap", "amount": "1", "unit_amount": "1", "quantity": "0"})
    session = till.shop.stripe.v1.checkout.sessions.retrieve(till.shop.session())
    assert session.amount_total == 2500


@pytest.mark.parametrize("plan", ["enterprise", "scale", "course", "free", "nope"])
def test_a_plan_that_is_not_for_this_community_is_not_begun(till: Till, plan: str) -> None:
    answer = till.get(f"begin/?plan={plan}")
    assert (answer.status_code, answer["Location"]) == (302, "/dashboard/billing/plans/")


def test_who_has_a_plan_is_led_to_changing_it(paid: Till) -> None:
    assert paid.get("begin/?plan=pro")["Location"].startswith("/dashboard/billing/change/?plan=pro")
    assert paid.get("plans/?plan=pro")["Location"].startswith("/dashboard/billing/change/?plan=pro")


def test_two_tabs_buy_once(till: Till) -> None:
    till.shop.skip_trial()
    first = till.post(BEGIN, FORM)["Location"]
    assert till.post(BEGIN, FORM)["Location"] == first
    till.shop.pay(till.shop.session())
    text = till.follow(till.post(BEGIN, FORM))
    assert "already" in text
    assert Subscription.objects.count() == 1


def test_a_declined_card_at_stripe_changes_nothing_here(till: Till) -> None:
    till.shop.skip_trial()
    till.post(BEGIN, FORM)
    session = till.shop.session()
    with pytest.raises(ValueError, match="declined"):
        till.shop.pay(session, card=DECLINED)
    assert "has not confirmed the payment yet" in till.text(f"return/?session_id={session}")
    assert "Free. There is nothing to pay" in till.text()


def test_where_nothing_is_sold_nothing_is_begun(till: Till, settings: Any) -> None:
    settings.BILLING_ON = False
    answer = till.pages.on(ACME).get(f"/dashboard/billing/{BEGIN}")
    assert answer.status_code == 503
    assert "Plans are not sold on this installation" in answer.content.decode()


def test_a_discord_community_without_a_server_reads_how_to_get_the_trial(till: Till) -> None:
    from tenants.models import GuildLink

    GuildLink.objects.all().delete()
    text = till.text(BEGIN)
    assert "once your Discord server is linked" in text
    assert "Go to payment" in text


def test_who_had_the_trial_reads_so(till: Till) -> None:
    till.shop.skip_trial()
    assert "has had its trial" in till.text(BEGIN)
