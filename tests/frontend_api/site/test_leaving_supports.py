"""Who deletes their login reads what becomes of what they pay communities, and is charged no more."""

from __future__ import annotations

from typing import Any

import pytest

from engagement.members.models import Member
from tenants.context import TenantContext, enter_tenant
from tenants.models import User
from tests.cast import ACME as CAST
from tests.frontend_api.givers import give
from tests.frontend_api.hosts import BASE, Browser
from tests.frontend_api.site.test_ways_in import enter


@pytest.fixture
def world(pages: Browser, acme: TenantContext, stripe_server: Any, settings: Any) -> Any:
    from tests.billing.income.world import World

    settings.BILLING_ON = True
    made = World(stripe_server, acme).on_plan()
    made.onboard()
    return made


def test_a_support_ends_with_the_login_that_pays_it(pages: Browser, world: Any, acme: TenantContext) -> None:
    member_id = give(acme, CAST.discord_id("moderator"), "Mod", 0)
    with enter_tenant(acme):
        member = Member.objects.get(pk=member_id)
    world.support(member, world.tier(name="<b>Friends</b>"))
    enter(pages, "acme-moderator")
    text = pages.on(BASE).get("/settings/delete/").content.decode()
    assert "&lt;b&gt;Friends" in text
    assert "nothing more is charged" in text
    assert world.supporter(member).cancel_at is None
    form = {"typed": "Acme Moderator"}
    world.server.control.faults(status=503, times=100)
    away = pages.on(BASE).post("/settings/delete/", form)
    assert (away.status_code, "did not answer" in away.content.decode()) == (422, True)
    world.server.control.clear_faults()
    assert User.objects.filter(username="acme-moderator").exists()
    assert pages.on(BASE).post("/settings/delete/", form)["Location"] == "/deleted/"
    assert world.supporter(member).cancel_at is not None
