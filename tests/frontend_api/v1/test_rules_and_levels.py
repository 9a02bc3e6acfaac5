"""Rules and levels: made, changed with an eye on what stands there, tried out, previewed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engagement.audit.models import AuditEntry
from tenants.context import TenantContext, enter_tenant
from tests.frontend_api.givers import give
from tests.frontend_api.hosts import GLOBEX
from tests.frontend_api.v1.asking import Api, code_of, issue

DEFINITION: dict[str, Any] = {"triggers": ["lesson_completed"], "amount": 20}
ADA = 810_000_000_000_000_001


@pytest.fixture
def author(key_of: Callable[..., Api]) -> Api:
    return key_of("rules:read", "rules:write", "levels:read", "levels:write")


def make(author: Api, key: str = "lessons") -> Any:
    return author.post("rules", {"key": key, "name": "Lessons", "definition": DEFINITION})


def test_a_rule_is_made_and_read(author: Api) -> None:
    made = make(author)
    assert (made.status_code, made["Location"]) == (201, "/api/v1/rules/lessons")
    read = author.get(made["Location"])
    assert read.json() == made.json()
    assert read["ETag"] == made["ETag"]
    assert read.json()["changed_by"] == "test"
    assert code_of(make(author)) == "rule_key_taken"
    seen = author.get("rules/lessons", if_none_match=read["ETag"])
    assert (seen.status_code, seen.content) == (304, b"")


@pytest.mark.parametrize(
    ("definition", "field"),
    [
        ({}, "triggers"),
        ({"triggers": ["message"], "amount": 0}, "amount"),
        ({"triggers": ["message_deleted"], "amount": 1}, "triggers"),
        ({**DEFINITION, "cooldown_seconds": -1}, "cooldown_seconds"),
        ({**DEFINITION, "condition": {"field": "nothing", "is": "==", "value": 1}}, "condition"),
        ({**DEFINITION, "wings": 2}, "wings"),
    ],
)
def test_a_rule_that_does_not_hold_is_named(author: Api, definition: dict[str, Any], field: str) -> None:
    answer = author.post("rules", {"key": "bad", "name": "Bad", "definition": definition})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] in {field, "amount"}


def test_a_change_is_a_new_version(author: Api) -> None:
    etag = make(author)["ETag"]
    changed = author.patch("rules/lessons", {"definition": {**DEFINITION, "amount": 25}}, if_match=etag)
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    off = author.patch("rules/lessons", {"enabled": False}, if_match=changed["ETag"])
    assert (off.json()["enabled"], off.json()["version"]) == (False, 2)
    assert off["ETag"] != changed["ETag"]
    versions = author.get("rules/lessons/versions").json()["items"]
    assert [version["number"] for version in versions] == [2, 1]


def test_the_second_editor_sees_the_difference(author: Api) -> None:
    etag = make(author)["ETag"]
    author.patch("rules/lessons", {"definition": {**DEFINITION, "amount": 25}}, if_match=etag)
    late = author.patch("rules/lessons", {"definition": {**DEFINITION, "amount": 30}}, if_match=etag)
    assert (late.status_code, code_of(late)) == (412, "changed_meanwhile")
    assert late.json()["current"]["version"] == 2
    (line,) = late.json()["differences"]
    assert ("20" in line["yours"], "25" in line["current"]) == (True, True)
    assert author.get("rules/lessons").json()["definition"]["amount"] == 25
    forced = author.patch("rules/lessons", {"definition": {**DEFINITION, "amount": 30}}, if_match="*")
    assert forced.json()["version"] == 3


def test_a_change_needs_the_version_that_was_read(author: Api) -> None:
    make(author)
    answer = author.patch("rules/lessons", {"name": "x"})
    assert (answer.status_code, code_of(answer)) == (428, "if_match_needed")
    assert code_of(author.patch("rules/lessons", {"name": "x"}, if_match='"9.10"')) == "changed_meanwhile"


def test_an_archived_rule_stays_readable(author: Api) -> None:
    make(author)
    for _ in range(2):
        assert author.delete("rules/lessons").status_code == 204
    assert "lessons" not in [rule["key"] for rule in author.get("rules").json()["items"]]
    assert author.get("rules?archived=true").json()["items"][-1]["archived"]
    assert code_of(author.patch("rules/lessons", {"name": "x"}, if_match="*")) == "rule_archived"


def test_rules_are_paged_in_their_order(author: Api) -> None:
    for number in range(5):
        make(author, f"lesson_{number}")
    seen, cursor = [], ""
    while True:
        page = author.get(f"rules?limit=2{cursor and '&cursor='}{cursor}").json()
        seen += [rule["key"] for rule in page["items"]]
        cursor = page["next_cursor"] or ""
        if not cursor:
            break
    assert [key for key in seen if key.startswith("lesson_")] == [f"lesson_{number}" for number in range(5)]
    assert len(seen) == len(set(seen))


def test_a_rule_is_tried_on_an_imagined_activity(author: Api) -> None:
    tried = author.post("rules/dry-run", {"definition": DEFINITION, "activity": {"type": "lesson_completed"}})
    assert tried.json() == {"low": 20, "high": 20, "reason": ""}
    other = author.post("rules/dry-run", {"definition": DEFINITION, "activity": {"type": "message"}})
    assert other.json() == {"low": 0, "high": 0, "reason": "the rule does not reward that"}


def test_another_communitys_rule_is_a_404(author: Api, globex: TenantContext) -> None:
    make(author)
    theirs = Api(issue(globex, "rules:read", "rules:write"), GLOBEX)
    for answer in (theirs.get("rules/lessons"), theirs.patch("rules/lessons", {"name": "x"}, if_match="*")):
        assert (answer.status_code, code_of(answer)) == (404, "rule_not_found")


def test_a_refusal_changes_nothing_and_is_noted(
    author: Api, person: Callable[[str], Api], acme: TenantContext
) -> None:
    moderator = person("acme-moderator")
    assert code_of(make(moderator)) == "not_permitted"
    with enter_tenant(acme):
        entry = AuditEntry.objects.latest("pk")
    assert (entry.outcome, entry.target_id, entry.via) == ("denied", "change_rules", "rest")
    assert code_of(author.get("rules/lessons")) == "rule_not_found"


# --- levels ---


def test_levels_are_read_by_everybody_and_changed_by_admins(
    author: Api, api: Api, acme: TenantContext
) -> None:
    give(acme, ADA, "Ada", 1_000)
    read = api.get("levels?upto=2")
    assert [line["begins_at"] for line in read.json()["levels"]] == [0, 100, 255]
    preview = author.post("levels/preview", {"kind": "linear", "parameters": {"step": 500}})
    assert (preview.json()["members"], preview.json()["fall"]) == (1, 1)
    change = {"kind": "linear", "parameters": {"step": 500}, "names": {"2": "Regular"}}
    changed = author.patch("levels", change, if_match=read["ETag"])
    assert changed.json()["levels"][2] == {"level": 2, "begins_at": 1000, "name": "Regular"}
    late = author.patch("levels", {"names": {"2": "Other"}}, if_match=read["ETag"])
    assert (late.status_code, late.json()["current"]["names"]["2"]) == (412, "Regular")
    unnamed = author.patch("levels", {"names": {"2": ""}}, if_match=changed["ETag"])
    assert "2" not in unnamed.json()["names"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "linear", "parameters": {"step": 0}}, "invalid_curve"),
        ({"kind": "linear"}, "invalid_input"),
        ({"kind": "steep", "parameters": {}}, "invalid_input"),
        ({"names": {"x": "y"}}, "invalid_input"),
        ({"names": {"9999": "y"}}, "invalid_level_name"),
    ],
)
def test_levels_that_do_not_hold_change_nothing(author: Api, change: dict[str, Any], code: str) -> None:
    before = author.get("levels")
    assert code_of(author.patch("levels", change, if_match=before["ETag"])) == code
    assert author.get("levels")["ETag"] == before["ETag"]


def test_a_bad_name_takes_the_curve_back_too(author: Api) -> None:
    before = author.get("levels")
    change = {"kind": "linear", "parameters": {"step": 500}, "names": {"9999": "x"}}
    assert code_of(author.patch("levels", change, if_match="*")) == "invalid_level_name"
    assert author.get("levels").json() == before.json()


# --- boards ---


def test_boards_are_paged_and_found_around_somebody(api: Api, acme: TenantContext) -> None:
    ids = [give(acme, ADA + number, f"Person {number}", 100 - number) for number in range(25)]
    first = api.get("leaderboards/all?limit=10").json()
    assert (first["total"], first["items"][0]["name"]) == (25, "Person 0")
    second = api.get(f"leaderboards/all?limit=10&cursor={first['next_cursor']}").json()
    assert second["items"][0]["rank"] == 11
    around = api.get(f"leaderboards/all/around?member={ids[12]}&radius=2").json()
    assert [line["rank"] for line in around["items"]] == [11, 12, 13, 14, 15]
    assert around["rank"] == 13


def test_hidden_members_are_found_by_the_team_alone(
    api: Api, key_of: Callable[..., Api], acme: TenantContext
) -> None:
    from tests.frontend_api.givers import hide

    member_id = give(acme, ADA, "Ada", 100)
    hide(acme, member_id)
    path = f"leaderboards/all/around?member={member_id}"
    there, nowhere = api.get(path).json(), api.get("leaderboards/all/around?member=999999").json()
    assert there | {"reference": ""} == nowhere | {"reference": ""}
    assert there["code"] == "member_not_found"
    assert key_of("members:read").get(path).json()["rank"] is None
    assert code_of(api.get("leaderboards/all/around")) == "invalid_input"
