"""The pages of settings: the community itself, the bot's commands, the history and the way back."""

from __future__ import annotations

import re
from typing import Any

import pytest

from engagement.audit.actor import SYSTEM
from engagement.audit.models import AuditEntry
from engagement.commands.catalogue import COMMANDS
from engagement.commands.selectors import get_command_policies
from engagement.settings.services import change_settings
from tenants.community import get_facts
from tenants.context import TenantContext, enter_tenant
from tenants.routing import get_routing
from tests.frontend_api.hosts import ACME, Browser
from tests.frontend_api.portal.test_leaderboard import text_of

PATH = "/dashboard/settings/"
FORM = {
    "name": "Acme Makers", "description": "", "kind": "discord", "emblem_url": "", "colour": "#4f46e5",
    "points_name": "points", "locale": "en", "timezone": "UTC", "first_weekday": "0",
}  # fmt: skip


@pytest.fixture
def organiser(pages: Browser) -> Browser:
    pages.sign_in("acme-owner", path="/earn/")
    return pages


def opened(browser: Browser, path: str = PATH) -> str:
    found = re.search(r'name="opened" value="([^"]+)"', text_of(browser.on(ACME).get(path)))
    assert found is not None
    return found[1]


def save(browser: Browser, **changes: Any) -> Any:
    answer = browser.on(ACME).post(PATH, {**FORM, "opened": opened(browser), **changes})
    get_routing().load()
    return answer


def test_a_change_is_saved_recorded_and_seen_everywhere(organiser: Browser, acme: TenantContext) -> None:
    assert save(organiser, name="Acme Reborn", colour="#aa0000", points_name="stars").status_code == 302

    text = text_of(organiser.on(ACME).get("/earn/"))
    assert "Acme Reborn" in text
    assert "/theme/aa0000.css" in text
    assert "What earns stars" in text
    with enter_tenant(acme):
        entry = AuditEntry.objects.filter(action="settings.changed").get()
    assert entry.before == {"name": "Acme Makers", "colour": "#4f46e5", "points_name": "points"}
    assert entry.actor_kind == "user"


def test_what_does_not_fit_stands_beside_its_field(organiser: Browser, acme: TenantContext) -> None:
    answer = save(organiser, colour="red", emblem_url="http://a/b.png", timezone="Mars/Olympus")
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "id_timezone-error" in text
    answer = save(organiser, emblem_url="javascript:alert(1)")
    assert "id_emblem_url-error" in answer.content.decode()
    with enter_tenant(acme):
        assert not AuditEntry.objects.filter(action="settings.changed").exists()


def test_the_colour_is_previewed_with_its_contrast(organiser: Browser) -> None:
    look = {**FORM, "colour": "#ffee00", "do": "look"}
    part = text_of(
        organiser.on(ACME).post(PATH, look, headers={"HX-Request": "true", "HX-Target": "preview"})
    )
    assert "<html" not in part
    assert "Pages take its nearest shade" in part
    assert "style=" not in part
    good = text_of(organiser.on(ACME).post(PATH, {**look, "colour": "#4f46e5"}))
    assert "can be read on white as it is" in good
    bad = text_of(
        organiser.on(ACME).post(PATH, {**look, "colour": "'/><script>"}, headers={"HX-Target": "preview"})
    )
    assert "is no colour" in bad
    assert "<script>" not in bad


def test_two_organisers_on_different_fields_both_stay(organiser: Browser, acme: TenantContext) -> None:
    first = opened(organiser)
    with enter_tenant(acme):
        change_settings(context=acme, changes={"points_name": "coins"}, actor=SYSTEM)
    answer = organiser.on(ACME).post(PATH, {**FORM, "name": "Mine", "opened": first})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "both can stay" in text
    seal = re.search(r'name="opened" value="([^"]+)"', text)
    assert seal is not None
    chosen = {
        **FORM,
        "name": "Mine",
        "opened": seal[1],
        "choose-name": "mine",
        "choose-points_name": "theirs",
    }
    assert organiser.on(ACME).post(PATH, chosen).status_code == 302
    facts = get_facts(tenant_id=acme.tenant_id)
    assert (facts["name"], facts["points_name"]) == ("Mine", "coins")


