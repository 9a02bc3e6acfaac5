"""What happened lately with who supports: once each, in order, also what was done on the provider's own page."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from engagement.audit.models import AuditEntry
from engagement.supporters.mirroring import write_support
from engagement.supporters.news import list_news
from saas.core import clock
from tenants.context import TenantContext
from tests.engagement.rewards.spending import make_member
from tests.engagement.supporters.supporting import facts_of, make_tier
from tests.engagement.supporters.test_mirroring import news


def test_each_turn_is_news_once(here: TenantContext) -> None:
    friends, patrons = make_tier(here, on_sale=True), make_tier(here, on_sale=True, name="Patrons")
    member, since = make_member(here), clock.now() - timedelta(minutes=1)
    facts = facts_of(member, friends)
    until = clock.now() + timedelta(days=9)
    for turn in (
        {},
        {"tier_key": patrons.key},
        {"tier_key": patrons.key, "cancel_at": until},
        {"tier_key": patrons.key},
        {"tier_key": patrons.key, "state": "late"},
        {"tier_key": patrons.key},
        {"tier_key": patrons.key, "state": "ended"},
    ):
        for _ in range(2):
            write_support(context=here, facts=replace(facts, **turn))
    found = list_news(since=since)
    assert [line.kind for line in reversed(found)] == ["joined", "moved", "ending", "resumed", "ended"]
    assert [line.tier for line in reversed(found)] == ["Friends", *["Patrons"] * 4]
    assert {(line.name, line.member_id, bool(line.key)) for line in found} == {
        (member.display_name, member.pk, True)
    }
    assert news() == ["Joined", "Moved", "Ending", "Resumed", "Late", "Recovered", "Left"]
    assert list_news(since=clock.now() + timedelta(minutes=1)) == []


def test_what_was_erased_names_nobody(here: TenantContext) -> None:
    write_support(context=here, facts=facts_of(make_member(here), make_tier(here, on_sale=True)))
    entry = AuditEntry.objects.get(action="supporter.joined")
    AuditEntry.objects.create(
        action="supporter.left", actor_kind="system", target_kind="member", target_id="424242", occurred_at=clock.now()
    )  # fmt: skip
    gone, joined = list_news(since=entry.occurred_at)
    assert (gone.name, gone.tier, gone.key) == ("", "", "")
    assert joined.key


def test_it_asks_the_same_however_much_happened(
    here: TenantContext, django_assert_num_queries: object
) -> None:
    tier, since = make_tier(here, on_sale=True), clock.now() - timedelta(minutes=1)
    for _ in range(6):
        write_support(context=here, facts=facts_of(make_member(here), tier))
    with django_assert_num_queries(2):  # type: ignore[operator]
        assert len(list_news(since=since, limit=4)) == 4
