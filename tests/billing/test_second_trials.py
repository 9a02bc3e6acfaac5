"""A server that had its trial with one community is linked to another that tries a plan: that trial ends, and nothing is charged."""

from __future__ import annotations

import pytest

from billing.checkout import apply_session
from billing.jobs import carry_guild_trial, check_trial
from billing.models import TrialClaim
from billing.trials import use_trial
from saas.events.jobs import PUBLIC
from tenants.models import GuildLink, Tenant
from tests.billing.making import tenant_of
from tests.billing.shop import Shop
from tests.cast import ACME, GLOBEX
from tests.mailbox import send_waiting

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def creators(shop: Shop) -> Shop:
    """Globex sells its own work, has no server, and may try a plan without one. Acme's server had its trial with Acme."""
    use_trial(tenant=tenant_of(ACME))
    GuildLink.objects.filter(guild_id=GLOBEX.guild_id).delete()
    found = Shop(shop.server, GLOBEX)
    Tenant.objects.filter(pk=found.tenant.pk).update(kind="creator")
    return found


def begin(shop: Shop) -> str:
    session = shop.begin("growth")
    shop.pay(session, card=None)
    return session


def come_back(shop: Shop, session: str) -> None:
    apply_session(tenant_id=shop.tenant.pk, session_id=session)


def link(shop: Shop, guild_id: int) -> None:
    """As the organiser does it, and the job that follows; a job may run twice."""
    GuildLink.objects.filter(guild_id=guild_id).delete()
    GuildLink.objects.create(tenant=shop.tenant, guild_id=guild_id, guild_name="Makers")
    for _ in range(2):
        carry_guild_trial(
            tenant=PUBLIC, event_id=1, event={"tenant_id": shop.tenant.pk, "guild_id": guild_id}
        )


def subjects() -> list[str]:
    return [mail.subject for mail in send_waiting()]


def test_a_trial_ends_when_a_server_comes_that_had_its_own(creators: Shop) -> None:
    come_back(creators, begin(creators))
    assert creators.plan_in_force(creators.now()) == ("growth", "trial")
    subjects()
    link(creators, ACME.guild_id or 0)
    assert (creators.row().status, creators.plan_in_force(creators.now())) == ("canceled", ("free", ""))
    assert subjects() == ["Globex Guild: the trial of Growth is over"]
    invoices = creators.stripe.v1.invoices.list({"subscription": creators.row().stripe_id}).data
    assert {one.total for one in invoices} == {0}
    # What is bought after it is paid, and stays.
    creators.buy("growth")
    check_trial(tenant=PUBLIC, event_id=2, event={"tenant_id": creators.tenant.pk})
    assert creators.plan_in_force(creators.now()) == ("growth", "paid")


def test_so_does_one_that_began_while_the_server_was_being_linked(creators: Shop) -> None:
    session = begin(creators)
    link(creators, ACME.guild_id or 0)
    come_back(creators, session)
    for _ in range(2):
        check_trial(tenant=PUBLIC, event_id=3, event={"tenant_id": creators.tenant.pk})
    assert creators.plan_in_force(creators.now()) == ("free", "")
    assert subjects().count("Globex Guild: the trial of Growth is over") == 1


def test_a_server_without_a_trial_and_its_own_server_again_change_nothing(creators: Shop) -> None:
    come_back(creators, begin(creators))
    for _ in range(2):
        link(creators, GLOBEX.guild_id or 0)
        check_trial(tenant=PUBLIC, event_id=4, event={"tenant_id": creators.tenant.pk})
        assert creators.plan_in_force(creators.now()) == ("growth", "trial")
    claim = TrialClaim.objects.get(holder=f"guild:{GLOBEX.guild_id}")
    assert (claim.used, claim.claimed_by) == (True, creators.tenant.pk)


def test_a_plan_that_is_paid_stays_whatever_is_linked(creators: Shop) -> None:
    creators.skip_trial()
    creators.buy("growth")
    link(creators, ACME.guild_id or 0)
    assert creators.plan_in_force(creators.now()) == ("growth", "paid")
