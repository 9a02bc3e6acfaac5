"""What organisers change of their community: checked, told to every process, and not over somebody else's change."""

from __future__ import annotations

from typing import Any

import pytest

from saas.core.errors import InvalidInputError
from tenants.community import CommunityChangedError, change_facts, get_facts
from tenants.context import TenantContext
from tenants.routing import Routing

pytestmark = pytest.mark.usefixtures("db")


def change(context: TenantContext, **changes: Any) -> Any:
    return change_facts(tenant_id=context.tenant_id, changes=changes)


def test_a_change_tells_what_differs_and_every_process_follows(
    acme: TenantContext, globex: TenantContext
) -> None:
    before, after = change(acme, name="Acme  Reborn", points_name="points", board_public=False)

    assert before == {"name": "Acme Makers", "board_public": True}
    assert after == {"name": "Acme Reborn", "board_public": False}
    routing = Routing()
    routing.load()
    context = routing.context_for_schema(acme.schema)
    assert context is not None
    assert (context.name, context.board_public) == ("Acme Reborn", False)
    assert get_facts(tenant_id=globex.tenant_id)["name"] == "Globex Guild"


def test_what_stands_already_is_no_change(acme: TenantContext) -> None:
    assert change(acme, **get_facts(tenant_id=acme.tenant_id)) == ({}, {})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", " \u202e\u200b "),
        ("name", "a" * 101),
        ("name", 5),
        ("description", "a" * 301),
        ("kind", "club"),
        ("timezone", "Mars/Olympus"),
        ("timezone", "../../etc/passwd"),
        ("first_weekday", 7),
        ("first_weekday", True),
        ("first_weekday", "1"),
        ("locale", "klingon"),
        ("points_name", ""),
        ("colour", "red"),
        ("colour", "#12345"),
        ("emblem_url", "http://example.org/a.png"),
        ("emblem_url", "javascript:alert(1)"),
        ("emblem_url", "https://user:pass@example.org/a.png"),
        ("emblem_url", "https:///a.png"),
        ("emblem_url", "https://[a/b.png"),
        ("emblem_url", "https://example.org/" + "a" * 500),
        ("board_public", "yes"),
        ("slug", "other"),
        ("entitlements", {}),
    ],
)
def test_what_does_not_fit_is_refused_by_name_and_nothing_is_written(
    acme: TenantContext, field: str, value: Any
) -> None:
    before = get_facts(tenant_id=acme.tenant_id)
    with pytest.raises(InvalidInputError) as caught:
        change(acme, **{"description": "written?", field: value})
    assert caught.value.field == field
    assert get_facts(tenant_id=acme.tenant_id) == before


def test_hostile_names_are_kept_as_text_on_one_line(acme: TenantContext) -> None:
    change(acme, name="<script>alert(1)</script>\n\u202eevil 👩‍🚀", description="x" * 300)
    assert get_facts(tenant_id=acme.tenant_id)["name"] == "<script>alert(1)</script> evil 👩‍🚀"
    with pytest.raises(InvalidInputError):
        change(acme, name="a" * 100_000)


def test_over_somebody_elses_change_nothing_is_written(acme: TenantContext) -> None:
    mine = get_facts(tenant_id=acme.tenant_id)
    change(acme, colour="#aa0000")

    with pytest.raises(CommunityChangedError) as caught:
        change_facts(tenant_id=acme.tenant_id, changes={"colour": "#00aa00", "name": "New"}, expected=mine)

    assert caught.value.fields == ["colour"]
    assert caught.value.standing["colour"] == "#aa0000"
    assert get_facts(tenant_id=acme.tenant_id)["name"] == "Acme Makers"
    # Another field is nobody's business, and the same value is no quarrel.
    change_facts(tenant_id=acme.tenant_id, changes={"colour": "#AA0000", "name": "New"}, expected=mine)
    assert get_facts(tenant_id=acme.tenant_id)["name"] == "New"
