"""`manage.py tenant`: creates, links, lists; a repeat changes nothing; an error says what to do."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from engagement.audit.models import AuditEntry
from engagement.rules.selectors import list_ways_to_earn
from tenants.context import TenantContext, enter_tenant
from tenants.models import Membership, Tenant
from tenants.permissions import Role, rights_for_interaction
from tenants.routing import Routing
from tests.cast import ACME

GUILD = 900_000_000_000_000_077


def run(*words: str) -> Any:
    out = StringIO()
    call_command("tenant", *words, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_create_makes_a_community_that_works(committed_db: None) -> None:
    told = run("create", "initech", "--guild", str(GUILD), "--owner", ACME.username("stranger"), "--shadow")
    assert told["created"] is True
    assert (told["name"], told["host"], told["guild_id"]) == ("Initech", "initech.localhost", str(GUILD))
    tenant = Tenant.objects.get(slug="initech")
    assert not tenant.live
    assert Membership.objects.get(tenant=tenant).role == "owner"
    routing = Routing()
    routing.load()
    context = routing.context_for_guild(GUILD)
    assert context is not None
    with enter_tenant(context):
        assert list_ways_to_earn()  # The first rules are there.


def test_a_repeat_changes_nothing(committed_db: None) -> None:
    first = run("create", "initech")
    again = run("create", "initech", "--name", "Other")
    assert again == {**first, "created": False}
    assert run("link", "initech", str(GUILD)) == run("link", "initech", str(GUILD))


def test_list_shows_everyone(db: None, acme: TenantContext) -> None:
    told = run("list")
    assert [row["slug"] for row in told] == ["acme", "globex"]
    assert told[0]["guild_id"] == str(acme.guild_id)
    out = StringIO()
    call_command("tenant", "list", stdout=out)
    assert "acme" in out.getvalue()


def test_unlink_parts_them(db: None, acme: TenantContext) -> None:
    run("unlink", str(acme.guild_id))
    assert run("list")[0]["guild_id"] is None


def test_a_discord_role_stands_for_a_role_here(db: None, acme: TenantContext) -> None:
    run("map-role", "acme", "900000000000000071", "moderator")
    assert run("map-role", "acme", "900000000000000072", "admin") == {
        "900000000000000071": "moderator",
        "900000000000000072": "admin",
    }
    routing = Routing()
    routing.load()
    context = routing.context_for_schema(acme.schema)
    assert context is not None
    assert rights_for_interaction(context, 1, 0, [900000000000000071]).role == Role.MODERATOR
    assert run("map-role", "acme", "900000000000000072", "none") == {"900000000000000071": "moderator"}


def list_acts(context: TenantContext) -> list[tuple[str, str, str]]:
    with enter_tenant(context):
        found = AuditEntry.objects.order_by("pk").values_list("action", "actor_kind", "via")
        return [one for one in found if one[0].partition(".")[0] in {"tenant", "guild", "role_map"}]


def test_every_act_stands_in_the_communitys_log_once(committed_db: None) -> None:
    for _ in range(2):
        run("create", "initech", "--guild", str(GUILD))
        run("link", "initech", str(GUILD))
        run("map-role", "initech", "900000000000000071", "moderator")
    run("unlink", str(GUILD))
    context = TenantContext.of(Tenant.objects.get(slug="initech"))
    assert list_acts(context) == [
        (action, "operator", "command")
        for action in ("tenant.created", "guild.linked", "role_map.changed", "guild.unlinked")
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["create", "admin"], "reserved"),
        (["create", "initech", "--owner", "nobody"], "createsuperuser"),
        (["create", "initech", "--timezone", "Mars"], "Europe/Berlin"),
        (["link", "nobody", "900000000000000077"], "tenant list"),
        (["link", "globex", str(ACME.guild_id)], "Unlink it there first"),
        (["link", "acme", "900000000000000077"], "Unlink that one"),
        (["link", "acme", "12"], "17 to 20 digits"),
        (["unlink", "900000000000000077"], "not linked"),
        (["map-role", "acme", "12", "admin"], "Copy it"),
    ],
)
def test_an_error_says_what_to_do(committed_db: None, words: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        run(*words)
