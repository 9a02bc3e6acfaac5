"""Schema names, and the one place that puts a schema on a connection.

django-tenants keeps the schema on the connection of the *thread*. `enter_schema` is synchronous on purpose: around an
`await` it would set this thread's schema and query another's. Querysets are evaluated before the block ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

PUBLIC = "public"
# What tenants.models.new_schema_name generates: t_ and a ULID in small letters. Never typed by a person.
_TENANT = re.compile(r"t_[0-9a-hjkmnp-tv-z]{26}")


class BadSchemaNameError(ValueError):
    """A schema was named that is neither public nor a generated one."""


def is_tenant_schema(name: object) -> bool:
    return isinstance(name, str) and _TENANT.fullmatch(name) is not None


def check_schema(name: object) -> str:
    """`name`, when it is public or a generated tenant schema. Raises BadSchemaNameError.

    django-tenants itself accepts names such as `a,b`.
    """
    if name == PUBLIC or is_tenant_schema(name):
        return str(name)
    raise BadSchemaNameError(f"{name!r} names no schema: it must be 'public' or a generated t_… name.")


@contextmanager
def enter_schema(name: str) -> Iterator[None]:
    """Every query of this thread inside the block sees `name`; afterwards, what was there before.

    Raises BadSchemaNameError.
    """
    check_schema(name)
    previous = connection.schema_name  # type: ignore[attr-defined]
    connection.set_schema(name)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        connection.set_schema(previous)  # type: ignore[attr-defined]
