"""`manage.py discord`: what Discord is told about levels."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

ROLE, CHANNEL = 900_000_000_000_000_055, 900_000_000_000_000_056


def run(*words: str) -> Any:
    out = StringIO()
    call_command("discord", "acme", *words, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_announcements_and_roles_are_set(db: None) -> None:
    assert run("announcements", "channel", "--channel", str(CHANNEL))["channel_id"] == str(CHANNEL)
    assert run("announcements", "dm") == {"level_up": "dm", "channel_id": None, "roles": []}
    told = run("add-role", "5", str(ROLE), "--keep", "highest")
    assert told["roles"] == [{"level": 5, "role_id": str(ROLE), "keep": "highest"}]
    assert run("remove-role", str(ROLE))["roles"] == []


def test_errors_say_what_to_do(db: None, settings: Any) -> None:
    settings.DISCORD_BOT_TOKEN = ""
    for words, says in (
        (["add-role", "0", str(ROLE)], "from 1 to 10,000"),
        (["add-role", "1", "7"], "Copy it"),
        (["remove-role", str(ROLE)], "belongs to no level"),
        (["check"], "DISCORD_BOT_TOKEN is not set"),
    ):
        with pytest.raises(CommandError, match=says):
            run(*words)
