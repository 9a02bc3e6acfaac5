"""What all serializers share: unknown fields are refused by name, so that a typo never passes for a filter that does nothing."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from rest_framework import serializers

from .paging import DEFAULT_LIMIT, MAX_LIMIT

# Ids as Postgres counts them.
MAX_ID = 2**63 - 1


class Input(serializers.Serializer[Any]):
    """A body or a query."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) or hasattr(data, "keys"):
            unknown = sorted(set(data.keys()) - set(self.fields))
            if unknown:
                known = ", ".join(self.fields)
                raise serializers.ValidationError(
                    {str(unknown[0])[:100]: [f"There is no such field here. There are: {known or 'none'}."]}
                )
        return super().to_internal_value(data)


class Output(serializers.Serializer[Any]):
    """An answer. Read from dataclasses, models and dictionaries alike."""


class Paging(Input):
    """What every list takes."""

    limit = serializers.IntegerField(
        min_value=1, max_value=MAX_LIMIT, default=DEFAULT_LIMIT, help_text="How many, at most."
    )
    cursor = serializers.CharField(
        max_length=500, required=False, help_text="`next_cursor` of the page before; left out for the first."
    )


def id_field(help_text: str, **options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=MAX_ID, help_text=help_text, **options)


class Moment(serializers.DateTimeField):
    """ISO 8601; one without a zone is in UTC."""

    def __init__(self, **options: Any) -> None:
        super().__init__(default_timezone=UTC, **options)
