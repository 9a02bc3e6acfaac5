"""Every variable of the environment that configures EngageHub: what it is for, and what is wrong with a value.

Invariant: settings read no variable that is not declared here, and ops/environment.md describes each one (a test).
The doctor uses the same table, and needs no Django for it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from .env import BadSettingError, Environment
from .logs import FORMATS, LEVELS

Check = Callable[[Environment, str], object]
_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")


@dataclass(frozen=True)
class Variable:
    """`needed`: production does not start without it. `advised`: the doctor asks for it; only some processes need it.

    `check` raises BadSettingError for a wrong value.
    """

    name: str
    what: str
    check: Check
    needed: bool = False
    advised: bool = False


def check_secret_key(environment: Environment, name: str) -> str:
    value = environment.text(name, "")
    fix = "Use 50 random characters: python -c 'import secrets; print(secrets.token_urlsafe(50))'."
    if value and len(value) < 32:
        raise BadSettingError(name, f"has only {len(value)} characters.", fix)
    if value and len(set(value)) < 10:
        raise BadSettingError(name, f"is easy to guess: only {len(set(value))} different characters.", fix)
    return value


def check_field_keys(environment: Environment, name: str) -> list[str]:
    keys = environment.words(name)
    fix = (
        "Use one or more keys of 32 bytes in URL-safe base64, newest first, parted by commas: "
        "python -c 'import base64, secrets; print(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())'."
    )
    for number, key in enumerate(keys, 1):
        try:
            length = len(base64.b64decode(key.encode(), altchars=b"-_", validate=True))
        except (binascii.Error, ValueError):
            raise BadSettingError(name, f"has a key, number {number}, that is not base64.", fix) from None
        if length != 32:
            raise BadSettingError(name, f"has a key, number {number}, of {length} bytes instead of 32.", fix)
    if len(set(keys)) != len(keys):
        raise BadSettingError(name, "names the same key twice.", fix)
    return keys


def check_host(environment: Environment, name: str) -> str:
    value = environment.text(name, "localhost")
    if not _HOST.fullmatch(value):
        raise BadSettingError(
            name,
            f"is {value!r}, which is no host name.",
            "Use the bare name in small letters, without https://, port or path: engagehub.example.",
        )
    return value


def check_email_url(environment: Environment, name: str) -> str:
    value = environment.text(name, "")
    if value:
        environment.email(name)
    return value


def check_snowflake(environment: Environment, name: str) -> str:
    value = environment.text(name, "")
    if value and not re.fullmatch(r"\d{15,20}", value):
        raise BadSettingError(
            name,
            f"is {value!r}, which is no Discord id.",
            "Copy the Application ID from Discord's developer portal, General Information.",
        )
    return value


def check_token(environment: Environment, name: str) -> str:
    value = environment.text(name, "")
    if value.lower().startswith("bot ") or any(character.isspace() for character in value):
        raise BadSettingError(
            name, "holds a space.", "Give the bare token from the portal's Bot page, without the word Bot."
        )
    return value


def check_sentry_dsn(environment: Environment, name: str) -> str:
    value = environment.text(name, "")
    parts = urlsplit(value)
    if value and not (
        parts.scheme in {"http", "https"}
        and parts.username
        and parts.path.strip("/").split("/")[-1].isdigit()
    ):
        raise BadSettingError(
            name,
            "is no Sentry DSN.",
            "Copy it from the project's Client Keys; it looks like https://key@host/1. Or leave it empty.",
        )
    return value


def check_stripe_key(environment: Environment, name: str) -> str:
    value = environment.text(name, "")
    if value and not re.fullmatch(r"[sr]k_(test|live)_[A-Za-z0-9_]{8,}", value):
        raise BadSettingError(
            name,
            "is no secret key of Stripe.",
            "Copy it from Stripe's dashboard, Developers, API keys; it begins with sk_test_, sk_live_, rk_test_ or rk_live_. "
            "Empty: nothing is sold.",
        )
    return value


def check_webhook_secrets(environment: Environment, name: str) -> list[str]:
    """One, or two while the secret is changed: the new one first."""
    secrets = environment.words(name)
    if any(not secret.startswith("whsec_") for secret in secrets) or len(secrets) > 2:
        raise BadSettingError(
            name,
            "is no signing secret of Stripe.",
            "Copy it from the webhook endpoint's page in Stripe's dashboard; it begins with whsec_. While you change it, put "
            "the new one first and the old one behind a comma.",
        )
    return secrets


def check_address(environment: Environment, name: str) -> str:
    value = environment.text(name, "")
    if value and not re.fullmatch(r"[\w.:\[\]-]+:\d{1,5}", value):
        raise BadSettingError(
            name, f"is {value!r}.", "Use host:port, such as 0.0.0.0:9100, or leave it empty."
        )
    return value


def check_choice(*choices: str) -> Check:
    def check(environment: Environment, name: str) -> str:
        return environment.choice(name, choices[0], choices)

    return check


def check_url(*schemes: str) -> Check:
    def check(environment: Environment, name: str) -> str:
        return environment.url(name, f"{schemes[0]}://localhost", schemes=schemes)

    return check


def check_database(environment: Environment, name: str) -> object:
    return environment.database(name, "postgresql://localhost/engagehub")


def check_number(low: int, high: int) -> Check:
    def check(environment: Environment, name: str) -> int:
        return environment.number(name, low, low=low, high=high)

    return check


def check_flag(environment: Environment, name: str) -> bool:
    return environment.flag(name, True)


def check_text(environment: Environment, name: str) -> str:
    return environment.text(name, "")


_REDIS = check_url("redis", "rediss", "unix")
_WEB = check_url("https", "http")

VARIABLES = (
    Variable("SECRET_KEY", "Signs sessions, tickets and links.", check_secret_key, True),
    Variable("FIELD_KEYS", "Encrypts secrets in the database.", check_field_keys, True),
    Variable("BASE_DOMAIN", "The host name under which communities get theirs.", check_host, True),
    Variable("BASE_URL", "The address of the site itself.", _WEB),
    Variable("DATABASE_URL", "Postgres, as the app's role.", check_database, True),
    Variable(
        "DATABASE_OWNER_URL",
        "Postgres, as the owner's role: migrations, provisioning.",
        check_database,
        advised=True,
    ),
    Variable("DATABASE_ROLE", "Which of the two a process uses.", check_choice("app", "owner")),
    Variable("PAGES", "Whether a process shows pages.", check_flag),
    Variable("REDIS_URL", "Redis for wake-ups, caches and leases.", _REDIS, True),
    Variable("REDIS_STREAM_URL", "Redis for the activity stream.", _REDIS, True),
    Variable(
        "DATABASE_POOL", "Connections a process may hold; 0: each thread its own.", check_number(0, 500)
    ),
    Variable(
        "ACTIVITY_PARTITIONS", "How many streams the activities are spread over.", check_number(1, 1024)
    ),
    Variable("DISCORD_BOT_TOKEN", "The bot's token.", check_token, True),
    Variable("DISCORD_CLIENT_ID", "The application's id.", check_snowflake, True),
    Variable("DISCORD_CLIENT_SECRET", "For signing in with Discord and adding the bot.", check_token, True),
    Variable("DISCORD_SHARD_COUNT", "Shards of all bot processes together.", check_number(1, 100_000)),
    Variable("DISCORD_SHARDS_PER_PROCESS", "Shards of one bot process.", check_number(1, 1000)),
    Variable("POD_NAME", "Its number at the end picks the bot's shards.", check_text),
    Variable("DISCORD_API_URL", "Discord's REST API, or a proxy for it.", _WEB),
    Variable("DISCORD_WEB_URL", "Where the browser authorizes.", _WEB),
    Variable("MEE6_API_URL", "Where MEE6 tells its leaderboards.", _WEB),
    Variable("POLARIS_API_URL", "Where Polaris tells its leaderboards.", _WEB),
    Variable("LURKR_API_URL", "Where Lurkr tells its leaderboards.", _WEB),
    Variable("AMARI_API_URL", "Where Amari tells its leaderboards.", _WEB),
    Variable("TATSU_API_URL", "Where Tatsu tells its leaderboards.", _WEB),
    Variable(
        "STRIPE_SECRET_KEY", "For selling plans; empty: every community may do everything.", check_stripe_key
    ),
    Variable("STRIPE_WEBHOOK_SECRET", "Tells Stripe's webhooks from forged ones.", check_webhook_secrets),
    Variable("STRIPE_API_URL", "Stripe's API.", _WEB),
    Variable("EMAIL_URL", "The mail server.", check_email_url, True),
    Variable("MAIL_FROM", "The sender of mails.", check_text),
    Variable("SENTRY_DSN", "Where errors are reported.", check_sentry_dsn),
    Variable("RELEASE", "The version, for error reports.", check_text),
    Variable("LOG_LEVEL", "How much is logged.", check_choice(*LEVELS)),
    Variable("LOG_FORMAT", "json, or readable lines.", check_choice(*FORMATS)),
    Variable(
        "METRICS_ADDRESS", "host:port where ingest, worker and bot serve health and metrics.", check_address
    ),
    Variable("METRICS_TOKEN", "Who may read the web's /metrics from elsewhere.", check_text),
)


def find_problems(values: Mapping[str, str], *, production: bool) -> list[BadSettingError]:
    """Every variable that is missing or wrong, not only the first."""
    environment = Environment(values)
    problems = []
    for variable in VARIABLES:
        try:
            if production and variable.needed and not values.get(variable.name, "").strip():
                raise BadSettingError(
                    variable.name,
                    "is not set.",
                    f"{variable.what} Set it; ops/environment.md says how.",
                )
            variable.check(environment, variable.name)
        except BadSettingError as problem:
            problems.append(problem)
    return problems
