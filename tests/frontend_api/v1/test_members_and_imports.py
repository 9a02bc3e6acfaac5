"""Members: listed, registered, changed, deleted, restored. Imports: from the file to undone, by requests alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext

from engagement.imports.applying import work_on_import
from engagement.imports.services import read_import
from engagement.members.models import Member
from tenants.context import TenantContext, enter_tenant
from tests.frontend_api.givers import give, hide, rename
from tests.frontend_api.hosts import GLOBEX
from tests.frontend_api.v1.asking import Api, code_of, issue

ADA = 810_000_000_000_000_001


@pytest.fixture
def clerk(key_of: Callable[..., Api]) -> Api:
    return key_of("members:read", "members:write")


def names(answer: Any) -> list[str]:
    return [line["name"] for line in answer.json()["items"]]


def test_members_are_searched_filtered_and_ordered(clerk: Api, acme: TenantContext) -> None:
    for number, name in enumerate(("Ada Lovelace", "Grace Hopper", "Alan Turing")):
        give(acme, ADA + number, name, 300 - number * 100)
    assert names(clerk.get("members")) == ["Ada Lovelace", "Grace Hopper", "Alan Turing"]
    assert names(clerk.get("members?order=name")) == ["Ada Lovelace", "Alan Turing", "Grace Hopper"]
    assert names(clerk.get("members?search=hop")) == ["Grace Hopper"]
    assert names(clerk.get(f"members?search={ADA + 2}")) == ["Alan Turing"]
    assert names(clerk.get("members?min_points=200&order=points")) == ["Grace Hopper", "Ada Lovelace"]
    assert names(clerk.get("members?state=left&state=bot")) == []
    assert names(clerk.get("members?has_login=true")) == []
    assert names(clerk.get("members?joined_since=2999-01-01")) == []


@pytest.mark.parametrize("order", ["name", "-points", "level", "-joined", "active"])
def test_every_order_is_paged_whole(clerk: Api, acme: TenantContext, order: str) -> None:
    for number in range(7):
        give(acme, ADA + number, f"Same {number % 3}", 50)
    seen, cursor = [], ""
    while True:
        page = clerk.get(f"members?order={order}&limit=3{cursor and '&cursor='}{cursor}").json()
        seen += [line["id"] for line in page["items"]]
        cursor = page["next_cursor"] or ""
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 7
    assert code_of(clerk.get(f"members?order={order}&cursor=WzEuNSwxXQ")) == "bad_cursor"


def test_the_list_costs_the_same_queries_however_many_there_are(clerk: Api, acme: TenantContext) -> None:
    from django.db import connection

    from engagement.ledger.statements import ledger_unit
    from engagement.progression.newcomers import Newcomer, create_members

    clerk.get("members")

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert clerk.get("members?limit=10").status_code == 200
        return len(queries)

    def add(first: int, many: int) -> None:
        with enter_tenant(acme), ledger_unit() as (run, schema):
            people = [
                Newcomer("discord", str(ADA + n), f"P {n}", "", None, False, [])
                for n in range(first, first + many)
            ]
            create_members(run, schema, people)

    add(0, 10)
    few = count()
    add(100, 10_000)
    assert count() == few


def test_a_member_is_registered_changed_deleted_and_restored(
    clerk: Api, person: Callable[[str], Api]
) -> None:
    made = clerk.post("members", {"name": "Grace", "email": "grace@example.org"})
    assert made.status_code == 201
    path = made["Location"]
    assert clerk.get(path).json() == made.json()
    assert clerk.get(path)["ETag"] == made["ETag"]
    changed = clerk.patch(path, {"note": "Mentor"}, if_match=made["ETag"])
    assert (changed.json()["note"], changed.json()["email"]) == ("Mentor", "grace@example.org")
    late = clerk.patch(path, {"note": "Other"}, if_match=made["ETag"])
    assert (late.status_code, late.json()["current"]["note"]) == (412, "Mentor")
    assert code_of(clerk.patch(path, {"note": "x"})) == "if_match_needed"
    assert code_of(clerk.delete(path)) == "people_only"
    assert code_of(person("acme-moderator").delete(path)) == "not_permitted"
    owner = person("acme-owner")
    for _ in range(2):
        assert owner.delete(path).status_code == 204
    assert code_of(clerk.get(path)) == "member_not_found"
    assert owner.post(f"{path}/restore").json()["note"] == "Mentor"
    assert clerk.get(path).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"email": "nobody"},
        {"type_id": 999},
        {"note": "x" * 501},
        {"shoe": 1},
    ],
)
def test_what_makes_no_member_is_refused(clerk: Api, change: dict[str, Any]) -> None:
    answer = clerk.post("members", {"name": "Grace"} | change)
    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_hidden_and_aliased_members_are_shown_to_the_team_as_such(clerk: Api, acme: TenantContext) -> None:
    hidden, aliased = give(acme, ADA, "Ada", 10), give(acme, ADA + 1, "Grace", 20)
    hide(acme, hidden)
    rename(acme, aliased, "The Admiral")
    told = {line["id"]: line for line in clerk.get("members").json()["items"]}
    assert (told[hidden]["visibility"], told[aliased]["alias"]) == ("hidden", "The Admiral")
    assert clerk.get(f"members/{hidden}").json()["rank"] is None


def test_another_communitys_member_is_a_404_of_the_same_shape(
    clerk: Api, acme: TenantContext, globex: TenantContext
) -> None:
    for number in range(3):
        mine = give(acme, ADA + number, f"P {number}", 10)
    theirs = Api(issue(globex, "members:read", "members:write"), GLOBEX)
    for ask in (
        lambda n: theirs.get(f"members/{n}"),
        lambda n: theirs.patch(f"members/{n}", {"note": "x"}, if_match="*"),
    ):
        there, nowhere = ask(mine).json(), ask(10**12).json()
        there.pop("reference"), nowhere.pop("reference")
        assert there == nowhere
        assert there["code"] == "member_not_found"
    with enter_tenant(acme):
        assert Member.objects.get(pk=mine).note == ""


# --- imports ---


def test_an_import_by_requests_alone(key_of: Callable[..., Api], acme: TenantContext) -> None:
    member_id = give(acme, ADA, "Ada", 100)
    program = key_of("imports:write")
    made = program.post("imports", {"source": "csv"})
    assert (made.status_code, made.json()["state"]) == (201, "empty")
    path = made["Location"]
    table = f"id,name,xp\n{ADA},Ada,5000\n{ADA + 1},Grace,70\nnobody,?,x\n"
    sent = program.ask("PUT", f"{path}/file", table, content_type="application/octet-stream")
    assert (sent.status_code, sent.json()["columns"]) == (200, ["id", "name", "xp"])
    mapped = program.patch(path, {"mapping": {"id": 0, "name": 1, "xp": 2}})
    assert mapped.json()["state"] == "reading"
    import_id = mapped.json()["id"]
    with enter_tenant(acme):
        read_import(import_id=import_id, guild_id=acme.guild_id)
    preview = program.get(path).json()
    assert (preview["state"], preview["rows"], preview["errors"]) == ("ready", 2, 1)
    assert (preview["numbers"]["new"], preview["numbers"]["raised"]) == (1, 1)
    (wrong,) = program.get(f"{path}/lines?kind=error").json()["items"]
    assert wrong["problem"]
    applied = program.post(f"{path}/apply", idempotency_key="once")
    assert (applied.status_code, applied.json()["state"]) == (202, "applying")
    with enter_tenant(acme):
        work_on_import(import_id=import_id, context=acme)
    assert program.get(path).json()["state"] == "applied"
    reader = key_of("members:read")
    assert reader.get(f"members/{member_id}").json()["lifetime"] == 5000
    assert code_of(program.post(f"{path}/cancel")) != ""
    assert program.post(f"{path}/undo").json()["state"] == "undoing"
    with enter_tenant(acme):
        work_on_import(import_id=import_id, context=acme)
    assert reader.get(f"members/{member_id}").json()["lifetime"] == 100
    assert program.get("imports").json()["items"][0]["state"] == "undone"


def test_imports_stay_in_their_community(key_of: Callable[..., Api], globex: TenantContext) -> None:
    program = key_of("imports:write")
    path = program.post("imports", {"source": "csv"})["Location"]
    theirs = Api(issue(globex, "imports:write"), GLOBEX)
    for answer in (theirs.get(path), theirs.post(f"{path}/apply"), theirs.post(f"{path}/cancel")):
        assert (answer.status_code, code_of(answer)) == (404, "import_not_found")
    assert code_of(program.ask("PUT", f"{path}/file", "{}")) == "unsupported_media_type"
    assert code_of(program.post("imports", {"source": "roles"})) == "invalid_input"