def test_the_history_tells_and_takes_back(organiser: Browser, acme: TenantContext) -> None:
    save(organiser, colour="#aa0000")
    with enter_tenant(acme):
        entry = AuditEntry.objects.filter(action="settings.changed").get()
    text = text_of(organiser.on(ACME).get(f"{PATH}history/"))
    assert "#4f46e5" in text
    assert "Take it back" in text
    asked = text_of(organiser.on(ACME).get(f"{PATH}history/{entry.pk}/"))
    assert "Colour: #4f46e5, instead of what stands now" in asked

    answer = organiser.on(ACME).post(f"{PATH}history/{entry.pk}/", {"confirmed": "1"})

    assert answer.status_code == 302
    assert get_facts(tenant_id=acme.tenant_id)["colour"] == "#4f46e5"
    with enter_tenant(acme):
        newest = AuditEntry.objects.filter(action="settings.changed").latest("pk")
    assert (newest.before, newest.after) == ({"colour": "#aa0000"}, {"colour": "#4f46e5"})


def test_the_history_is_paged_and_empty_in_words(organiser: Browser, acme: TenantContext) -> None:
    assert "Nothing was changed yet" in text_of(organiser.on(ACME).get(f"{PATH}history/"))
    with enter_tenant(acme):
        for number in range(35):
            change_settings(context=acme, changes={"name": f"Name {number}"}, actor=SYSTEM)
    text = text_of(organiser.on(ACME).get(f"{PATH}history/"))
    older = re.search(r"\?before=(\d+)", text)
    assert older is not None
    assert "Name 34" in text
    assert "Name 2<" not in text
    assert "Name 0" in text_of(organiser.on(ACME).get(f"{PATH}history/?before={older[1]}"))
    assert organiser.on(ACME).get(f"{PATH}history/?before=x").status_code == 404
    for missing in (999_999, 2**70):
        assert organiser.on(ACME).get(f"{PATH}history/{missing}/").status_code == 404


def test_commands_are_listed_set_and_follow_the_others_again(organiser: Browser, acme: TenantContext) -> None:
    here = organiser.on(ACME)
    text = text_of(here.get("/dashboard/commands/"))
    assert all(f"/{name}" in text for name in COMMANDS)
    path = "/dashboard/commands/points give/"
    form = {
        "enabled": "no",
        "channel_ids": ["77"],
        "uses": "3",
        "seconds": "60",
        "opened": opened(organiser, path),
    }
    assert here.post(path, form).status_code == 302
    with enter_tenant(acme):
        policy = get_command_policies().policy_for("points give")
    assert (policy.enabled, policy.channel_ids, policy.uses, policy.seconds) == (
        False,
        frozenset({"77"}),
        3,
        60,
    )
    assert here.post(path, form).status_code == 409
    assert here.post(path, {**form, "uses": "0", "opened": opened(organiser, path)}).status_code == 422
    assert here.post(f"{path}clear/").status_code == 302
    with enter_tenant(acme):
        assert get_command_policies().policy_for("points give").enabled
    assert here.get("/dashboard/commands/nonsense/").status_code == 404
    assert here.get("/dashboard/commands/setup limit/").status_code == 404


@pytest.mark.parametrize(
    ("path", "moderator", "sent"),
    [
        (PATH, 200, 403),
        (f"{PATH}history/", 403, 405),
        ("/dashboard/commands/", 200, 405),
        ("/dashboard/commands/all/", 403, 403),
        ("/dashboard/commands/all/clear/", 405, 403),
    ],
)
def test_who_may(pages: Browser, path: str, moderator: int, sent: int) -> None:
    looker = Browser()
    looker.sign_in("acme-moderator", path="/earn/")
    assert looker.on(ACME).get(path).status_code == moderator
    assert looker.on(ACME).post(path, FORM).status_code == sent
    for username in ("acme-member", "globex-owner"):
        browser = Browser()
        browser.sign_in(username, path="/earn/")
        assert browser.on(ACME).get(path).status_code in {403, 405}, username
