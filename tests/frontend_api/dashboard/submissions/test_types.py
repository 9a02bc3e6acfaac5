"""Kinds of submissions: built in a form, seen as members see them, switched, moved, archived, installed in packs."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engagement.audit.actor import SYSTEM
from engagement.submissions.models import SubmissionType
from engagement.submissions.types import change_type
from tenants.context import enter_tenant
from tests.frontend_api.hosts import ACME
from tests.handing_in import make_kind

from .conftest import Room

TYPES, NEW = "/dashboard/submissions/types/", "/dashboard/submissions/types/new/"
TOKEN = "01abcdefghjkmnpqrstvwxyz00"


@pytest.fixture
def admin(room: Room) -> Room:
    room.browser.clients.clear()
    room.browser.sign_in("acme-owner", path="/earn/")
    return room


def rows(*fields: dict[str, str]) -> dict[str, list[str]]:
    names = (
        "key", "label", "kind", "help", "required", "least", "most", "unit", "choices", "many", "hosts", "when", "others",
        "place",
    )  # fmt: skip
    return {f"f-{name}": [field.get(name, "") for field in fields] for name in names}


def form(*fields: dict[str, str], **more: Any) -> dict[str, Any]:
    fields = fields or ({"label": "What", "kind": "text", "required": "1"},)
    return {
        "name": "Meetup",
        "description": "You held one.",
        "icon": "calendar",
        "award_kind": "fixed",
        "award_points": "40",
        "limit_period": "ever",
        "token": TOKEN,
        "active": "1",
        **rows(*fields),
        **more,
    }


def find(room: Room, name: str = "Meetup") -> SubmissionType:
    with enter_tenant(room.context):
        return SubmissionType.objects.get(name=name)


def test_a_kind_is_built_of_rows_once(admin: Room) -> None:
    fields = (
        {"label": "Ort", "kind": "choice", "choices": "Here\nThere\n", "many": "1", "place": "2"},
        {"label": "Where is it written of", "kind": "link", "hosts": "linkedin.com, medium.com", "required": "1", "place": "1"},
        {"label": "People", "kind": "number", "unit": "people", "least": "1", "most": "1,000", "required": "1", "place": "3"},
        {"label": "", "kind": "text"},
    )  # fmt: skip
    sent = form(
        *fields,
        award_kind="per_unit",
        award_points="2",
        award_field="people",
        award_cap="100",
        sla_hours="48",
    )
    for _ in range(2):
        assert admin.post(NEW, sent)["Location"] == TYPES

    made = find(admin)
    assert [field["label"] for field in made.fields] == ["Where is it written of", "Ort", "People"]
    assert made.fields[0]["hosts"] == ["linkedin.com", "medium.com"]
    assert made.fields[1]["choices"] == ["Here", "There"]
    assert made.award == {"kind": "per_unit", "points": 2, "field": made.fields[2]["key"], "cap": 100}
    assert (made.sla_hours, made.active) == (48, True)
    assert "2 points for each person, 100 points at most" in admin.text(TYPES)


def test_errors_stand_beside_their_row_and_nothing_is_lost(admin: Room) -> None:
    fields = ({"label": "Good", "kind": "text"}, {"label": "Bad", "kind": "choice", "choices": "Only one"})
    refused = admin.post(NEW, form(*fields))
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "Give 2 to 25 choices" in page
    assert 'value="Good"' in page
    assert "Only one" in page
    refused = admin.post(NEW, form(award_kind="rubric"))
    assert "need a rubric" in refused.content.decode()


def test_the_preview_shows_it_as_members_see_it_and_writes_nothing(admin: Room) -> None:
    sent = form({"label": "Whom <b>did</b> you help", "kind": "member", "required": "1"}, do="preview")
    part = admin.post(NEW, sent, **{"HX-Request": "true", "HX-Target": "type-preview"}).content.decode()
    assert "Whom &lt;b&gt;did&lt;/b&gt; you help" in part
    assert "40 points" in part
    assert "<html" not in part
    broken = admin.post(
        NEW, form({"label": "x", "kind": "choice"}, do="preview"), **{"HX-Target": "type-preview"}
    )
    assert "Give 2 to 25 choices" in broken.content.decode()
    with enter_tenant(admin.context):
        assert not SubmissionType.objects.filter(name="Meetup").exists()


def test_two_who_change_one_kind_see_each_other(admin: Room) -> None:
    path = f"{TYPES}{admin.kind.pk}/"
    page = admin.page(path)
    opened = page.split('name="opened" value="')[1].split('"')[0]
    with enter_tenant(admin.context):
        change_type(
            context=admin.context, type_id=admin.kind.pk, values={"description": "Theirs"}, actor=SYSTEM
        )

    key = admin.kind.fields[0]["key"]
    mine = form(
        {"key": key, "label": "What was it", "kind": "text", "required": "1"}, name="Mine", opened=opened
    )
    met = admin.post(path, mine)

    assert met.status_code == 409, met.content.decode().split("<main")[1][:3_000]
    text = met.content.decode()
    assert "Theirs" in text
    assert "What was it (Short text)" in text
    again = dict(_hidden(text))
    assert admin.post(path, again | {"choose-description": "theirs"}).status_code == 302
    saved = find(admin, "Mine")
    assert (saved.description, saved.fields[0]["key"], saved.fields[0]["label"]) == (
        "Theirs",
        key,
        "What was it",
    )


def _hidden(text: str) -> list[tuple[str, str]]:
    import html
    import re

    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text)
    return [(name, html.unescape(value)) for name, value in found]


def test_it_is_switched_moved_archived_and_brought_back(admin: Room) -> None:
    other = make_kind(admin.context, "Other")
    admin.post(f"{TYPES}{other.pk}/move/", {"way": "up"})
    assert admin.text(TYPES).index("Other") < admin.text(TYPES).index("Talk")
    admin.post(f"{TYPES}{other.pk}/switch/", {"on": "0"})
    assert not find(admin, "Other").active
    admin.post(f"{TYPES}{other.pk}/archive/", {"confirmed": "1"})
    assert "1 archived" in admin.text(TYPES)
    assert "Archived. Nothing can be handed in" in admin.text(f"{TYPES}{other.pk}/")
    admin.post(f"{TYPES}{other.pk}/restore/")
    assert find(admin, "Other").archived_at is None


def test_packs_are_seen_before_they_are_installed_and_taken_out(admin: Room) -> None:
    assert "Community event" in admin.text(f"{TYPES}packs/")
    page = admin.page(f"{TYPES}packs/events/")
    keys = [part.split('"')[0] for part in page.split('name="keys" value="')[1:]]
    assert len(keys) > 2
    assert admin.post(f"{TYPES}packs/events/", {"do": "install"})["Location"] == f"{TYPES}packs/events/"
    admin.post(f"{TYPES}packs/events/", {"do": "install", "keys": keys[:2]})
    assert "There already" in admin.text(f"{TYPES}packs/events/")
    with enter_tenant(admin.context):
        assert SubmissionType.objects.filter(pack="events").count() == 2
    admin.post(f"{TYPES}packs/events/", {"do": "remove"})
    with enter_tenant(admin.context):
        assert not SubmissionType.objects.filter(pack="events").exists()
    assert admin.get(f"{TYPES}packs/nothing/").status_code == 404
    assert 'name="f-label" value="' in admin.page(f"{NEW}?from={keys[0]}")


def test_a_survey_is_opened_linked_to_a_member_and_closed(admin: Room) -> None:
    path = f"{TYPES}{admin.kind.pk}/survey/"
    opened = admin.post(path, {"do": "open"})
    assert "shown once" in opened.content.decode()
    assert opened["Cache-Control"] == "private, no-store"
    assert admin.post(path, {"do": "link", "member_text": "Nobody"}).status_code == 422
    made = admin.post(path, {"do": "link", "member_text": "Mia Member"}).content.decode()
    address = made.split('id="survey-link" value="')[1].split('"')[0]
    ticket = address.split("/survey/")[1]
    assert "You answer as" in admin.page(f"/survey/{ticket}")
    admin.post(path, {"do": "close"})
    assert admin.get(f"/survey/{ticket}").status_code == 410


def test_moderators_look_and_may_not_change(room: Room) -> None:
    assert "How members see it" in room.text(f"{TYPES}{room.kind.pk}/")
    assert room.post(f"{TYPES}{room.kind.pk}/", form()).status_code == 403
    assert room.get(NEW).status_code == 403


def test_the_list_costs_the_same_however_long(admin: Room) -> None:
    def count() -> int:
        admin.get(TYPES)
        with CaptureQueriesContext(connection) as queries:
            admin.get(TYPES)
        return len(queries)

    few = count()
    for number in range(10):
        make_kind(admin.context, f"Kind {number}")
    assert count() == few


def test_reasons_are_kept_and_deleted(room: Room) -> None:
    path = "/dashboard/submissions/reasons/"
    room.post(path, {"outcome": "rejected", "text": "Too <late>."})
    page = room.page(path)
    assert "Too &lt;late&gt;." in page
    assert room.post(path, {"outcome": "rejected", "text": ""}).status_code == 422
    remove = page.split('action="/dashboard/submissions/reasons/')[1].split('"')[0]
    room.post(f"{path}{remove}")
    assert "Too &lt;late&gt;." not in room.browser.on(ACME).get(path).content.decode()
