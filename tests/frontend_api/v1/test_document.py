"""The OpenAPI document and its page: whole, valid, with words and examples for every operation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema

from frontend_api.v1 import limits
from frontend_api.v1.access import EVERYBODY, OPERATIONS, SIGNED_IN
from frontend_api.v1.schema import get_document
from tenants.permissions import Role, may
from tests.frontend_api.hosts import ACME, BASE, Browser
from tests.frontend_api.v1.asking import Api

METHODS = ("get", "post", "put", "patch", "delete")


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, found)
        for path, methods in get_document()["paths"].items()
        for method, found in methods.items()
        if method in METHODS
    ]


def test_the_document_is_valid_and_made_without_a_warning() -> None:
    GENERATOR_STATS.reset()
    get_document.cache_clear()
    validate_schema(get_document())
    assert not GENERATOR_STATS._warn_cache, GENERATOR_STATS._warn_cache
    assert not GENERATOR_STATS._error_cache, GENERATOR_STATS._error_cache


def test_every_operation_stands_in_the_table_and_the_other_way_round() -> None:
    named = [found["operationId"] for _, _, found in operations()]
    assert sorted(named) == sorted(OPERATIONS)


def test_every_method_of_every_view_is_declared() -> None:
    from frontend_api.v1.urls import OPERATIONS as PATTERNS

    for pattern in PATTERNS:
        view: Any = pattern.callback.view_class  # type: ignore[attr-defined]
        for method in METHODS:
            if hasattr(view, method):
                assert hasattr(getattr(view, method), "operation"), f"{view.__name__}.{method}"


def test_every_operation_has_words_tag_and_examples() -> None:
    for path, method, found in operations():
        name = f"{method} {path}"
        assert 5 < len(found["summary"]) < 70, name
        assert len(found["description"]) > 30, name
        assert len(found["tags"]) == 1, name
        assert "Open to:" in found["description"], name
        status = next(code for code in found["responses"] if code.startswith("2"))
        answer = found["responses"][status].get("content", {}).get("application/json")
        assert status == "204" or answer["examples"], name
        body = found.get("requestBody")
        if body is not None:
            assert body["content"].get("application/json", {"examples": True})["examples"], name
        for line in found.get("parameters", []):
            assert line.get("description") or line["in"] == "path", f"{name}: {line['name']}"


def test_every_example_is_what_its_schema_says() -> None:
    from jsonschema import Draft202012Validator

    document = get_document()
    for path, method, found in operations():
        contents = [found.get("requestBody", {}), *found["responses"].values()]
        for content in contents:
            media = content.get("content", {}).get("application/json")
            for example in (media or {}).get("examples", {}).values():
                schema = {**media["schema"], "components": document["components"]}
                problems = list(Draft202012Validator(_nullable(schema)).iter_errors(example["value"]))
                assert not problems, f"{method} {path}: {problems[0].message}"


def _nullable(schema: Any) -> Any:
    """OpenAPI 3.0's `nullable` as JSON Schema knows it."""
    if isinstance(schema, list):
        return [_nullable(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _nullable(inner) for name, inner in schema.items() if name != "nullable"}
    return {"anyOf": [made, {"type": "null"}]} if schema.get("nullable") is True else made


def test_errors_are_problems_throughout() -> None:
    for path, method, found in operations():
        for status, answer in found["responses"].items():
            assert "RateLimit-Remaining" in answer["headers"]
            if not status.startswith("2") and status != "304":
                assert list(answer["content"]) == ["application/problem+json"], f"{method} {path} {status}"


def test_every_post_that_writes_takes_an_idempotency_key() -> None:
    exempt = {"sign_in", "refresh", "sign_out"}  # their tokens are their own guard
    for path, method, found in operations():
        if method != "post" or found["operationId"] in exempt or "dry_run" in found["operationId"]:
            continue
        names = [line["name"] for line in found["parameters"]]
        assert "Idempotency-Key" in names or found["operationId"].startswith("preview_"), path


@pytest.mark.parametrize("host", [ACME, BASE])
def test_the_pages_show_every_operation_and_need_no_login(pages: Browser, host: str) -> None:
    page = pages.on(host).get("/api/v1/")
    assert page.status_code == 200
    text = page.content.decode()
    for _, _, found in operations():
        assert f'id="{found["operationId"]}"' in text
    assert not re.search(
        r"<script>|style=|(src|href)=.https?:", text
    )  # our own policy lets nothing else through
    assert pages.on(host).get("/api/v1/openapi.json").json()["openapi"].startswith("3.")


def test_an_example_is_a_part_of_the_page_and_a_page_of_its_own(pages: Browser) -> None:
    for _, _, found in list(operations())[::20]:
        part = pages.on(ACME).get(
            f"/api/v1/operations/{found['operationId']}", headers={"HX-Request": "true"}
        )
        assert part.status_code == 200
        assert part.content.startswith(b"<pre")
    whole = pages.on(ACME).get("/api/v1/operations/send_activity")
    assert "<h1>Report an activity</h1>" in whole.content.decode()
    assert pages.on(ACME).get("/api/v1/operations/nothing").status_code == 404


def test_operations_are_tried_at_the_communitys_own_address(pages: Browser) -> None:
    assert 'id="try-key"' in pages.on(ACME).get("/api/v1/").content.decode()
    ours = pages.on(BASE).get("/api/v1/").content.decode()
    assert 'id="try-key"' not in ours
    assert "own address" in ours


def test_the_pages_weight_is_bounded(pages: Browser) -> None:
    assert len(pages.on(ACME).get("/api/v1/").content) < 300_000


def test_the_short_reference_lists_what_there_is() -> None:
    written = {
        line.split("|")[1].strip(" `"): line.split("|")[3].strip()
        for line in (Path(__file__).parents[3] / "ops" / "api.md").read_text().splitlines()
        if line.startswith("| `")
    }
    found = {
        f"{method.upper()} {path}": OPERATIONS[operation["operationId"]].words
        for path, method, operation in operations()
    }
    assert written == found


@pytest.mark.parametrize(
    ("who", "role"),
    [
        ("", Role.STRANGER),
        ("globex-owner", Role.STRANGER),
        ("acme-stranger", Role.STRANGER),
        ("acme-moderator", Role.MODERATOR),
        ("acme-owner", Role.OWNER),
    ],
)
def test_every_address_keeps_to_its_row(
    api: Api, who: str, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked with nothing in hand: who may is let in as far as “that is wrong” or “that is not there”, others are not."""
    for kind in limits.POLICIES:  # there are more addresses than a stranger may ask at once
        monkeypatch.setitem(limits.POLICIES, kind, limits.Policy(burst=1_000_000, per_second=100_000))
    asking = api.as_person(who).on(ACME) if who else api
    for path, method, found in operations():
        action = OPERATIONS[found["operationId"]].action
        if found["operationId"] == "end_session":
            continue  # of somebody else's: tests/frontend_api/v1/test_tokens.py
        address = re.sub(r"\{\w+\}", "1", path)
        status = asking.ask(method.upper(), address, {} if method != "get" else None).status_code
        if action == EVERYBODY or (action == SIGNED_IN and who):
            assert status not in {401, 403}, (path, status)
        elif action == SIGNED_IN:
            assert status == 401, (path, status)
        elif may(role, action):
            assert status not in {401, 403}, (path, status)
        else:
            assert status == (403 if who else 401), (path, status)
