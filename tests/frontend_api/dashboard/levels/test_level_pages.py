"""The pages of levels: the curve with its preview, names, level roles, announcements."""

from __future__ import annotations

import re
from typing import Any

import pytest

from engagement.audit.actor import SYSTEM
from engagement.levels.curves import DEFAULT_CURVE
from engagement.levels.selectors import get_curve_choice, list_level_names, load_curve
from engagement.levels.services import set_level_name
from engagement.notifications.selectors import get_notification_settings
from engagement.progression import jobs
from engagement.progression.levelling import change_curve
from engagement.progression.models import MemberProgress
from frontend_api.dashboard.levels import curve as curve_module
from integrations.discord.models import LevelRole
from integrations.discord.roles import add_level_role
from tenants.context import TenantContext, enter_tenant
from tests.frontend_api.givers import give
from tests.frontend_api.hosts import ACME, Browser
from tests.frontend_api.portal.test_leaderboard import text_of

CURVE = "/dashboard/levels/curve/"
EVEN = {"shape": "linear", "linear-step": "50"}
HTMX = {"HX-Request": "true", "HX-Target": "trial"}


@pytest.fixture
def organiser(pages: Browser, acme: TenantContext) -> Browser:
    give(acme, 1, "Ada", 100)
    give(acme, 2, "Bob", 40)
    pages.sign_in("acme-owner", path="/earn/")
    return pages


def opened(browser: Browser, path: str) -> str:
    found = re.search(r'name="opened" value="([^"]+)"', text_of(browser.on(ACME).get(path)))
    assert found is not None
    return found[1]


def test_the_page_shows_the_curve_and_who_stands_where(organiser: Browser) -> None:
    text = text_of(organiser.on(ACME).get("/dashboard/levels/"))
    assert "Members by level" in text
    assert "as in MEE6 and Lurkr" in text
    assert f"{DEFAULT_CURVE.floor_of(10):,}" in text


def test_the_preview_counts_and_changes_nothing(organiser: Browser, acme: TenantContext) -> None:
    part = text_of(organiser.on(ACME).post(CURVE, {**EVEN, "do": "look"}, headers=HTMX))
    assert "<html" not in part
    assert re.search(r"<dt>Rise</dt><dd><strong>1<", part)
    assert re.search(r"<dt>Fall</dt><dd><strong>0<", part)
    assert "Show the figures as a table" in part
    whole = text_of(organiser.on(ACME).post(CURVE, {**EVEN, "do": "look"}))
    assert "<html" in whole
    with enter_tenant(acme):
        assert load_curve().thresholds == DEFAULT_CURVE.thresholds


def test_the_curve_is_set_after_its_consequences_were_seen(organiser: Browser, acme: TenantContext) -> None:
    asked = text_of(organiser.on(ACME).post(CURVE, EVEN))
    assert "1 member to a higher level" in asked
    seen = re.search(r'name="seen" value="(\d+)"', asked)
    assert seen is not None
    with enter_tenant(acme):
        assert get_curve_choice()[2] == int(seen[1])

    done = organiser.on(ACME).post(CURVE, {**EVEN, "confirmed": "1", "seen": seen[1]})

    assert done.status_code == 302
    with enter_tenant(acme):
        assert get_curve_choice()[:2] == ("linear", {"step": 50})
        assert sorted(MemberProgress.objects.values_list("level", flat=True))[-2:] == [0, 2]


def test_what_somebody_else_set_meanwhile_is_shown_first(organiser: Browser, acme: TenantContext) -> None:
    with enter_tenant(acme):
        change_curve(kind="linear", parameters={"step": 10}, actor=SYSTEM)
    answer = organiser.on(ACME).post(CURVE, {**EVEN, "confirmed": "1", "seen": "0"})
    assert "Change the levels?" in text_of(answer)
    with enter_tenant(acme):
        assert get_curve_choice()[1] == {"step": 10}


@pytest.mark.parametrize(
    ("form", "part"),
    [
        ({"shape": "linear", "linear-step": "0"}, "Points a level"),
        ({"shape": "round"}, "A curve is one of"),
        ({"shape": "formula", "text": "__import__('os')"}, "has no place in a formula"),
        ({"shape": "table", "totals": "5, 4"}, "Each level must need more"),
        ({}, "A curve is one of"),
    ],
)
def test_a_curve_that_cannot_be_is_told_in_words(organiser: Browser, form: dict[str, str], part: str) -> None:
    answer = organiser.on(ACME).post(CURVE, form)
    assert answer.status_code == 422
    assert part in answer.content.decode()


