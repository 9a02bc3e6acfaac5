"""Structured logs, on standard error: one JSON object a line in production, readable lines at home.

Every line carries the tenant's schema that this thread is in, and whatever else was bound with structlog's contextvars: `shard`,
`activity`, `request_id`. Personal data is never logged: no names, no mail addresses, no network addresses; nor what opens a
door: the secret part of a link is cut out of the address that is logged.
"""

from __future__ import annotations

import logging
import re
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
FORMATS = ("json", "readable")


def add_tenant(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """The schema on this thread's connection. Read when a line is written, so a unit of work pays nothing for it."""
    from django.apps import apps
    from django.db import connections

    if "tenant" not in event and apps.ready:
        # Only a connection that exists already: a line in a thread without one must not make it.
        for connection in connections.all(initialized_only=True):
            schema = getattr(connection, "schema_name", None)
            if schema and schema != "public":
                event["tenant"] = schema
    return event


# Links that somebody may still use: invites, confirmations, new passwords, claims, tickets; plain or inside `next`.
_SECRET = re.compile(
    r"((?:/|%2F)(?:invites|signup(?:/|%2F)confirm|password(?:/|%2F)new)(?:/|%2F)"
    r"|(?:[?&]|%3F|%26)(?:ticket|code|state|nonce|token|key)(?:=|%3D))[^/\s&%'\"]+",
    re.IGNORECASE,
)


def hide_secrets(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """No line holds what a link opens with."""
    for name, value in event.items():
        if isinstance(value, str) and ("/" in value or "%2" in value):
            event[name] = _SECRET.sub(r"\1…", value)
    return event


def drop_colours(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """uvicorn says the same twice, once with escape codes."""
    event.pop("color_message", None)
    return event


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        add_tenant,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        drop_colours,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def configure_logging(*, form: str, level: str) -> dict[str, Any]:
    """Configure structlog, and answer Django's LOGGING. Both loggers, structlog's and the standard one, write alike."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared_processors(),
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        # capture_logs of the tests and a changed level reach only loggers that are not cached.
        cache_logger_on_first_use=form == "json",
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": _rendering(form),
                "foreign_pre_chain": _shared_processors(),
            }
        },
        "handlers": {
            "out": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stderr"}
        },
        "root": {"handlers": ["out"], "level": level},
        "loggers": {
            # Django's own handlers would write each line twice.
            "django": {"handlers": [], "propagate": True, "level": level},
            "django.server": {"handlers": [], "propagate": True, "level": level},
            # One line a request is written by django-structlog, without the client's address.
            "uvicorn": {"handlers": [], "propagate": True, "level": level},
            "uvicorn.access": {"handlers": [], "propagate": False, "level": "WARNING"},
            "discord": {"level": _at_least(level, "INFO")},
            # At start it names each blueprint; what its jobs do is logged elsewhere.
            "procrastinate.blueprints": {"level": _at_least(level, "WARNING")},
            "procrastinate.periodic": {"level": _at_least(level, "WARNING")},
            "procrastinate": {"level": _at_least(level, "INFO")},
            # It names each request and each repeat; what came of them is told in billing.
            "stripe": {"level": _at_least(level, "WARNING")},
            "asyncio": {"level": _at_least(level, "WARNING")},
        },
    }


def _rendering(form: str) -> list[Processor]:
    drop = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if form == "json":
        # Without local variables: they hold names and mail addresses.
        frames = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        return [
            drop,
            hide_secrets,
            structlog.processors.ExceptionRenderer(frames),
            structlog.processors.JSONRenderer(default=str),
        ]
    plain = structlog.dev.plain_traceback
    return [
        drop,
        hide_secrets,
        structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, exception_formatter=plain),
    ]


def _at_least(level: str, floor: str) -> str:
    names = logging.getLevelNamesMapping()
    return level if names[level] >= names[floor] else floor
