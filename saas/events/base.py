"""DomainEvent: news that a service publishes, in the past tense.

Invariant: the class's name is its type in the log, for ever; so two events never share a name, and a published event is
never renamed. Fields hold plain JSON values only (str, int, float, bool, None, and lists and dicts of them).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Self

_TYPES: dict[str, type[DomainEvent]] = {}


class UnknownEventTypeError(LookupError):
    """The log names an event type that no class of this release declares."""


@dataclass(frozen=True)
class DomainEvent:
    """Base of every domain event: subclass it as a frozen dataclass in a package's events.py."""

    type: ClassVar[str]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.type = cls.__name__
        other = _TYPES.get(cls.type)
        if other is not None and (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
            raise TypeError(
                f"Two domain events are named {cls.type}: {other.__module__} and {cls.__module__}. "
                "Rename the newer one; the name is its type in the log."
            )
        _TYPES[cls.type] = cls

    def to_data(self) -> dict[str, Any]:
        """The event's fields as they are stored."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Self:
        """The event from its stored fields. Fields that this release no longer knows are left out."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in data.items() if name in known})


def get_event_type(name: str) -> type[DomainEvent]:
    """The class of a stored type. Raises UnknownEventTypeError."""
    try:
        return _TYPES[name]
    except KeyError:
        raise UnknownEventTypeError(f"No domain event is named {name!r} in this release.") from None


def list_event_types() -> dict[str, type[DomainEvent]]:
    """Every declared event by name, for the documentation and the tests."""
    return dict(_TYPES)
