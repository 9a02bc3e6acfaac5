"""SharedReference: the id of a row in the public schema, kept in a tenant's table without a foreign key."""

from __future__ import annotations

from typing import Any

from django.db import models


class SharedReference(models.BigIntegerField):  # type: ignore[type-arg]
    """An indexed id of a public row. `to` names the model for readers; the database knows nothing of it.

    A foreign key from a tenant's schema into public would bind every tenant to one server (DESIGN section 4.3).
    """

    def __init__(self, to: str = "", *args: Any, **kwargs: Any) -> None:
        self.to = to
        kwargs.setdefault("db_index", True)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """A plain BigIntegerField for migrations, which import no application code."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.BigIntegerField", list(args), kwargs
