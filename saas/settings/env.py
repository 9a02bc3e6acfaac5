"""Reads the environment, and names the bad variable and its fix.

Invariant: no other module reads os.environ for configuration.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit


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

    def url(
        self, name: str, default: str | None = None, *, schemes: tuple[str, ...] = ("http", "https")
    ) -> str:
        value = self.text(name, default)
        scheme = urlsplit(value).scheme
        if scheme not in schemes:
            raise BadSettingError(
                name, f"has the scheme {scheme!r}.", f"Start it with {' or '.join(schemes)}://."
            )
        return value

    def database(self, name: str, default: str | None = None) -> dict[str, object]:
        """A Django DATABASES entry from postgresql://user:password@host:port/name?option=value.

        A `host` in the query wins over the one in the address, so that a socket folder can be named.
        """
        parts = urlsplit(self.url(name, default, schemes=("postgres", "postgresql")))
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


env = Environment(os.environ)
