"""`manage.py rules`: what a community rewards, from the command line."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from engagement.rules.evaluation import MemberState, evaluate
from engagement.rules.selectors import load_rule_set
from tenants.context import TenantContext, enter_tenant
from tests.engagement.activity.facts import message

pytestmark = pytest.mark.usefixtures("rules")


def run(*words: str) -> Any:
    out = StringIO()
    call_command("rules", *words, "--json", stdout=out)
    return json.loads(out.getvalue())


def told(*words: str) -> str:
    out = StringIO()
    call_command("rules", *words, stdout=out)
    return out.getvalue()


def test_a_rule_from_its_first_version_to_the_archive(acme: TenantContext) -> None:
    definition = '{"triggers": ["thread"], "amount": 7}'

    added = run("acme", "add", "threads", "--name", "Threads", "--definition", definition)
    revised = run("acme", "revise", "threads", "--definition", definition.replace("7", "8"))

    assert (added["version"], revised["version"], revised["definition"]["amount"]) == (1, 2, 8)
    with enter_tenant(acme):
        amounts = [e.amount for e in evaluate(message(type="thread"), MemberState(1), load_rule_set())]
    assert 8 in amounts
    assert run("acme", "disable", "threads")["state"] == "off"
    assert run("acme", "enable", "threads")["state"] == "on"
    assert run("acme", "archive", "threads")["state"] == "archived"
    assert "threads" not in [rule["key"] for rule in run("acme", "list")]
    assert "threads" in [rule["key"] for rule in run("acme", "list", "--archived")]
    assert "threads" not in [rule["key"] for rule in run("globex", "list", "--archived")]


def test_settings_are_shown_and_set(acme: TenantContext) -> None:
    run("acme", "settings", "--reversal-seconds", "60", "--excluded-channels", "7", "8")

    settings = run("acme", "settings")
    assert settings["reversal_seconds"] == 60
    assert settings["excluded_channels"] == ["7", "8"]
    assert "2 members" not in told("acme", "settings")
    assert "0 members gained or lost" in told("acme", "settings", "--unranked-roles", "5")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nobody", "list"), "nobody"),
        (("acme", "add", "x1", "--name", "X", "--definition", "{"), "not valid JSON"),
        (
            ("acme", "add", "x1", "--name", "X", "--definition", '{"triggers": ["message"], "amount": -1}'),
            "The amount",
        ),
        (("acme", "disable", "nothing"), "no rule"),
    ],
)
def test_an_error_says_what_is_wrong(words: tuple[str, ...], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        call_command("rules", *words)


def test_the_list_reads_well() -> None:
    assert "message" in told("acme", "list").splitlines()[0]
