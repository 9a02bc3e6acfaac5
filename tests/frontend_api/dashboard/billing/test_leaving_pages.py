"""The owner of a community under somebody's retainer leaves it: asked first what freezes and when, done once."""

from __future__ import annotations

import pytest

from billing.models import RetainerPlace
from billing.retainers.covering import cover_community, release_community
from engagement.audit.actor import SYSTEM
from engagement.rules.services import create_rule
from tenants.context import TenantContext, enter_tenant
from tenants.models import Membership
from tests.billing.retainers.agreeing import agree
from tests.billing.shop import ACTOR, Shop
from tests.cast import GLOBEX
from tests.frontend_api.dashboard.billing.till import Till


@pytest.fixture
def covered(till: Till) -> Till:
    """Acme is in a retainer that Globex's owner pays for."""
    row = agree(Shop(till.shop.server, GLOBEX))
    cover_community(key=row.key, tenant_id=till.shop.tenant.pk, actor=ACTOR)
    return till


def test_what_freezes_and_when_is_shown_and_then_done(covered: Till, acme: TenantContext) -> None:
    with enter_tenant(acme):
        for number in range(20):
            definition = {"triggers": ["message"], "amount": 1}
            create_rule(key=f"more_{number}", name=f"More {number}", definition=definition, actor=SYSTEM)
    assert "Leave the retainer" in covered.text()
    text = covered.text("leave/")
    for words in (
        "Leave the retainer of Agency Ltd",
        "Growth stays on until",
        "From then on the limits of Free hold.",
        "rules",
        "Nothing is deleted",
        "Agency Ltd is told by mail",
    ):
        assert words in text, words
    assert RetainerPlace.objects.filter(left_at=None).exists()  # shown, not done
    hidden = covered.hidden("leave/")
    said = covered.follow(covered.post("leave/", {**hidden, "confirmed": "1"}))
    assert "Left. Growth stays on until" in said
    assert "Choose a plan" in said
    assert "Leave the retainer" not in said
    # The other tab.
    again = covered.follow(covered.post("leave/", {**hidden, "confirmed": "1"}))
    assert "No retainer pays for this community now." in again


def test_a_payer_who_was_quicker_is_told_of(covered: Till) -> None:
    hidden = covered.hidden("leave/")
    place = RetainerPlace.objects.select_related("retainer").get()
    release_community(key=place.retainer.key, tenant_id=place.tenant_id, actor=ACTOR)
    other = agree(Shop(covered.shop.server, GLOBEX), company="Other Ltd")
    cover_community(key=other.key, tenant_id=place.tenant_id, actor=ACTOR)
    said = covered.follow(covered.post("leave/", {**hidden, "confirmed": "1"}))
    assert "no longer in the retainer that you saw" in said
    assert RetainerPlace.objects.get(left_at=None).retainer_id == other.pk


def test_an_admin_sees_who_pays_and_cannot_leave(covered: Till) -> None:
    Membership.objects.filter(user=covered.shop.owner).update(role="admin")
    assert "Leave the retainer" not in covered.text()
    assert covered.get("leave/").status_code == 403
    assert covered.post("leave/", {"confirmed": "1"}).status_code == 403


def test_without_a_retainer_there_is_nothing_to_leave(till: Till) -> None:
    assert "No retainer pays for this community now." in till.follow(till.get("leave/"))
