"""Reads the environment, and names the bad variable and its fix.

Invariant: no other module reads os.environ for configuration.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit


class BadSettingError(Exception):
    """A variable of the environment is missing or wrong. `variable`, `problem` and `fix` say which and how."""

    def __init__(self, variable: str, problem: str, fix: str) -> None:
        super().__init__(f"{variable}: {problem} {fix}")
        self.variable = variable
        self.problem = problem
        self.fix = fix


@dataclass(frozen=True)
class Environment:
    """Typed reads of a mapping (os.environ by default)."""

    values: Mapping[str, str]

    def text(self, name: str, default: str | None = None, *, fix: str = "") -> str:
        value = self.values.get(name, "").strip()
        if value:
            return value
        if default is not None:
            return default
        raise BadSettingError(name, "is not set.", fix or f"Set {name} in the environment.")

    def flag(self, name: str, default: bool) -> bool:
        value = self.values.get(name, "").strip().lower()
        if not value:
            return default
        if value in {"1", "true", "yes", "on"}:
            return True
        if value in {"0", "false", "no", "off"}:
            return False
        raise BadSettingError(name, f"is {value!r}, which is neither yes nor no.", "Use 1 or 0.")

    def number(self, name: str, default: int, *, low: int = 0, high: int = 2**31) -> int:
        value = self.values.get(name, "").strip()
        if not value:
            return default
        if not value.isdigit() or not low <= int(value) <= high:
            raise BadSettingError(name, f"is {value!r}.", f"Use a whole number from {low} to {high}.")
        return int(value)

    def words(self, name: str, default: str = "") -> list[str]:
        return [word.strip() for word in self.text(name, default).split(",") if word.strip()]

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        """One of `choices`, whatever its case in the environment."""
        value = self.text(name, default)
        for choice in choices:
            if value.lower() == choice.lower():
                return choice
        raise BadSettingError(name, f"is {value!r}.", f"Use one of {', '.join(choices)}.")

    def url(
        self, name: str, default: str | None = None, *, schemes: tuple[str, ...] = ("http", "https")
    ) -> str:
        value = self.text(name, default)
        parts = urlsplit(value)
        if parts.scheme not in schemes:
            raise BadSettingError(
                name,
                f"has the scheme {parts.scheme!r}.",
                f"Start it with {' or '.join(f'{s}://' for s in schemes)}.",
            )
        if not parts.netloc and not parts.path.strip("/"):
            raise BadSettingError(name, "names no host.", f"Use {schemes[0]}://<host>.")
        self._check_port(name, parts)
        return value

    def database(self, name: str, default: str | None = None) -> dict[str, object]:
        """A Django DATABASES entry from postgresql://user:password@host:port/name?option=value.

        A `host` in the query wins over the one in the address, so that a socket folder can be named.
        """
        parts = urlsplit(self.url(name, default, schemes=("postgres", "postgresql")))
        self._check_port(name, parts)
        database = unquote(parts.path.lstrip("/"))
        if not database:
            raise BadSettingError(name, "names no database.", "End it with /<database>.")
        options = dict(parse_qsl(parts.query))
        host = options.pop("host", None) or unquote(parts.hostname or "")
        port = options.pop("port", None) or str(parts.port or "")
        return {
            "ENGINE": "django_tenants.postgresql_backend",
            "NAME": database,
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": host,
            "PORT": port,
            "OPTIONS": options,
        }

    def email(self, name: str, default: str | None = None) -> dict[str, object]:
        """Django's mail settings from smtp://user:password@host:port, smtps:// (TLS from the start), smtp+tls://
        (STARTTLS) or console: (mails are written to the log)."""
        value = self.text(name, default)
        if value in {"console:", "console://"}:
            return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
        parts = urlsplit(self.url(name, default, schemes=("smtp", "smtps", "smtp+tls")))
        if not parts.hostname:
            raise BadSettingError(name, "names no mail server.", "Use smtp+tls://user:password@host:587.")
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": parts.hostname,
            "EMAIL_PORT": parts.port or {"smtp": 25, "smtps": 465, "smtp+tls": 587}[parts.scheme],
            "EMAIL_HOST_USER": unquote(parts.username or ""),
            "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
            "EMAIL_USE_SSL": parts.scheme == "smtps",
            "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
            "EMAIL_TIMEOUT": 20,
        }

    @staticmethod
    def _check_port(name: str, parts: SplitResult) -> None:
        try:
            _ = parts.port
        except ValueError:
            raise BadSettingError(
                name, "has a port that is no port.", "Use a number from 1 to 65535."
            ) from None


env = Environment(os.environ)
