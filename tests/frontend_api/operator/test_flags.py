"""The operator's page of feature flags."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from engagement.audit.models import AuditEntry
from tenants.context import TenantContext, enter_tenant
from tenants.flagging import get_flag
from tests.frontend_api.hosts import BASE, Browser
from tests.frontend_api.operator.test_pages import operator as operator

NAME = "drawn_cards"


def at(name: str, *parts: object) -> str:
    return reverse(name, args=parts, urlconf="saas.urls.public")


FORM: dict[str, Any] = {"enabled": "1", "percentage": "25", "version": "0"}


def test_a_flag_is_changed_with_a_trace_everywhere(
    pages: Browser, operator: Any, acme: TenantContext
) -> None:
    client = pages.on(BASE)
    assert "As declared" in client.get(at("ops-flags")).content.decode().replace("as declared", "As declared")
    page = client.get(at("ops-flag", NAME)).content.decode()
    assert "2 of 2 open communities" in page
    form = {**FORM, "kinds": ["course"], "always": "acme"}
    assert client.post(at("ops-flag", NAME), form).status_code == 302
    state = get_flag(name=NAME)
    assert state.rollout.words == "on for 25 % of the communities of the kind course, on for 1 by name"
    assert LogEntry.objects.filter(change_message="flag.changed", object_repr__startswith=NAME).count() == 1
    with enter_tenant(acme):
        entry = AuditEntry.objects.get(action="flag.changed")
        assert entry.target_id == NAME
    page = client.get(at("ops-flag", NAME)).content.decode()
    assert "1 of 2 open communities" in page
    assert "25 %" in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"percentage": "101"}, "from 0 to 100"),
        ({"percentage": "²"}, "from 0 to 100"),
        ({"always": "<script>alert(1)</script>"}, "No community has the address"),
        ({"plans": ["gold"]}, "There is no plan"),
        ({"always": "acme", "never": "acme"}, "stands in both lists"),
        ({"version": "7"}, "Somebody else changed the flag"),
    ],
)
def test_what_makes_no_sense_changes_nothing(
    pages: Browser, operator: Any, change: dict[str, Any], words: str
) -> None:
    answer = pages.on(BASE).post(at("ops-flag", NAME), FORM | change)
    page = answer.content.decode()
    assert answer.status_code in {409, 422}
    assert words in page
    assert "<script>alert" not in page
    assert get_flag(name=NAME).setting is None


def test_an_unknown_flag_is_not_there(pages: Browser, operator: Any) -> None:
    assert pages.on(BASE).get(at("ops-flag", "mind_reading")).status_code == 404
