"""The doctor's look at Redis, Discord, mail, the disk and the base domain."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis

from saas.settings.env import BadSettingError, Environment

from .findings import Finding, bad, ok, warn

SECONDS = 5
OLDEST_REDIS = (6, 2)
LOW_DISK_BYTES = 2 * 1024**3
EMPTY_DISK_BYTES = 300 * 1024**2


def check_redis(values: Mapping[str, str]) -> Iterator[Finding]:
    yield from _check_one_redis(values, "REDIS_URL", "redis://127.0.0.1:6379/0", durable=False)
    yield from _check_one_redis(values, "REDIS_STREAM_URL", "redis://127.0.0.1:6379/1", durable=True)


def _check_one_redis(
    values: Mapping[str, str], name: str, default: str, *, durable: bool
) -> Iterator[Finding]:
    try:
        url = Environment(values).url(name, default, schemes=("redis", "rediss", "unix"))
        with redis.Redis.from_url(url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS) as client:
            version = str(client.info("server")["redis_version"])
            if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_REDIS:
                yield bad(name, f"leads to Redis {version}.", "Use Redis 6.2 or newer.")
            else:
                yield ok(name, f"reaches Redis {version}.")
            if durable:
                yield from _check_durability(client, name)
    except (redis.RedisError, OSError, ValueError) as error:
        yield bad(
            name,
            f"cannot be reached: {error}",
            "Check that the server runs and that address and password are right.",
        )


def _check_durability(client: redis.Redis, name: str) -> Iterator[Finding]:
    """A member's activity is acknowledged once it is in the stream: the stream must survive a crash."""
    try:
        found = {
            key: client.config_get(key).get(key) for key in ("appendonly", "appendfsync", "maxmemory-policy")
        }
    except redis.ResponseError:
        # Managed servers hide CONFIG; what can be seen without it is the append-only file.
        if not client.info("persistence").get("aof_enabled"):
            yield bad(name, "does not keep an append-only file.", "Turn it on in the provider's console.")
        else:
            yield warn(
                name,
                "hides its configuration, so appendfsync and maxmemory-policy cannot be checked.",
                "See in the provider's console that they are `always` and `noeviction`.",
            )
        return
    wanted = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
    consequence = {
        "appendonly": "a restart loses every activity that waits",
        "appendfsync": "a crash loses the last activities",
        "maxmemory-policy": "a full server throws activities away",
    }
    wrong = [key for key in wanted if found[key] != wanted[key]]
    for key in wrong:
        yield bad(
            name,
            f"has {key} {found[key]}: {consequence[key]}.",
            f"CONFIG SET {key} {wanted[key]}, and the same line in redis.conf.",
        )
    if not wrong:
        yield ok(name, "is durable: append-only file, synced always, nothing evicted.")


def check_discord(values: Mapping[str, str]) -> Iterator[Finding]:
    """Ask the API who the token's bot is, and whose application it belongs to."""
    token = values.get("DISCORD_BOT_TOKEN", "").strip()
    try:
        base = Environment(values).url("DISCORD_API_URL", "https://discord.com/api/v10").rstrip("/")
    except BadSettingError:
        return  # reported with the variables
    if not token:
        return
    try:
        me = _ask_discord(base, token, "/users/@me")
        yield ok("DISCORD_BOT_TOKEN", f"is accepted; the bot is {me.get('username', 'unnamed')}.")
        application = str(_ask_discord(base, token, "/oauth2/applications/@me").get("id", ""))
        yield from _compare_application(values.get("DISCORD_CLIENT_ID", "").strip(), application)
    except urllib.error.HTTPError as error:
        yield _refused(error)
    except (OSError, ValueError) as error:
        yield bad(
            "DISCORD_API_URL",
            f"cannot be reached: {getattr(error, 'reason', error)}",
            "Check the address, the network and the firewall.",
        )


def _ask_discord(base: str, token: str, path: str) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{base}{path}",
        headers={
            "Authorization": f"Bot {token}",
            "User-Agent": "DiscordBot (https://engagehub.example, 0.1)",
        },
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def _refused(error: urllib.error.HTTPError) -> Finding:
    if error.code == 401:
        return bad(
            "DISCORD_BOT_TOKEN",
            "is not accepted by Discord.",
            "Reset it on the Bot page of Discord's developer portal and set the new one.",
        )
    return bad(
        "DISCORD_API_URL",
        f"answers {error.code} to a question that Discord answers.",
        "It must lead to Discord's REST API v10, such as https://discord.com/api/v10.",
    )


def _compare_application(client_id: str, application: str) -> Iterator[Finding]:
    if client_id and application and client_id != application:
        yield bad(
            "DISCORD_CLIENT_ID",
            f"is {client_id}, but the token belongs to the application {application}.",
            "Take all three, id, secret and token, from one application of the developer portal.",
        )


def check_domain(values: Mapping[str, str], *, production: bool) -> Iterator[Finding]:
    """Communities live on <slug>.BASE_DOMAIN: in production both it and a name below it must resolve."""
    domain = values.get("BASE_DOMAIN", "").strip() or "localhost"
    if not production:
        return
    if domain == "localhost" or domain.endswith(".localhost") or "." not in domain:
        yield bad("BASE_DOMAIN", f"is {domain}, which only this machine knows.", "Use a domain of your own.")
        return
    for name, fix in (
        (domain, f"Add an A or AAAA record for {domain}."),
        (f"doctor.{domain}", f"Add a wildcard record *.{domain}: each community has a name below it."),
    ):
        try:
            socket.getaddrinfo(name, 443)
        except OSError:
            yield bad("BASE_DOMAIN", f"{name} does not resolve.", fix)
            return
    yield ok("BASE_DOMAIN", f"{domain} and the names below it resolve.")


def check_mail(values: Mapping[str, str]) -> Iterator[Finding]:
    try:
        settings = Environment(values).email("EMAIL_URL", "console:")
    except BadSettingError:
        return  # reported with the variables
    if "EMAIL_HOST" not in settings:
        return
    host, port = str(settings["EMAIL_HOST"]), int(str(settings["EMAIL_PORT"]))
    try:
        with contextlib.closing(socket.create_connection((host, port), timeout=SECONDS)):
            yield ok("EMAIL_URL", f"{host}:{port} accepts connections.")
    except OSError as error:
        yield bad("EMAIL_URL", f"{host}:{port} cannot be reached: {error}", "Check host, port and firewall.")


def check_error_reports(values: Mapping[str, str], *, production: bool) -> Iterator[Finding]:
    dsn = values.get("SENTRY_DSN", "").strip()
    if dsn:
        host = urlsplit(dsn).hostname or ""
        try:
            socket.getaddrinfo(host, 443)
            yield ok("SENTRY_DSN", f"{host} resolves.")
        except OSError:
            yield bad(
                "SENTRY_DSN",
                f"{host} does not resolve.",
                "Copy the DSN again from the project's Client Keys.",
            )
    elif production:
        yield warn("SENTRY_DSN", "is not set, so nobody is told of errors.", "Set it, or watch the logs.")


def check_disk(folder: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(folder).free
    text = f"{free / 1024**3:.1f} GB free."
    if free < EMPTY_DISK_BYTES:
        yield bad("disk", text, f"Free some space on the disk of {folder}.")
    elif free < LOW_DISK_BYTES:
        yield warn("disk", text, f"Free some space on the disk of {folder} soon.")
    else:
        yield ok("disk", text)
