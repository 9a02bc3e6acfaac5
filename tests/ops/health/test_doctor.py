"""The doctor, against real servers: each thing that can be wrong is named with its fix."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest

from ops.devstack.postgres import APP_ROLE, OWNER_ROLE
from ops.devstack.redis import RedisServer
from ops.health.doctor import examine
from ops.health.findings import Finding, as_text, is_healthy
from ops.sandbox.discord import Config, LocalDiscordThread
from tests.saas.settings.test_variables import GOOD
from tests.stack import TestStack

Values = dict[str, str]


def _bad(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.subject: finding for finding in findings if finding.state == "bad"}


@pytest.fixture
def values(test_stack: TestStack, django_db_setup: None) -> Values:
    """The test's own servers: all is well but for the stream's durability, which tests do without."""
    return test_stack.environment()


@pytest.fixture
def durable_redis(test_stack: TestStack) -> Iterator[RedisServer]:
    server = RedisServer(test_stack.home, durable=True, name=f"d-{test_stack.worker}")
    server.start()
    yield server
    server.stop()


def test_a_healthy_stack_is_called_healthy(values: Values, durable_redis: RedisServer) -> None:
    findings = examine(values | {"REDIS_STREAM_URL": durable_redis.address(1)}, production=False)
    assert is_healthy(findings), as_text(findings)
    assert "the ledger" in {finding.subject for finding in findings}


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("appendonly", "no", "a restart loses"),
        ("appendfsync", "everysec", "a crash loses"),
        ("maxmemory-policy", "allkeys-lru", "throws activities away"),
    ],
)
def test_stream_that_can_lose_activities_is_named(
    values: Values, durable_redis: RedisServer, setting: str, value: str, says: str
) -> None:
    with durable_redis.client() as client:
        client.config_set(setting, value)
    finding = _bad(examine(values | {"REDIS_STREAM_URL": durable_redis.address(1)}, production=False))[
        "REDIS_STREAM_URL"
    ]
    assert says in finding.problem
    assert f"CONFIG SET {setting}" in finding.fix


@pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "REDIS_STREAM_URL"])
def test_server_that_is_away_is_named(values: Values, name: str) -> None:
    away = (
        "unix:///nowhere/redis.sock" if "REDIS" in name else "postgresql://engagehub_app@/hub?host=/nowhere"
    )
    finding = _bad(examine(values | {name: away}, production=False))[name]
    assert "cannot be reached" in finding.problem
    assert finding.fix


def test_database_that_does_not_exist_is_named(values: Values, test_stack: TestStack) -> None:
    finding = _bad(
        examine(values | {"DATABASE_URL": test_stack.postgres.address(APP_ROLE, "nothing")}, production=False)
    )
    assert "does not exist" in finding["DATABASE_URL"].problem


def test_superuser_as_the_app_is_refused(values: Values, test_stack: TestStack) -> None:
    address = test_stack.postgres.address("postgres", test_stack.database)
    assert (
        "superuser"
        in _bad(examine(values | {"DATABASE_URL": address}, production=False))["DATABASE_URL"].problem
    )


def test_owner_as_the_app_is_refused(values: Values) -> None:
    findings = _bad(examine(values | {"DATABASE_URL": values["DATABASE_OWNER_URL"]}, production=False))
    assert f"{OWNER_ROLE}, which owns" in findings["DATABASE_URL"].problem
    assert "same role" in findings["DATABASE_OWNER_URL"].problem


def test_owner_who_may_not_create_schemas_is_named(values: Values, test_stack: TestStack) -> None:
    with test_stack.postgres.connect() as connection:
        connection.execute("DROP ROLE IF EXISTS idle_role")
        connection.execute("CREATE ROLE idle_role LOGIN")
        address = test_stack.postgres.address("idle_role", test_stack.database)
        finding = _bad(examine(values | {"DATABASE_OWNER_URL": address}, production=False))[
            "DATABASE_OWNER_URL"
        ]
        connection.execute("DROP ROLE idle_role")
    assert "may not create schemas" in finding.problem


def test_app_role_that_may_rewrite_an_append_only_table_is_named(
    values: Values, test_stack: TestStack, committed_db: None
) -> None:
    with psycopg.connect(values["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute("CREATE SCHEMA t_loose")
        owner.execute("CREATE TABLE t_loose.ledger_entry (id int)")
        owner.execute(f"GRANT USAGE ON SCHEMA t_loose TO {APP_ROLE}")
        owner.execute(f"GRANT SELECT, INSERT, DELETE ON t_loose.ledger_entry TO {APP_ROLE}")
    finding = _bad(examine(values, production=False))["the app's role"]
    assert "t_loose.ledger_entry" in finding.problem
    assert "REVOKE" in finding.fix


def test_mail_server_that_is_away_is_named(values: Values) -> None:
    assert "EMAIL_URL" in _bad(examine(values | {"EMAIL_URL": "smtp://127.0.0.1:1"}, production=False))


def test_discord_that_is_away_is_named(values: Values) -> None:
    more = {"DISCORD_BOT_TOKEN": "token", "DISCORD_API_URL": "http://127.0.0.1:1/api/v10"}
    assert "cannot be reached" in _bad(examine(values | more, production=False))["DISCORD_API_URL"].problem


@pytest.fixture(scope="module")
def local_discord() -> Iterator[Values]:
    with LocalDiscordThread(Config()) as running:
        discord = running.discord
        yield {
            "DISCORD_API_URL": discord.api_url,
            "DISCORD_BOT_TOKEN": discord.config.bot_token,
            "DISCORD_CLIENT_ID": str(discord.config.client_id),
        }


def test_bot_of_the_token_is_named(values: Values, local_discord: Values) -> None:
    findings = examine(values | local_discord, production=False)
    assert "the bot is EngageHub" in as_text(findings)
    assert not {"DISCORD_BOT_TOKEN", "DISCORD_CLIENT_ID", "DISCORD_API_URL"} & set(_bad(findings))


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("DISCORD_BOT_TOKEN", "stolen", "not accepted"),
        ("DISCORD_CLIENT_ID", "1100000000000000009", "the token belongs to the application"),
        ("DISCORD_API_URL", "/nothing/here", "answers 404"),
    ],
)
def test_discord_that_refuses_is_named(
    values: Values, local_discord: Values, name: str, value: str, says: str
) -> None:
    wrong = local_discord["DISCORD_API_URL"] + value if value.startswith("/") else value
    assert says in _bad(examine(values | local_discord | {name: wrong}, production=False))[name].problem


def test_local_base_domain_is_refused_in_production(values: Values) -> None:
    findings = _bad(examine(GOOD | values | {"BASE_DOMAIN": "localhost", "EMAIL_URL": ""}, production=True))
    assert "only this machine knows" in findings["BASE_DOMAIN"].problem
    assert "EMAIL_URL" in findings


def _doctor(environment: Values, *arguments: str) -> subprocess.CompletedProcess[str]:
    # PATH and the like, but nothing of this test's own configuration.
    base = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env=base | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_doctor_speaks_when_the_settings_cannot_be_loaded() -> None:
    answer = _doctor(
        GOOD | {"DJANGO_SETTINGS_MODULE": "saas.settings.production", "FIELD_KEYS": "?"},
        "doctor",
        "--json",
        "--offline",
    )
    assert answer.returncode == 1
    findings = {finding["subject"]: finding for finding in json.loads(answer.stdout)["findings"]}
    assert findings["FIELD_KEYS"]["state"] == "bad"
    assert findings["SECRET_KEY"]["state"] == "ok"
    assert "Traceback" not in answer.stderr


def test_other_commands_name_every_bad_variable_without_a_traceback() -> None:
    answer = _doctor({"SECRET_KEY": "x", "LOG_LEVEL": "loud"}, "check")
    assert answer.returncode == 1
    assert "SECRET_KEY: has only 1 characters." in answer.stderr
    assert "LOG_LEVEL: is 'loud'." in answer.stderr
    assert "Traceback" not in answer.stderr


def test_doctor_command_judges_a_right_environment(values: Values, durable_redis: RedisServer) -> None:
    answer = _doctor(values | {"REDIS_STREAM_URL": durable_redis.address(1)}, "doctor")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "✓ migrations: are all applied." in answer.stdout
    assert "Nothing to mend" in answer.stdout
