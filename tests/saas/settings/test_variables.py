"""Each variable of the environment: missing, wrong, right."""

from __future__ import annotations

import ast
import base64
from pathlib import Path

import pytest

from saas.settings.env import BadSettingError, Environment
from saas.settings.variables import VARIABLES, find_problems

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
GOOD = {
    "SECRET_KEY": "tD3nYx0bq9Lw-2zRk7VfPc1sUe8HjMa5oGiB6NtQ4yX_ZvKdWr",
    "FIELD_KEYS": KEY,
    "BASE_DOMAIN": "engagehub.example",
    "DATABASE_URL": "postgresql://app:pw@db:5432/hub",
    "DATABASE_OWNER_URL": "postgresql://owner:pw@db:5432/hub",
    "REDIS_URL": "redis://cache:6379/0",
    "REDIS_STREAM_URL": "rediss://stream:6379/0",
    "DISCORD_BOT_TOKEN": "MTA.abc.def",
    "DISCORD_CLIENT_ID": "1100000000000000001",
    "DISCORD_CLIENT_SECRET": "secret",
    "EMAIL_URL": "smtp+tls://user:pw@mail:587",
}
SETTINGS = Path("saas/settings")


def test_a_right_environment_has_no_problems() -> None:
    assert find_problems(GOOD, production=True) == []


def test_at_home_nothing_is_needed() -> None:
    assert find_problems({}, production=False) == []


@pytest.mark.parametrize("name", [variable.name for variable in VARIABLES if variable.needed])
def test_missing_variable_is_named_with_its_fix(name: str) -> None:
    values = {key: value for key, value in GOOD.items() if key != name}
    (problem,) = find_problems(values, production=True)
    assert problem.variable == name
    assert problem.problem == "is not set."
    assert "ops/environment.md" in problem.fix


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SECRET_KEY", "short", "only 5 characters"),
        ("SECRET_KEY", "ab" * 30, "easy to guess"),
        ("FIELD_KEYS", "not/base64!", "not base64"),
        ("FIELD_KEYS", base64.urlsafe_b64encode(b"x" * 16).decode(), "16 bytes instead of 32"),
        ("FIELD_KEYS", f"{KEY},{KEY}", "same key twice"),
        ("BASE_DOMAIN", "https://engagehub.example/", "no host name"),
        ("BASE_DOMAIN", "Engage Hub", "no host name"),
        ("BASE_URL", "engagehub.example", "scheme"),
        ("DATABASE_URL", "mysql://db/hub", "scheme 'mysql'"),
        ("DATABASE_URL", "postgresql://db:5432", "names no database"),
        ("DATABASE_URL", "postgresql://db:port/hub", "no port"),
        ("DATABASE_OWNER_URL", "db/hub", "scheme ''"),
        ("DATABASE_ROLE", "root", "'root'"),
        ("REDIS_URL", "http://cache", "scheme 'http'"),
        ("REDIS_STREAM_URL", "redis://", "names no host"),
        ("ACTIVITY_PARTITIONS", "0", "'0'"),
        ("ACTIVITY_PARTITIONS", "many", "'many'"),
        ("DISCORD_BOT_TOKEN", "Bot MTA.abc", "holds a space"),
        ("DISCORD_CLIENT_ID", "my app", "no Discord id"),
        ("DISCORD_CLIENT_SECRET", "a b", "holds a space"),
        ("DISCORD_API_URL", "discord.com", "scheme"),
        ("DISCORD_WEB_URL", "ftp://discord.com", "scheme 'ftp'"),
        ("EMAIL_URL", "mail:25", "scheme"),
        ("EMAIL_URL", "smtp:///x", "names no mail server"),
        ("SENTRY_DSN", "https://sentry.example/1", "no Sentry DSN"),
        ("LOG_LEVEL", "loud", "'loud'"),
        ("LOG_FORMAT", "xml", "'xml'"),
        ("METRICS_ADDRESS", "9100", "'9100'"),
    ],
)
def test_wrong_value_is_named_with_its_fix(name: str, value: str, says: str) -> None:
    (problem,) = find_problems(GOOD | {name: value}, production=True)
    assert problem.variable == name
    assert says in problem.problem
    assert problem.fix


def test_every_wrong_variable_is_reported_not_only_the_first() -> None:
    values = GOOD | {"SECRET_KEY": "x", "REDIS_URL": "x", "LOG_LEVEL": "x"}
    assert {problem.variable for problem in find_problems(values, production=True)} == {
        "SECRET_KEY",
        "REDIS_URL",
        "LOG_LEVEL",
    }


def test_settings_read_only_declared_variables() -> None:
    declared = {variable.name for variable in VARIABLES}
    read: set[str] = set()
    for path in SETTINGS.glob("*.py"):
        if path.name in {"env.py", "variables.py"}:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                texts: list[str] = [
                    str(arg.value)
                    for arg in node.args
                    if isinstance(arg, ast.Constant)
                    and str(arg.value).isupper()
                    and ":" not in str(arg.value)
                ]
                reads = isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") == "env"
                if reads or getattr(node.func, "id", "").startswith("check_"):
                    read.update(texts[:1])
    assert read <= declared
    # The other way round: nothing is declared that no setting reads.
    assert declared - read <= {"DATABASE_OWNER_URL", "DATABASE_URL"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://localhost:1025", {"EMAIL_PORT": 1025, "EMAIL_USE_TLS": False, "EMAIL_USE_SSL": False}),
        ("smtps://u:p%40w@mail", {"EMAIL_PORT": 465, "EMAIL_USE_SSL": True, "EMAIL_HOST_PASSWORD": "p@w"}),
        ("smtp+tls://mail", {"EMAIL_PORT": 587, "EMAIL_USE_TLS": True}),
        ("console:", {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}),
    ],
)
def test_mail_server_is_read_from_one_address(url: str, expected: dict[str, object]) -> None:
    found = Environment({"EMAIL_URL": url}).email("EMAIL_URL")
    assert expected.items() <= found.items()


def test_flag_refuses_what_is_neither_yes_nor_no() -> None:
    with pytest.raises(BadSettingError, match="neither yes nor no"):
        Environment({"SHADOW": "perhaps"}).flag("SHADOW", False)


def test_database_host_may_be_a_socket_folder() -> None:
    found = Environment({"D": "postgresql://app@/hub?host=/run/pg&port=5433&sslmode=disable"}).database("D")
    assert (found["HOST"], found["PORT"], found["OPTIONS"]) == ("/run/pg", "5433", {"sslmode": "disable"})
