"""`manage.py flag`."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tenants.context import TenantContext


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("flag", *arguments, stdout=out)
    return out.getvalue()


def told(*arguments: str) -> dict[str, Any]:
    [one] = json.loads(run(*arguments, "--json"))
    return dict(one)


def test_a_flag_is_rolled_out_and_what_is_not_named_stays(db: None, acme: TenantContext) -> None:
    assert "drawn_cards: on for all communities" in run("list")
    first = told("set", "drawn_cards", "--percentage", "20", "--kind", "course", "--always", "acme")
    assert (first["percentage"], first["kinds"], first["always"]) == (20, ["course"], [acme.tenant_id])
    second = told("set", "drawn_cards", "--off", "--never", "acme")
    assert (second["enabled"], second["percentage"], second["always"], second["never"]) == (
        False,
        20,
        [],
        [acme.tenant_id],
    )
    third = told("set", "drawn_cards", "--on", "--all-kinds", "--nobody", "--percentage", "100")
    assert (third["words"], third["changed"]) == ("on for all communities", True)
    assert "It was so already." in run("set", "drawn_cards", "--on")
    assert "command (" in run("show", "drawn_cards")


def test_bad_input_says_what_is_wrong(db: None) -> None:
    with pytest.raises(CommandError, match="from 0 to 100"):
        run("set", "drawn_cards", "--percentage", "101")
    with pytest.raises(CommandError, match="nowhere"):
        run("set", "drawn_cards", "--always", "nowhere")
    with pytest.raises(CommandError, match="invalid choice"):
        run("set", "mind_reading", "--on")