def test_many_members_are_worked_out_by_a_job(
    organiser: Browser, acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curve_module, "AT_ONCE", 1)
    with enter_tenant(acme):
        version = get_curve_choice()[2]
    organiser.on(ACME).post(CURVE, {**EVEN, "confirmed": "1", "seen": str(version)})

    assert "being worked out by the new curve" in text_of(organiser.on(ACME).get("/dashboard/levels/"))
    with enter_tenant(acme):
        assert get_curve_choice()[2] == version
        assert jobs.is_curve_waiting(tenant=acme.schema)
    arguments = {"kind": "linear", "parameters": {"step": 50}, "expected_version": version}
    actor = {"kind": "system", "id": 0, "name": "x"}
    for _ in range(2):
        jobs.apply_curve(tenant=acme.schema, actor=actor, **arguments)
    with enter_tenant(acme):
        assert get_curve_choice()[1] == {"step": 50}
        change_curve(kind="linear", parameters={"step": 9}, actor=SYSTEM)
    jobs.apply_curve(tenant=acme.schema, actor=actor, **arguments)
    with enter_tenant(acme):
        assert get_curve_choice()[1] == {"step": 9}


def test_names_are_written_one_a_line(organiser: Browser, acme: TenantContext) -> None:
    path = "/dashboard/levels/names/"
    first = opened(organiser, path)
    sent = {"names": "5 Regular\n10: <b>Sage</b>\n", "opened": first}
    assert organiser.on(ACME).post(path, sent).status_code == 302
    with enter_tenant(acme):
        assert list_level_names() == {5: "Regular", 10: "<b>Sage</b>"}
    assert "<b>Sage" not in text_of(organiser.on(ACME).get("/dashboard/levels/"))
    assert organiser.on(ACME).post(path, {"names": "", "opened": first}).status_code == 409
    for wrong in ("Regular", "5 A\n5 B", "5 " + "x" * 61, "1001 Z"):
        again = {"names": wrong, "opened": opened(organiser, path)}
        assert organiser.on(ACME).post(path, again).status_code == 422, wrong


def test_names_of_the_other_community_stay(organiser: Browser, globex: TenantContext) -> None:
    with enter_tenant(globex):
        set_level_name(level=3, name="Theirs", actor=SYSTEM)
    path = "/dashboard/levels/names/"
    organiser.on(ACME).post(path, {"names": "1 Ours", "opened": opened(organiser, path)})
    with enter_tenant(globex):
        assert list_level_names()[3] == "Theirs"


def test_level_roles_are_listed_moved_and_removed_with_a_way_back(
    organiser: Browser, acme: TenantContext
) -> None:
    role = 700_000_000_000_000_001
    with enter_tenant(acme):
        add_level_role(level=5, role_id=role, actor=SYSTEM)
    here, path = organiser.on(ACME), f"/dashboard/level-roles/{role}/"
    assert "from level 5" in text_of(here.get("/dashboard/level-roles/"))
    assert here.post(path, {"level": "7", "keep": "highest"}).status_code == 302
    assert here.post(path, {"level": "0", "keep": "highest"}).status_code == 422
    with enter_tenant(acme):
        assert LevelRole.objects.values_list("level", "keep").get() == (7, "highest")
    here.post(f"{path}remove/")
    text = text_of(here.get("/dashboard/level-roles/"))
    assert "is no longer given" in text
    undo = re.search(r'action="([^"]+restore/\?[^"]+)"', text)
    assert undo is not None
    here.post(undo[1].replace("&amp;", "&"))
    with enter_tenant(acme):
        assert LevelRole.objects.values_list("level", "keep").get() == (7, "highest")
    for missing in ("/dashboard/level-roles/1/", f"/dashboard/level-roles/{2**70}/"):
        assert here.get(missing).status_code == 404
    assert here.post("/dashboard/level-roles/new/", {"level": "5", "keep": "stack"}).status_code == 422


def test_announcements_are_previewed_and_saved(organiser: Browser, acme: TenantContext) -> None:
    path = "/dashboard/announcements/"
    form: dict[str, Any] = {"level_up": "dm", "channel_id": "", "text": "Well done {member}, {points}"}
    look = organiser.on(ACME).post(path, {**form, "do": "look"}, headers={"HX-Target": "preview"})
    assert "Well done Ada, 1,284 points" in text_of(look)
    first = opened(organiser, path)
    assert organiser.on(ACME).post(path, {**form, "opened": first}).status_code == 302
    with enter_tenant(acme):
        settings = get_notification_settings()
    assert (settings.level_up, settings.text) == ("dm", "Well done {member}, {points}")
    assert organiser.on(ACME).post(path, {**form, "level_up": "off", "opened": first}).status_code == 409
    bad = {**form, "text": "{password}", "opened": opened(organiser, path)}
    answer = organiser.on(ACME).post(path, bad)
    assert (answer.status_code, "nothing to put in place" in answer.content.decode()) == (422, True)


@pytest.mark.parametrize(
    ("path", "moderator"),
    [
        ("/dashboard/levels/", 200),
        (CURVE, 403),
        ("/dashboard/levels/names/", 403),
        ("/dashboard/level-roles/", 200),
        ("/dashboard/level-roles/new/", 403),
        ("/dashboard/announcements/", 403),
    ],
)
def test_who_may(pages: Browser, path: str, moderator: int) -> None:
    for username, status in (("acme-moderator", moderator), ("acme-member", 403), ("globex-owner", 403)):
        browser = Browser()
        browser.sign_in(username, path="/earn/")
        assert browser.on(ACME).get(path).status_code == status, username
    assert Browser().on(ACME).get(path).status_code == 302
