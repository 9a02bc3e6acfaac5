"""Asks the API as somebody, and holds every answer against what all of them must be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from django.test import Client

from tests.frontend_api.hosts import ACME, BASE, PASSWORD

if TYPE_CHECKING:
    from tenants.context import TenantContext

PROBLEM = "application/problem+json"


def issue(tenant: TenantContext, *scopes: str) -> str:
    """The text of a fresh key."""
    from tenants.api_keys import issue_api_key

    issued = issue_api_key(tenant_id=tenant.tenant_id, name="test", scopes=scopes, created_by=None)
    return issued.token


class Api:
    """One who asks. Answers are Django's, with `.json()`."""

    def __init__(self, token: str = "", host: str = ACME) -> None:
        self.token = token
        self.host = host

    def on(self, host: str) -> Api:
        return Api(self.token, host)

    def as_person(self, username: str, host: str = BASE) -> Api:
        answer = Api(host=host).post("auth/login", {"name": username, "password": PASSWORD})
        assert answer.status_code == 200, answer.content
        return Api(answer.json()["access"], self.host)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        client = Client(headers={"host": self.host}, raise_request_exception=False)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            given.setdefault("authorization", f"Bearer {self.token}")
        address = path if path.startswith("/") else f"/api/v1/{path}"
        answer = client.generic(
            method,
            address,
            body if isinstance(body, bytes | str) else b"" if body is None else _json(body),
            content_type=given.pop("content-type", "application/json"),
            headers=given,
        )
        check(answer)
        return answer

    def get(self, path: str, **headers: str) -> Any:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.ask("POST", path, {} if body is None else body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        return self.ask("PATCH", path, body, **headers)

    def put(self, path: str, body: Any, **headers: str) -> Any:
        return self.ask("PUT", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.ask("DELETE", path, **headers)


def check(answer: Any) -> None:
    """Errors are problems, and no answer sets a cookie."""
    assert not answer.cookies
    if answer.status_code >= 400 and answer.request["REQUEST_METHOD"] != "HEAD":
        assert answer["Content-Type"] == PROBLEM, answer.content
        problem = answer.json()
        assert problem["status"] == answer.status_code
        assert problem["type"].endswith(f"/api/v1/problems/{problem['code']}")
        assert problem["title"]
        assert problem["detail"]
        assert len(problem["reference"]) == 4


def code_of(answer: Any) -> str:
    return str(answer.json().get("code", ""))


def _json(body: Any) -> bytes:
    return orjson.dumps(body)
