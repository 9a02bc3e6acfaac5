"""Bring your levels, step by step: a bot, a file, the difference, applied, undone; left and come back to."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engagement.imports import storage
from engagement.imports.applying import work_on_import
from engagement.imports.models import ImportChunk, ImportRun
from engagement.imports.services import read_import
from engagement.members.models import Member
from tenants.context import TenantContext, enter_tenant
from tests.engagement.imports.bringing import discord_id, mee6_file
from tests.frontend_api.hosts import ACME, GLOBEX, Browser
from tests.frontend_api.portal.test_leaderboard import text_of

PATH = "/dashboard/imports/"
XP = {1: 5_000, 2: 300, 3: 0}


@pytest.fixture
def desk(pages: Browser) -> Browser:
    pages.sign_in("acme-owner", path=PATH)
    return pages


def begin(desk: Browser, source: str = "mee6") -> str:
    answer = desk.on(ACME).post(f"{PATH}new/", {"source": source})
    assert answer.status_code == 302
    return str(answer["Location"])


def upload(desk: Browser, path: str, data: bytes, name: str = "levels.json") -> str:
    """What the page says afterwards."""
    desk.on(ACME).post(f"{path}upload/", {"file": SimpleUploadedFile(name, data)})
    return look(desk, path)


def look(desk: Browser, path: str) -> str:
    return text_of(desk.on(ACME).get(path))


def work(context: TenantContext, path: str) -> None:
    """What the worker would do."""
    import_id = int(path.strip("/").split("/")[-1])
    with enter_tenant(context):
        read_import(import_id=import_id, guild_id=context.guild_id)
        work_on_import(import_id=import_id, context=context)


def ready(desk: Browser, context: TenantContext, data: bytes | None = None) -> str:
    path = begin(desk)
    upload(desk, path, data or mee6_file(XP))
    work(context, path)
    return path


def test_every_bot_can_be_chosen(desk: Browser) -> None:
    text = look(desk, PATH)
    for name in (
        "MEE6",
        "Polaris",
        "Lurkr",
        "Amari",
        "Tatsu",
        "Red LevelUp",
        "Experienced",
        "CSV",
        "Discord roles",
    ):
        assert f"Bring from {name}" in text
    assert "Nothing brought over yet" in text


@pytest.mark.parametrize(
    "source", ["mee6", "polaris", "lurkr", "amari", "tatsu", "levelup", "experienced", "csv", "roles"]
)
def test_each_bots_page_says_how(desk: Browser, source: str) -> None:
    text = look(desk, begin(desk, source))
    assert ("Fetch from" in text) == (source in {"mee6", "polaris", "lurkr", "amari", "tatsu"})
    assert ("API key" in text) == (source in {"amari", "tatsu"})
    assert ("Upload and read it" in text) == (source != "roles")


def test_from_the_file_to_the_undoing(desk: Browser, acme: TenantContext) -> None:
    path = begin(desk)
    text = upload(desk, path, mee6_file(XP))
    assert "Being read" in text
    assert 'hx-trigger="every 1500ms"' in text
    work(acme, path)

    text = look(desk, path)
    assert "Bring 3 members over" in text
    assert "0 → <strong>10</strong>" in text
    with enter_tenant(acme):
        before = Member.objects.count()

    desk.on(ACME).post(f"{path}apply/")
    assert "Being applied" in look(desk, path)
    work(acme, path)
    text = look(desk, path)
    assert "Undo this import" in text
    with enter_tenant(acme):
        assert Member.objects.count() == before + 3

    asked = text_of(desk.on(ACME).get(f"{path}undo/"))
    assert "What members have earned here since stays" in asked
    desk.on(ACME).post(f"{path}undo/", {"confirmed": "1"})
    work(acme, path)
    assert "3 members whom the import had made were removed" in look(desk, path)
    with enter_tenant(acme):
        assert Member.objects.count() == before
    assert "Undone" in look(desk, PATH)


def test_the_progress_is_polled_and_then_the_page_reloads(desk: Browser, acme: TenantContext) -> None:
    path = begin(desk)
    upload(desk, path, mee6_file(XP))
    poll: dict[str, Any] = {"headers": {"HX-Request": "true", "HX-Target": "progress"}}
    assert "<html" not in text_of(desk.on(ACME).get(path, **poll))
    work(acme, path)
    assert desk.on(ACME).get(path, **poll)["HX-Refresh"] == "true"


def test_a_table_is_mapped(desk: Browser, acme: TenantContext) -> None:
    path = begin(desk, "csv")
    table = f"Member;Who;Score\n{discord_id(1)};Ada;1.000\n{discord_id(2)};=cmd|x;nonsense\n".encode("utf-16")
    text = upload(desk, path, table, "levels.csv")
    assert "Which column is what?" in text
    assert "=cmd|x" in text

    desk.on(ACME).post(f"{path}columns/", {"id": "0", "name": "1", "xp": "0"})
    assert "One column stands for two things" in look(desk, path)
    desk.on(ACME).post(f"{path}columns/", {"id": "0", "name": "1", "xp": "2"})
    work(acme, path)

    text = look(desk, path)
    assert "Bring 1 member over" in text
    answer = desk.on(ACME).get(f"{path}lines/export.csv?kind=error&col=line&col=id&col=name&col=problem")
    errors = b"".join(answer.streaming_content).decode()
    assert "no number of XP" in errors
    assert "'=cmd|x" in errors
    assert ",=" not in errors


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b'{"players": [', "breaks off"),
        (b'{"settings": {}, "users": {}}', "looks like a Polaris file"),
        (b'{"players": [{"id": "<script>alert(1)</script>", "xp": 1}]}', "None of the 1 lines can be used"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    desk: Browser, acme: TenantContext, data: bytes, said: str
) -> None:
    path = begin(desk)
    upload(desk, path, data)
    if data:
        work(acme, path)
    with enter_tenant(acme):
        run = ImportRun.objects.get()
    text = look(desk, path)
    assert said in text or said in run.problem or run.state == "empty"
    assert "<script>alert" not in text
    assert "Upload and read it" in text


def test_a_file_that_is_too_large_is_refused_and_nothing_is_kept(
    desk: Browser, acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "MAX_FILE", 3 * 1024 * 1024)
    path = begin(desk)

    text = upload(desk, path, b" " * (4 * 1024 * 1024))

    assert "The file is larger than 3 MB" in text
    with enter_tenant(acme):
        assert (ImportChunk.objects.count(), ImportRun.objects.get().state) == (0, "empty")


def test_hostile_names_are_shown_as_text(desk: Browser, acme: TenantContext) -> None:
    import json

    names = ["<script>alert(1)</script>", "\u202egnp.exe", "x" * 100_000, "'\"><img src=x>"]
    players = [{"id": discord_id(n), "username": name, "xp": 10} for n, name in enumerate(names)]
    path = ready(desk, acme, json.dumps({"players": players}).encode())

    for address in (path, f"{path}lines/"):
        text = look(desk, address)
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "\u202e" not in text


def test_options_change_the_difference(desk: Browser, acme: TenantContext) -> None:
    path = ready(desk, acme)
    desk.on(ACME).post(f"{path}options/", {"keep": "level", "existing": "replace"})
    assert "0 → <strong>4,675</strong>" in look(desk, path)
    desk.on(ACME).post(f"{path}options/", {"keep": "everything"})
    assert "is nothing to choose from here" in look(desk, path)


def test_the_lines_are_searched_and_filtered(desk: Browser, acme: TenantContext) -> None:
    path = ready(desk, acme)
    assert "Person 1" in look(desk, f"{path}lines/?q=person+1")
    assert "Person 2" not in look(desk, f"{path}lines/?q=person+1")
    assert "Person 2" in look(desk, f"{path}lines/?kind=new")
    assert "Nothing matches" in look(desk, f"{path}lines/?kind=raised")


def test_as_many_queries_at_ten_as_at_ten_thousand(desk: Browser, acme: TenantContext) -> None:
    counts = []
    for size in (10, 10_000):
        path = ready(desk, acme, mee6_file({user: user for user in range(1, size + 1)}))
        found = []
        for address in (path, f"{path}lines/?kind=new"):
            with CaptureQueriesContext(connection) as queries:
                look(desk, address)
            found.append(len(queries))
        counts.append(found)
    assert counts[0] == counts[1]


def test_an_act_in_a_state_that_has_passed_says_so(desk: Browser, acme: TenantContext) -> None:
    path = ready(desk, acme)
    desk.on(ACME).post(f"{path}cancel/")
    desk.on(ACME).post(f"{path}apply/")
    assert "its state is “Cancelled”" in look(desk, path)


def test_another_communitys_import_is_not_there(desk: Browser, acme: TenantContext) -> None:
    path = ready(desk, acme)
    other = Browser()
    other.sign_in("globex-owner", host=GLOBEX, path=PATH)
    for address in (path, f"{path}lines/", f"{path}lines/export.csv"):
        assert other.on(GLOBEX).get(address).status_code == 404
    assert other.on(GLOBEX).post(f"{path}apply/").status_code == 404
    assert desk.on(ACME).get(f"{path}explode/").status_code == 404
    assert desk.on(ACME).get(f"{path}apply/").status_code == 404
