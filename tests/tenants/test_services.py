"""Guilds and addresses: who has them, who loses a race for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from saas.public_events.models import PublicEvent
from tenants.errors import (
    BadGuildError,
    BadSlugError,
    GuildNotLinkedError,
    GuildTakenError,
    SlugTakenError,
    TenantHasGuildError,
)
from tenants.models import Domain, GuildLink, Tenant
from tenants.routing import Routing
from tenants.services import change_slug, link_guild, mark_guild_removed, mark_guild_returned, unlink_guild
from tests.cast import ACME, GLOBEX
from tests.stack import TestStack

NEW_GUILD = 900_000_000_000_000_099


def tenant(slug: str) -> Tenant:
    return Tenant.objects.get(slug=slug)


def load() -> Routing:
    routing = Routing()
    routing.load()
    return routing


def test_linking_again_changes_nothing_and_tells_nobody(db: None) -> None:
    before = PublicEvent.objects.count()
    link = link_guild(tenant=tenant("acme"), guild_id=ACME.guild_id)
    assert link.state == "active"
    assert PublicEvent.objects.count() == before
    assert GuildLink.objects.filter(guild_id=ACME.guild_id).count() == 1


def test_a_guild_of_another_tenant_is_refused(db: None) -> None:
    unlink_guild(guild_id=ACME.guild_id)
    with pytest.raises(GuildTakenError, match="another community"):
        link_guild(tenant=tenant("acme"), guild_id=GLOBEX.guild_id)


def test_a_second_guild_is_refused_and_the_first_named(db: None) -> None:
    with pytest.raises(TenantHasGuildError, match=str(ACME.guild_id)):
        link_guild(tenant=tenant("acme"), guild_id=NEW_GUILD)


@pytest.mark.parametrize("guild_id", [0, -1, 123, 2**63])
def test_what_is_no_guild_id_is_refused(db: None, guild_id: int) -> None:
    with pytest.raises(BadGuildError):
        link_guild(tenant=tenant("acme"), guild_id=guild_id)


def test_an_unlinked_guild_counts_for_nobody_and_can_go_elsewhere(db: None) -> None:
    unlink_guild(guild_id=ACME.guild_id)
    assert ACME.guild_id not in load().linked_guilds()
    with pytest.raises(GuildNotLinkedError):
        unlink_guild(guild_id=ACME.guild_id)
    unlink_guild(guild_id=GLOBEX.guild_id)
    link_guild(tenant=tenant("globex"), guild_id=ACME.guild_id)
    context = load().context_for_guild(ACME.guild_id)
    assert context is not None
    assert context.slug == "globex"


def test_a_removed_bot_keeps_the_guilds_place_until_it_is_back(db: None) -> None:
    mark_guild_removed(guild_id=ACME.guild_id)
    assert load().context_for_guild(ACME.guild_id) is None
    unlink_guild(guild_id=GLOBEX.guild_id)
    with pytest.raises(GuildTakenError):
        link_guild(tenant=tenant("globex"), guild_id=ACME.guild_id)
    link_guild(tenant=tenant("acme"), guild_id=ACME.guild_id, guild_name="Back")
    context = load().context_for_guild(ACME.guild_id)
    assert context is not None
    assert context.guild_id == ACME.guild_id


def test_a_bot_that_is_invited_again_makes_the_link_count_again(db: None) -> None:
    mark_guild_removed(guild_id=ACME.guild_id)
    assert load().removed_guilds() == {ACME.guild_id}
    mark_guild_returned(guild_id=ACME.guild_id)
    assert load().context_for_guild(ACME.guild_id) is not None
    assert not load().removed_guilds()
    with pytest.raises(GuildNotLinkedError):
        mark_guild_returned(guild_id=ACME.guild_id)
    unlink_guild(guild_id=GLOBEX.guild_id)
    with pytest.raises(GuildNotLinkedError):  # Unlinked by the organiser: an invitation does not undo that.
        mark_guild_returned(guild_id=GLOBEX.guild_id)


@pytest.fixture
def guarded(request: pytest.FixtureRequest, committed_db: None, test_stack: TestStack) -> Iterator[bool]:
    """With False the table's constraint is away: the race test must then see the bug."""
    with test_stack.postgres.connect(test_stack.database) as superuser:
        definition = superuser.execute(
            "select indexdef from pg_indexes where indexname = 'guild_link_one_tenant'"
        ).fetchone()
        if not request.param:
            superuser.execute("drop index guild_link_one_tenant")
        yield request.param
        if not request.param:
            superuser.execute("truncate guild_link")
            superuser.execute(definition[0])


@pytest.mark.race
@pytest.mark.parametrize("guarded", [True, False], indirect=True)
def test_of_two_tenants_that_link_one_guild_one_gets_it(guarded: bool) -> None:
    unlink_guild(guild_id=ACME.guild_id)
    unlink_guild(guild_id=GLOBEX.guild_id)

    def attempt(slug: str) -> str:
        return outcome(lambda: link_guild(tenant=tenant(slug), guild_id=NEW_GUILD), GuildTakenError)

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(attempt, ["acme", "globex"]))
    assert outcomes == (["done", "refused"] if guarded else ["done", "done"])


def outcome(act: Callable[[], object], refusal: type[Exception]) -> str:
    try:
        act()
        return "done"
    except refusal:
        return "refused"
    finally:
        connections.close_all()


def test_a_former_address_redirects_and_is_nobody_elses(db: None) -> None:
    change_slug(tenant=tenant("acme"), slug="acme-makers")
    routing = load()
    old, new = routing.context_for_host("acme.localhost"), routing.context_for_host("acme-makers.localhost")
    assert old is not None
    assert old.redirect_to == "acme-makers.localhost"
    assert new is not None
    assert (new.redirect_to, new.context and new.context.slug) == (None, "acme-makers")
    with pytest.raises(SlugTakenError):
        change_slug(tenant=tenant("globex"), slug="acme")


def test_an_address_can_be_taken_back_and_repeating_is_harmless(db: None) -> None:
    change_slug(tenant=tenant("acme"), slug="makers")
    change_slug(tenant=tenant("makers"), slug="makers")
    change_slug(tenant=tenant("makers"), slug="acme")
    rows = dict(Domain.objects.filter(tenant=tenant("acme")).values_list("domain", "is_redirect"))
    assert rows == {"acme.localhost": False, "makers.localhost": True}


def test_anothers_and_reserved_addresses_are_refused(db: None) -> None:
    with pytest.raises(SlugTakenError):
        change_slug(tenant=tenant("acme"), slug="globex")
    with pytest.raises(BadSlugError, match="reserved"):
        change_slug(tenant=tenant("acme"), slug="admin")
    assert load().context_for_host("acme.localhost") is not None
