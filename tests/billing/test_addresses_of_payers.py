"""An address that Stripe does not take: nobody is kept from paying, and whoever typed it reads so."""

from __future__ import annotations

import pytest

from billing.checkout import apply_session
from billing.models import Payer
from billing.payers import change_payer
from saas.core.errors import InvalidInputError
from tenants.models import User
from tests.billing.shop import Shop

pytestmark = pytest.mark.usefixtures("db")
ODD = "ada@localhost"  # taken here, refused by Stripe


def test_a_buyer_with_such_an_address_buys_all_the_same(shop: Shop) -> None:
    User.objects.filter(pk=shop.owner.pk).update(email=ODD)
    shop.skip_trial()
    session = shop.begin()
    customer = shop.stripe.v1.customers.retrieve(Payer.objects.get().stripe_id or "")
    assert (customer.email, customer.name) == (None, str(shop.owner))
    shop.pay(session)
    assert apply_session(tenant_id=shop.tenant.pk, session_id=session).state == "done"


def test_who_types_one_for_invoices_reads_so_and_nothing_changes(shop: Shop) -> None:
    shop.skip_trial()
    payer = shop.buy().payer
    with pytest.raises(InvalidInputError, match="does not take this address") as caught:
        change_payer(payer=payer, kind="person", name="", email=ODD)
    assert caught.value.field == "email"
    payer.refresh_from_db()
    assert payer.email != ODD
