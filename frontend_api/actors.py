"""Who acts in a request, as the audit log remembers them."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import structlog
from django.http import HttpRequest

from engagement.audit.actor import Actor, cut_address
from frontend_api.people import get_person
from tenants.permissions import Role


def actor_of(request: HttpRequest, *, via: Literal["web", "rest"] = "web") -> Actor:
    """The person who looks, with the network that they come from. Asks the database at most once a request.

    EngageHub's staff count as operators wherever they have no role of their own.
    """
    origin = Actor(
        "anonymous",
        0,
        "somebody who is not signed in",
        via=via,
        address=cut_address(request.META.get("REMOTE_ADDR") or ""),
        request_id=str(structlog.contextvars.get_contextvars().get("request_id", ""))[:64],
    )
    person = get_person(request)
    if person is None:
        return origin
    if person.user_id is None:
        return replace(
            origin, kind="member", id=person.member_id or 0, name=person.name, role=person.role.title
        )
    is_staff = person.role < Role.ANALYST and getattr(request.user, "is_operator", False)
    return replace(
        origin,
        kind="operator" if is_staff else "user",
        id=person.user_id,
        name=person.name,
        role="operator" if is_staff else person.role.title,
    )
