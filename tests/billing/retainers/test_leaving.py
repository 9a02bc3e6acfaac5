"""A covered community takes itself out: shown before with its dates, told to who pays, and never out of another retainer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from billing.entitling import give_plan
from billing.models import Retainer, RetainerPlace
from billing.retainers.covering import cover_community, leave_retainer, release_community
from billing.retainers.leaving import preview_leaving
from saas.core import clock
from tests.billing.shop import ACTOR, Shop
from tests.mailbox import send_waiting

from .agreeing import agree
from .test_offering import logged

pytestmark = pytest.mark.usefixtures("db")
GRACE = timedelta(days=14)


def covered(shop: Shop, **more: Any) -> Retainer:
    row = agree(shop, **more)
    cover_community(key=row.key, tenant_id=shop.tenant.pk, actor=ACTOR)
    return row


def leave(shop: Shop, row: Retainer) -> RetainerPlace | None:
    return leave_retainer(tenant_id=shop.tenant.pk, key=row.key, actor=ACTOR)


def test_the_plan_stays_for_the_grace_and_the_place_is_free(shop: Shop) -> None:
    row = covered(shop, places=1)
    seen = preview_leaving(tenant_id=shop.tenant.pk)
    assert seen is not None
    assert seen.ends_at is not None
    assert (seen.then, abs(seen.ends_at - clock.now() - GRACE) < timedelta(minutes=1)) == ("free", True)
    place = leave(shop, row)
    assert place is not None
    assert leave(shop, row) is None
    assert (logged(shop, "plan.cover_left"), logged(shop, "plan.uncovered")) == (1, 0)
    assert shop.plan_in_force(clock.now()) == ("growth", "grace")
    assert shop.plan_in_force(clock.now() + GRACE + timedelta(hours=1))[0] == "free"
    assert preview_leaving(tenant_id=shop.tenant.pk) is None
    mails = [mail for mail in send_waiting() if "has left the retainer of Agency Ltd" in mail.subject]
    assert sorted(mail.to[0] for mail in mails) == sorted(["b@agency.example", shop.owner.email])
    assert "The place is free for another community." in str(mails[0].body)
    cover_community(key=row.key, tenant_id=shop.tenant.pk, actor=ACTOR)


def test_another_retainer_than_the_one_that_was_seen_is_not_left(shop: Shop) -> None:
    former = covered(shop)
    release_community(key=former.key, tenant_id=shop.tenant.pk, actor=ACTOR)
    now = covered(shop, company="Other Ltd")
    assert leave(shop, former) is None
    assert leave_retainer(tenant_id=shop.tenant.pk, key="x" * 5000, actor=ACTOR) is None
    assert RetainerPlace.objects.get(left_at=None).retainer_id == now.pk


def test_before_its_first_day_nothing_ends(shop: Shop) -> None:
    row = covered(shop, starts_at=clock.now() + timedelta(days=20))
    seen = preview_leaving(tenant_id=shop.tenant.pk)
    assert seen is not None
    assert seen.ends_at is None
    assert leave(shop, row) is not None
    assert shop.plan_in_force(clock.now() + timedelta(days=21))[0] == "free"
    (mail,) = [mail for mail in send_waiting() if mail.to == ["b@agency.example"]]
    assert "Nothing changes today" in str(mail.body)


def test_what_holds_afterwards_is_what_else_it_has(shop: Shop) -> None:
    covered(shop, plan="pro")
    give_plan(tenant_id=shop.tenant.pk, plan="starter")
    seen = preview_leaving(tenant_id=shop.tenant.pk)
    assert seen is not None
    assert seen.then == "starter"


@pytest.mark.parametrize(("late", "said"), [(5, "stays on. After that"), (20, "hold since")])
@pytest.mark.parametrize("by_itself", [True, False])
def test_a_late_invoice_has_used_some_of_the_grace(shop: Shop, late: int, said: str, by_itself: bool) -> None:
    """What the page and the mail say is what the plan does."""
    row = covered(shop)
    since = clock.now() - timedelta(days=late)
    Retainer.objects.update(unpaid_since=since, status="past_due")
    seen = preview_leaving(tenant_id=shop.tenant.pk)
    assert seen is not None
    assert seen.ends_at == since + GRACE
    if by_itself:
        leave(shop, row)
    else:
        release_community(key=row.key, tenant_id=shop.tenant.pk, actor=ACTOR)
    ends = since + GRACE
    if late < 14:
        assert shop.plan_in_force(ends - timedelta(minutes=1))[0] == "growth"
    assert shop.plan_in_force(ends + timedelta(minutes=1))[0] == "free"
    mail = send_waiting()[-1]
    assert said in str(mail.body)
    assert f"{ends:%-d %B %Y}" in str(mail.body)
