"""`manage.py bot_settings`: where and how often the bot's commands answer, from the command line."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from engagement.commands.selectors import CommandPolicy, get_command_policies
from tenants.context import TenantContext, enter_tenant

pytestmark = pytest.mark.usefixtures("db")


def told(*words: str, slug: str = "acme") -> str:
    out = StringIO()
    call_command("bot_settings", slug, *words, stdout=out)
    return out.getvalue()


def run(*words: str, slug: str = "acme") -> dict[str, Any]:
    return {row.pop("command"): row for row in json.loads(told(*words, "--json", slug=slug))}


def policy(context: TenantContext, command: str) -> CommandPolicy:
    with enter_tenant(context):
        return get_command_policies().policy_for(command)


def test_channels_hold_for_every_command_in_that_community(
    acme: TenantContext, globex: TenantContext
) -> None:
    assert run("channels", "all", "5678", "1234")["all"]["channel_ids"] == ["1234", "5678"]
    assert policy(acme, "points give").channel_ids == {"1234", "5678"}
    assert policy(globex, "points give") == CommandPolicy()
    run("channels", "all")
    assert policy(acme, "points give") == CommandPolicy()


def test_a_limit_leaves_the_channels_as_they_are(acme: TenantContext) -> None:
    run("channels", "all", "1234")
    assert run("limit", "all", "--per-minute", "20")["all"] == {
        "channel_ids": ["1234"],
        "uses": 20,
        "seconds": 60,
    }
    assert run("limit", "all", "--uses", "3")["all"]["seconds"] == 60
    run("channels", "all", "5678")
    assert policy(acme, "earn") == CommandPolicy(frozenset({"5678"}), 3, 60)


def test_one_command_or_group_differs_until_it_is_cleared(acme: TenantContext) -> None:
    run("limit", "/Points  Give", "--uses", "1", "--seconds", "30")
    run("limit", "points", "--uses", "2", "--seconds", "30")
    assert [policy(acme, name).uses for name in ("points give", "points take", "earn")] == [1, 2, 5]

    assert list(run("clear", "points give")) == ["all", "points"]
    assert policy(acme, "points give").uses == 2
    assert list(run("clear", "points")) == ["all"]
    assert policy(acme, "points give") == CommandPolicy()


def test_the_list_reads_well() -> None:
    assert told("list") == "all: everywhere, 5 uses in 20 seconds a member\n"
    assert told("channels", "earn", "1234") == (
        "all: everywhere, 5 uses in 20 seconds a member\n"
        "/earn: in 1234, 5 uses in 20 seconds a member\n"
        "The bot follows within ten seconds.\n"
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("channels", "dance"), r"no command 'dance' to set up. There are: all, .*earn, .*points give"),
        (("limit", "setup", "--per-minute", "1"), "no command 'setup'"),
        (("clear", "Explain points"), "no command"),
        (("channels", "all", "general"), "each by its Discord id"),
        (("limit", "all"), "Say how often"),
        (("limit", "all", "--per-minute", "1", "--uses", "2"), "Give either"),
        (("limit", "all", "--per-minute", "0"), "Allow 1 to 100 uses"),
        (("limit", "all", "--seconds", "0"), "Choose 1 second to a day"),
    ],
)
def test_an_error_says_what_is_wrong(words: tuple[str, ...], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        told(*words)


def test_an_unknown_community_is_named() -> None:
    with pytest.raises(CommandError, match="nobody"):
        told("list", slug="nobody")
