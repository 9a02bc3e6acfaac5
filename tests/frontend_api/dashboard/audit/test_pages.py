"""The audit log's pages: searched, filtered, one entry with its difference, the file, in constant queries."""

from __future__ import annotations

import csv
import io
import json
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engagement.audit.actor import Actor
from engagement.audit.models import AuditEntry
from engagement.audit.services import record_audit
from tenants.context import TenantContext, enter_tenant
from tests.frontend_api.hosts import ACME, Browser
from tests.frontend_api.portal.test_leaderboard import text_of

PATH = "/dashboard/audit/"
ADA = Actor("user", 7, "Ada", role="admin", via="web", address="192.0.2.0/24")


@pytest.fixture
def desk(pages: Browser) -> Browser:
    pages.sign_in("acme-owner", path="/earn/")
    return pages


def record(
    context: TenantContext, action: str = "member.changed", actor: Actor = ADA, **facts: object
) -> AuditEntry:
    with enter_tenant(context):
        return record_audit(actor=actor, action=action, **facts)  # type: ignore[arg-type]


def look(pages: Browser, **asked: object) -> str:
    return text_of(pages.on(ACME).get(f"{PATH}?{urlencode(asked, doseq=True)}"))


def test_it_tells_who_did_what_newest_first(desk: Browser, acme: TenantContext) -> None:
    record(acme, "points.adjusted", target_kind="member", target_id=3, target_name="Grace")
    record(acme, "rule.revised", target_kind="rule", target_id="talk", target_name="Talking")
    text = look(desk)
    assert text.index("Changed the rule Talking") < text.index("Changed the points of Grace")
    assert "Ada" in text


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "grace"}, {"Grace"}),
        ({"q": "because"}, {"Talking"}),
        ({"about": "rule"}, {"Talking"}),
        ({"about": ["rule", "points"]}, {"Talking", "Grace"}),
        ({"outcome": "denied"}, {"change the levels"}),
        ({"who": "user:7"}, {"Grace", "Talking"}),
        ({"who": "discord:"}, {"change the levels"}),
        ({"target": "member:3"}, {"Grace"}),
        ({"days_from": "2199-01-01"}, set()),
        ({"days_from": "1999-01-01"}, {"Grace", "Talking", "change the levels"}),
        (
            {"who": "ghost:1", "target": "x", "about": "'--", "days_from": "?"},
            {"Grace", "Talking", "change the levels"},
        ),
        ({"q": "%"}, set()),
    ],
)
def test_it_is_narrowed_by_the_address(
    desk: Browser, acme: TenantContext, asked: dict[str, object], found: set[str]
) -> None:
    record(acme, "points.adjusted", target_kind="member", target_id=3, target_name="Grace")
    record(acme, "rule.revised", target_kind="rule", target_id="talk", target_name="Talking", note="because")
    record(
        acme, "permission.refused", Actor("discord", 9, "Bob"), target_kind="permission", target_id="change_levels",
        target_name="change the levels", outcome="denied",
    )  # fmt: skip
    text = look(desk, **asked)
    links = {name for name in ("Grace", "Talking", "change the levels") if f"{name}</bdi></a>" in text}
    assert links == found


def test_hostile_names_are_text(desk: Browser, acme: TenantContext) -> None:
    entry = record(
        acme, actor=Actor("discord", 1, "<script>alert(1)</script>"), target_name="‮<b>", note="\"'><img>",
        after={"<i>": "<script>", "n": "‮x"},
    )  # fmt: skip
    for text in (look(desk), text_of(desk.on(ACME).get(f"{PATH}{entry.pk}/"))):
        assert "<script>alert" not in text
        assert "<img>" not in text
        assert "<i>" not in text


def test_an_entry_shows_its_difference(desk: Browser, acme: TenantContext) -> None:
    entry = record(
        acme, "settings.changed", target_kind="settings", target_name="Acme",
        before={"name": "Acme", "zone": "UTC", "nested": {"deep": {"a": 1}}},
        after={"name": "Acme Makers", "zone": "UTC", "nested": {"deep": {"a": 2, "b": True}}},
    )  # fmt: skip
    text = text_of(desk.on(ACME).get(f"{PATH}{entry.pk}/"))
    assert "Acme Makers" in text
    assert "nested › deep › a" in text
    assert "zone" not in text.split("What changed")[1]
    assert "192.0.2.0/24" in text


def test_another_communitys_entry_is_not_there(
    desk: Browser, globex: TenantContext, acme: TenantContext
) -> None:
    for _ in range(30):
        entry = record(globex)
    answers = [desk.on(ACME).get(f"{PATH}{number}/") for number in (entry.pk, 10**9, 10**30)]
    assert {answer.status_code for answer in answers} == {404}


@pytest.mark.parametrize("count", [10, 3_000])
def test_it_costs_the_same_whatever_its_size(desk: Browser, acme: TenantContext, count: int) -> None:
    with enter_tenant(acme), connection.cursor() as cursor:
        cursor.execute(
            "insert into audit_entry (action, outcome, actor_kind, actor_id, actor_role, via, target_kind, target_id, salt,"
            " actor_name, address, request_id, target_name, note)"
            " select 'member.changed', 'done', 'user', n, '', 'web', 'member', n::text, 'x', 'Ada', '', '', 'M' || n, ''"
            " from generate_series(1, %s) n",
            [count],
        )
    look(desk)
    with CaptureQueriesContext(connection) as queries:
        look(desk, q="ada")
    assert len(queries) <= 13, [one["sql"][:90] for one in queries]


def test_the_file_has_everything_and_is_recorded(desk: Browser, acme: TenantContext) -> None:
    record(
        acme, "member.changed", target_name="=cmd|' /C calc'!A0", note="x", before={"a": 1}, after={"a": 2}
    )
    answer = desk.on(ACME).get(f"{PATH}export.csv?about=member")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))

    assert [row["action"] for row in rows] == ["member.changed"]
    assert rows[0]["target_name"].startswith("'=cmd")
    assert (rows[0]["before"], rows[0]["after"]) == ('{"a":1}', '{"a":2}')
    assert "salt" not in rows[0]
    told = json.loads(b"".join(desk.on(ACME).get(f"{PATH}export.json").streaming_content))
    assert told[0]["action"] == "audit.exported"  # the newest is the export of a moment ago
    assert json.loads(told[0]["after"])["narrowed"] == ""
    with enter_tenant(acme):
        exports = AuditEntry.objects.filter(action="audit.exported").order_by("pk")
        assert [one.after["narrowed"] for one in exports if one.after] == ["about=member", ""]


@pytest.mark.parametrize(("path", "status"), [("", 403), ("export.csv", 403), ("1/", 403)])
def test_moderators_do_not_read_it(pages: Browser, acme: TenantContext, path: str, status: int) -> None:
    pages.sign_in("acme-moderator", path="/earn/")
    assert pages.on(ACME).get(PATH + path).status_code == status
    with enter_tenant(acme):
        assert not AuditEntry.objects.filter(action="audit.exported").exists()
