"""The owner's database role, for the few things that change the catalogue: migrate, provision, drop (DESIGN section 4.6).

Everything else runs as the app's role, which may not. Inside `as_owner` this thread's default connection is the owner's
own session, so that Django's migrations and the ORM use it unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django_tenants.postgresql_backend.base import DatabaseWrapper

from saas.settings.env import Environment

from .errors import OwnerRoleMissingError, OwnerRoleMisusedError


def owner_database() -> dict[str, Any]:
    """Django's settings of the owner's connection. Raises OwnerRoleMissingError."""
    if not settings.DATABASE_OWNER_URL:
        raise OwnerRoleMissingError()
    address = Environment({"DATABASE_OWNER_URL": settings.DATABASE_OWNER_URL})
    given = address.database("DATABASE_OWNER_URL")
    inherited = connections.settings[DEFAULT_DB_ALIAS]
    options: dict[str, Any] = dict(given["OPTIONS"])  # type: ignore[call-overload]
    # The name follows the default connection: tests clone the database under other names.
    return {**inherited, **given, "NAME": inherited["NAME"], "OPTIONS": options, "CONN_MAX_AGE": 0}


def app_role() -> str:
    """The name of the app's database role, as DATABASE_URL gives it."""
    given = Environment({"DATABASE_URL": settings.DATABASE_URL}).database("DATABASE_URL")
    return str(given["USER"])


@contextmanager
def as_owner() -> Iterator[DatabaseWrapper]:
    """In this thread, `connection` is the owner's, in the public schema and without a transaction.

    Raises OwnerRoleMissingError, and OwnerRoleMisusedError inside a transaction: its rows would be invisible here and
    its locks would block us.
    """
    usual = connections[DEFAULT_DB_ALIAS]
    if usual.in_atomic_block:
        raise OwnerRoleMisusedError()
    owner = DatabaseWrapper(owner_database(), DEFAULT_DB_ALIAS)
    connections[DEFAULT_DB_ALIAS] = owner
    try:
        yield owner
    finally:
        owner.close()
        connections[DEFAULT_DB_ALIAS] = usual
