"""Domain events, the tenants' event log, and jobs deferred in the caller's transaction.

Invariants: an event exists exactly when its transaction committed; delivery to handlers is at least once, so a handler is
idempotent on the event's id; a job names its tenant or PUBLIC. Floor 1; saas.public_events is the public twin.
"""

from saas.core.schemas import PUBLIC

from .base import DomainEvent, UnknownEventTypeError, get_event_type, list_event_types
from .log import LoggedEvent, Position, read_after
from .publishing import NotInTransactionError, append_events, publish

__all__ = [
    "PUBLIC",
    "DomainEvent",
    "LoggedEvent",
    "NotInTransactionError",
    "Position",
    "UnknownEventTypeError",
    "append_events",
    "get_event_type",
    "list_event_types",
    "publish",
    "read_after",
]
