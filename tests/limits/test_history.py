"""History is shown as far back as the plan says: on pages, over REST and by the bot. What is older is kept, and comes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.freezing import list_freezes
from engagement.analytics.activities import get_activity, list_activities
from engagement.analytics.selectors import (
    explain_entry,
    explain_message,
    list_entries,
    list_history,
    list_recent_entries,
)
from engagement.analytics.window import has_older_history
from engagement.ledger.models import LedgerEntry
from engagement.members.models import Member
from engagement.progression.errors import HistoryHiddenError
from engagement.progression.services import undo_adjustment
from frontend_api.plan_locks import describe_history
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tenants.models import Tenant
from tenants.permissions import Rights, Role
from tests.engagement.activity.facts import DAY, NOON, book, message
from tests.plans import put_on_plan

NOW = datetime.fromtimestamp(NOON / 1000, UTC) + timedelta(hours=1)


@pytest.fixture
def talked(rules: None, acme: TenantContext) -> int:
    """Somebody who wrote today and sixty days ago."""
    book(acme, [message(1, number=1, at=NOON - 60 * DAY), message(1, number=2, at=NOON)])
    with enter_tenant(acme):
        return int(Member.objects.get(identities__external_id="1").pk)


@pytest.fixture
def rules(committed_db: None, acme: TenantContext) -> None:
    from engagement.kinds import seed_community

    with enter_tenant(acme):
        seed_community(acme)


def test_older_history_is_hidden_and_comes_back(acme: TenantContext, talked: int) -> None:
    month = put_on_plan(acme, history_days=30)
    with clock.frozen_at(NOW), enter_tenant(month):
        old = LedgerEntry.objects.order_by("pk")[0]
        assert len(list_history(member_id=talked)) == len(list_entries()) == 2
        assert [line.source_id for line in list_activities()] == ["discord:message:2"]
        assert has_older_history(member_id=talked)
        with pytest.raises(HistoryHiddenError, match="It is kept"):
            explain_entry(entry_id=old.pk)
        with pytest.raises(HistoryHiddenError):
            get_activity(source_id="discord:message:1")
        told = explain_message(source_id="discord:message:1")
        assert (told.entries, "30 days of history" in told.note) == ([], True)
    year = put_on_plan(acme, history_days=365)
    with clock.frozen_at(NOW), enter_tenant(year):
        assert len(list_history(member_id=talked)) == len(list_entries()) == 4
        assert len(list_activities()) == 2
        assert not has_older_history(member_id=talked)
        assert explain_entry(entry_id=old.pk).amount == old.amount


def test_what_is_hidden_still_counts_and_can_be_undone(acme: TenantContext, talked: int) -> None:
    from engagement.audit.actor import SYSTEM
    from engagement.progression.services import adjust_points
    from engagement.progression.verification import verify_ledger

    month = put_on_plan(acme, history_days=1)
    with enter_tenant(month):
        given = adjust_points(
            member_id=talked, amount=5, reason="a gift", actor=SYSTEM, idempotency_key="a", context=month
        )
        with clock.frozen_at(clock.now() + timedelta(days=9)):
            with pytest.raises(HistoryHiddenError):
                explain_entry(entry_id=given.entry_id)
            assert explain_entry(entry_id=given.entry_id, with_older=True).adjustment_id is not None
            undo_adjustment(
                adjustment_id=given.adjustment_id, actor=SYSTEM, idempotency_key="b", context=month
            )
        assert verify_ledger(acme) == []


def test_the_note_names_the_plan_to_those_who_may_see_it(acme: TenantContext, committed_db: None) -> None:
    context = put_on_plan(acme, history_days=30)
    assert describe_history(context, Rights(Role.MEMBER)) == "Older history is kept."
    assert describe_history(context, Rights(Role.ADMIN)) == "Older history is kept. Starter shows a year."
    pro = put_on_plan(acme, history_days=730)
    assert describe_history(pro, Rights(Role.OWNER)) == "Older history is kept. Pro shows all of it."


def test_the_pages_say_so(acme: TenantContext, talked: int, settings: Any) -> None:
    from tenants.routing import get_routing
    from tests.frontend_api.hosts import ACME, Browser

    put_on_plan(acme, history_days=30)
    get_routing().load_tenants({Tenant.objects.get(pk=acme.tenant_id).pk})
    browser = Browser()
    with clock.frozen_at(NOW):
        page = browser.on(ACME).get(f"/members/{talked}/").content.decode()
    assert "Older history is kept." in page
    assert "Starter" not in page


def test_before_a_smaller_plan_it_is_said_that_older_history_will_be_hidden(
    acme: TenantContext, talked: int
) -> None:
    whole = put_on_plan(acme)
    with clock.frozen_at(NOW):
        told = {plan: [one.sentence for one in list_freezes(whole, plan)] for plan in ("free", "starter")}
    line = "History: The last 30 days are shown. Older history is kept, and hidden."
    assert line in told["free"]
    assert not [one for one in told["starter"] if one.startswith("History")]


def test_feed_socket_and_credits_show_no_older_history_either(acme: TenantContext, talked: int) -> None:
    from engagement.credits.figures import get_figures
    from engagement.credits.selectors import get_move, list_moves
    from engagement.credits.statement import has_older_statement, list_statement
    from frontend_api.live.calls import HomeView, render_view
    from tests.engagement.credits import holding

    def seen(context: TenantContext) -> tuple[int, int, int, int, int]:
        with clock.frozen_at(later), enter_tenant(context):
            feed = render_view(context, HomeView())[1].count('class="feed-text"')
            figures = get_figures(context=context, since=later - timedelta(days=90), until=later)
            moves, lines = list_moves(member_id=talked), list_statement(member_id=talked)
            return len(list_recent_entries()), feed, len(moves), len(lines), figures.total.requests

    whole = put_on_plan(acme)
    with enter_tenant(whole):
        holding.make_type(whole, requestable=True)
        member = Member.objects.get(pk=talked)
        move = holding.grant(whole, member, 5).move
        holding.ask(whole, member, 5)
    later = clock.now() + timedelta(days=40)
    month = put_on_plan(acme, history_days=30, members=1_000)
    assert seen(month) == (0, 0, 0, 0, 0)
    with clock.frozen_at(later), enter_tenant(month):
        assert has_older_statement(member_id=talked)
        assert get_move(move_id=move.pk).move == move  # it can be taken back
    assert seen(put_on_plan(acme, history_days=400, members=1_000)) == (4, 4, 1, 1, 1)
