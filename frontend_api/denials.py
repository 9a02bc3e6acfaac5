"""What was refused in a request goes to the community's audit log."""

from __future__ import annotations

from typing import Literal

from django.http import HttpRequest

from engagement.audit.denials import record_refusal
from frontend_api.actors import actor_of
from frontend_api.tenant import find_context
from tenants.permissions import NotPermittedError


def note_refusal(request: HttpRequest, error: Exception, *, via: Literal["web", "rest"] = "web") -> None:
    """Record `error` if it says that somebody may not do something in the community in hand. Never raises."""
    if isinstance(error, NotPermittedError) and find_context(request) is not None:
        actor = actor_of(request, via=via)
        record_refusal(actor=actor, permission=error.action, place=f"{request.method} {request.path}"[:200])
