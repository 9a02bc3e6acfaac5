"""`manage.py levels`: what a level costs, from the command line."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from engagement.progression.models import MemberProgress
from tenants.context import TenantContext, enter_tenant
from tests.engagement.activity.facts import book, message

pytestmark = pytest.mark.usefixtures("rules")


def run(*words: str) -> Any:
    out = StringIO()
    call_command("levels", *words, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_a_curve_is_previewed_and_set(acme: TenantContext) -> None:
    book(acme, [message(1)])

    assert run("acme", "show")["thresholds"][:3] == [0, 100, 255]
    assert run("acme", "preview", "linear", '{"step": 10}') == {"members": 1, "rise": 1, "fall": 0}
    assert run("acme", "set", "linear", '{"step": 10}')["members_changed"] == 1
    with enter_tenant(acme):
        assert MemberProgress.objects.get().level >= 4
    assert run("acme", "show")["thresholds"][:3] == [0, 10, 20]
    assert run("globex", "show")["thresholds"][:3] == [0, 100, 255]


def test_levels_have_names() -> None:
    assert run("acme", "name", "3", "Regular")["3"] == "Regular"
    out = StringIO()
    call_command("levels", "acme", "show", stdout=out)
    assert "475 points  Regular" in out.getvalue()


@pytest.mark.parametrize(
    "words",
    [
        ("acme", "set", "linear", '{"step": 0}'),
        ("acme", "set", "linear", "{"),
        ("acme", "preview", "linear", "[]"),
        ("nobody", "show"),
    ],
)
def test_an_error_says_what_is_wrong(words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        call_command("levels", *words)
