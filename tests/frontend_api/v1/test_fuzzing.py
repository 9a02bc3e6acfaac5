"""Requests made from the OpenAPI document by schemathesis: no failure of ours, and every answer is what the document says.

As an owner, as a key with every scope, as a key with the least, and as nobody. Made in the same way each time, and few of each;
`make faults` makes many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from frontend_api.v1 import limits
from tenants.context import TenantContext
from tenants.scopes import SCOPES
from tests.frontend_api.givers import give
from tests.frontend_api.hosts import ACME
from tests.frontend_api.v1.asking import PROBLEM, Api, issue

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture
def generous(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in limits.POLICIES:
        monkeypatch.setitem(limits.POLICIES, kind, limits.Policy(burst=1_000_000, per_second=100_000))


@contextmanager
def one_connection() -> Iterator[None]:
    """The whole test is one transaction, as with Django's own test client, which connects these again after each request:
    requests do not close its connection."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def token_of(
    generous: None, api: Api, person: Callable[[str], Api], acme: TenantContext
) -> Callable[[str], str]:
    """Something is there for numbers that happen to be right."""
    for number in range(1, 4):
        give(acme, 810_000_000_000_000_000 + number, f"Person {number}", 100 * number)
    return lambda who: {
        "owner": lambda: person("acme-owner").token,
        "key": lambda: issue(acme, *SCOPES),
        "least": lambda: issue(acme, "leaderboards:read"),
        "nobody": lambda: "",
    }[who]()


@pytest.mark.parametrize(
    ("who", "examples"),
    [
        ("owner", 2),
        ("key", 1),
        ("least", 1),
        ("nobody", 1),
        *(
            pytest.param(who, 25, marks=[pytest.mark.faults, pytest.mark.timeout(3_600)])
            for who in ("owner", "key", "least", "nobody")
        ),
    ],
)
def test_the_document_holds_for(who: str, examples: int, token_of: Callable[[str], str]) -> None:
    headers = {"Host": ACME, "Accept-Encoding": "identity"}
    token = token_of(who)
    if token:
        headers["Authorization"] = f"Bearer {token}"
    with one_connection():
        tried, problems = _fuzz_all(headers, examples)
    assert not problems, "\n\n".join(problems)
    assert tried > 40


def _fuzz_all(headers: dict[str, str], examples: int) -> tuple[int, list[str]]:
    tried, problems = 0, []
    for operation in _operations():
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                tried += _fuzz(operation, mode, headers, examples)
            except Unsatisfiable:
                continue  # nothing about it could be wrong
            except (FailureGroup, AssertionError) as error:
                problems.append(f"{operation.label}: {_tell(error)}")
    return tried, problems


def _tell(error: BaseException) -> str:
    inner = getattr(error, "exceptions", ())
    return f"{error} {' '.join(str(one) for one in inner)}"


def _operations() -> list[Any]:

    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", WSGIHandler(), headers={"Host": ACME})
    return [result.ok() for result in schema.get_all_operations()]


def _fuzz(operation: Any, mode: GenerationMode, headers: dict[str, str], examples: int) -> int:
    tried = 0

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        nonlocal tried
        tried += 1
        response = case.call(base_url=f"http://{ACME}", headers=headers)
        case.validate_response(response, checks=CHECKS)
        if response.status_code >= 400 and case.method.upper() != "HEAD":
            assert response.headers["content-type"] == [PROBLEM]
            assert response.json()["status"] == response.status_code

    ask()
    return tried
