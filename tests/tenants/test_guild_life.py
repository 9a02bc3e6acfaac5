"""A linked guild follows Discord: name, owner, icon, outages; nothing is published twice, and nobody is linked by it."""

from __future__ import annotations

from typing import Any

import pytest

from saas.public_events.models import PublicEvent
from tenants.guild_facts import GuildFacts, clean_name
from tenants.guild_life import follow_guilds, mark_guild_unavailable
from tenants.models import GuildLink
from tenants.services import mark_guild_removed, unlink_guild
from tests.cast import ACME, GLOBEX

pytestmark = pytest.mark.usefixtures("db")


def facts(**change: Any) -> GuildFacts:
    return GuildFacts(**({"guild_id": ACME.guild_id, "name": "Acme", "owner_id": 5, "icon": "abc"} | change))


def link() -> GuildLink:
    return GuildLink.objects.get(guild_id=ACME.guild_id)


def told() -> list[str]:
    return list(PublicEvent.objects.order_by("id").values_list("type", flat=True))


def test_what_is_new_is_taken_over_once() -> None:
    assert follow_guilds(facts=[facts()]) == 1
    assert (link().guild_name, link().owner_id, link().icon) == ("Acme", 5, "abc")
    assert follow_guilds(facts=[facts(), facts()]) == 0
    assert "GuildOwnerChanged" not in told(), "the first owner that is heard of is no change"
    follow_guilds(facts=[facts(name="Acme HQ", owner_id=6)])
    assert link().owner_changed_at is not None
    assert told()[-2:] == ["GuildRenamed", "GuildOwnerChanged"]


def test_of_several_facts_the_last_counts() -> None:
    follow_guilds(facts=[facts(name="First"), facts(name="Last"), facts(available=False)])
    assert link().unavailable_since is not None
    assert link().guild_name != "Last", "an outage tells the id alone"


def test_an_outage_begins_and_ends_once() -> None:
    follow_guilds(facts=[facts()])
    for _ in range(2):
        mark_guild_unavailable(guild_id=ACME.guild_id)
    since = link().unavailable_since
    follow_guilds(facts=[facts()])
    follow_guilds(facts=[facts()])
    assert since is not None
    assert link().unavailable_since is None
    assert (told().count("GuildWentAway"), told().count("GuildCameBack")) == (1, 1)


def test_a_removed_guild_that_is_heard_again_is_linked_again() -> None:
    mark_guild_unavailable(guild_id=ACME.guild_id)
    mark_guild_removed(guild_id=ACME.guild_id)
    assert link().unavailable_since is None, "no outage of a guild that is gone"
    mark_guild_unavailable(guild_id=ACME.guild_id)
    assert link().unavailable_since is None
    follow_guilds(facts=[facts()])
    assert link().state == "active"


def test_unlinked_and_unknown_guilds_are_passed_over() -> None:
    unlink_guild(guild_id=ACME.guild_id)
    assert follow_guilds(facts=[facts(), facts(guild_id=77), facts(guild_id=88, available=False)]) == 0
    assert link().state == "unlinked"


def test_a_thousand_guilds_without_news_cost_one_query(django_assert_max_num_queries: Any) -> None:
    follow_guilds(facts=[facts()])
    with django_assert_max_num_queries(2):
        follow_guilds(facts=[facts(), *(facts(guild_id=number) for number in range(1, 1000))])


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("  A \n B\t", "A B"),
        ("‮evil", "evil"),
        ("nul\x00", "nul"),
        ("x" * 100_000, "x" * 100),
        ("👩‍👩‍👧 fans", "👩‍👩‍👧 fans"),
        (None, ""),
        (5, ""),
    ],
)
def test_names_are_cleaned(name: Any, cleaned: str) -> None:
    assert clean_name(name) == cleaned


def test_read_from_what_discord_tells() -> None:
    assert GuildFacts.read({"id": "7", "unavailable": True}) == GuildFacts(7, available=False)
    told = {"id": "7", "name": "N", "owner_id": "9", "icon": None}
    assert GuildFacts.read(told) == GuildFacts(7, "N", 9, "")
    assert GLOBEX.guild_id != ACME.guild_id
