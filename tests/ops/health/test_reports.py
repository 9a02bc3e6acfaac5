"""Logs and error reports carry the tenant, and nobody's personal data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
import structlog
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from ops.health.sentry import init_sentry, scrub_breadcrumb
from tenants.context import TenantContext, enter_tenant
from tests.stack import TestStack


def _log_lines(code: str, test_stack: TestStack) -> list[dict[str, Any]]:
    """What a process of its own, with production's log format, writes while it runs `code`."""
    code = "import django, logging, structlog\ndjango.setup()\n" + code
    environment = os.environ | test_stack.environment()
    environment |= {"DJANGO_SETTINGS_MODULE": "saas.settings.dev", "LOG_FORMAT": "json", "LOG_LEVEL": "INFO"}
    answer = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout == ""
    return [json.loads(line) for line in answer.stderr.splitlines()]


def test_each_line_is_json_with_what_was_bound(acme: TenantContext, test_stack: TestStack) -> None:
    first, second, third = _log_lines(
        """
from tenants.context import TenantContext, enter_tenant
from tests.stack import TestStack
from tenants.models import Tenant
acme = TenantContext.of(Tenant.objects.get(slug="acme"))
with structlog.contextvars.bound_contextvars(shard=1, activity="discord:message:5"), enter_tenant(acme):
    structlog.get_logger("ingest").info("booked", entries=2)
    logging.getLogger("plain").warning("late by %s s", 3)
structlog.get_logger("ingest").info("idle")
""",
        test_stack,
    )
    assert first == first | {
        "event": "booked", "entries": 2, "tenant": acme.schema, "shard": 1, "activity": "discord:message:5",
        "level": "info", "logger": "ingest",
    }  # fmt: skip
    assert (second["event"], second["tenant"], second["level"]) == ("late by 3 s", acme.schema, "warning")
    assert "tenant" not in third


def test_exception_is_one_json_object_without_the_values_of_variables(test_stack: TestStack) -> None:
    (line,) = _log_lines(
        """
def fail():
    mail = "".join(["ada@", "example.com"])
    raise ValueError("no such rule")
try:
    fail()
except ValueError:
    structlog.get_logger("rules").exception("failed")
""",
        test_stack,
    )
    said = json.dumps(line["exception"])
    assert "no such rule" in said
    assert "ada@example.com" not in said


class _Kept(Transport):
    """Sentry's own seam for what would be sent."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        event = envelope.get_event()
        if event:
            self.events.append(dict(event))


@pytest.fixture
def sent() -> Iterator[list[dict[str, Any]]]:
    kept = _Kept()
    init_sentry("https://key@sentry.example/1", release="r1", environment="test")
    client = sentry_sdk.get_client()
    client.transport = kept
    yield kept.events
    sentry_sdk.get_global_scope().set_client(None)


@pytest.mark.usefixtures("db")
def test_report_names_the_tenant_and_no_person(sent: list[dict[str, Any]], acme: TenantContext) -> None:
    secret = "ada@example.com"
    with sentry_sdk.new_scope() as scope:
        scope.set_user({"id": "7", "email": secret, "ip_address": ".".join(["10", "1", "2", "3"])})
        with structlog.contextvars.bound_contextvars(shard=1), enter_tenant(acme):
            try:
                mail = secret
                raise ValueError(f"failed for {len(mail)} letters")
            except ValueError as error:
                sentry_sdk.capture_exception(error)
    (event,) = sent
    assert event["tags"] == {"tenant": acme.schema, "shard": "1"}
    assert event["release"] == "r1"
    said = json.dumps(event, default=str)
    assert "failed for 15 letters" in said
    # The source line that raised is sent; the values of variables, the person and the machine are not.
    assert '"email"' not in said
    assert "10.1.2.3" not in said
    assert not any(
        "vars" in frame for value in event["exception"]["values"] for frame in value["stacktrace"]["frames"]
    )


def test_breadcrumbs_keep_no_data() -> None:
    assert scrub_breadcrumb({"category": "query", "message": "SELECT 1"}, {}) is None
    kept = scrub_breadcrumb({"category": "httplib", "data": {"http.query": "email=ada"}}, {})
    assert kept == {"category": "httplib"}


def test_without_an_address_nothing_is_reported() -> None:
    init_sentry("", release="", environment="")
    assert not sentry_sdk.get_client().is_active()
