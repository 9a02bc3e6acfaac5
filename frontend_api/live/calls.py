"""The seam between the event loop and the database.

Channels runs no tenant middleware, and the schema lives on the connection of the thread: so each function here is
synchronous, runs on a thread of its own little pool, enters the tenant inside and leaves nothing behind (DESIGN section
4.2). Nothing else under live/ may touch the ORM.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.db import connections
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from frontend_api.context import describe_community
from frontend_api.dashboard.home import read_home
from frontend_api.middleware import HOST_KEY
from frontend_api.people import MEMBER_KEY, Person, identify
from frontend_api.portal.boards import build_board
from saas.core.schemas import PUBLIC, enter_schema
from saas.events.log import Position, get_end, is_readable, read_after
from tenants.context import TenantContext, enter_tenant
from tenants.models import User

Given = ParamSpec("Given")
Result = TypeVar("Result")
THREADS = 4
PAGE_OF_LOG = 100
_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="live")


@dataclass(frozen=True, slots=True)
class News:
    """What a look into the log found. `end` is where the next look starts: the place it began at when there was nothing.
    `reached`: the row that was asked about can be read."""

    end: Position
    reached: bool


@dataclass(frozen=True, slots=True)
class BoardView:
    """What a leaderboard page shows; two viewers with equal ones get the same bytes."""

    kind: str
    page: int
    member_id: int | None


@dataclass(frozen=True, slots=True)
class HomeView:
    """The organiser's home: the same for the whole team."""


View = BoardView | HomeView


async def call(function: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
    """Run a synchronous function of this module on the live pool and give its connection back afterwards."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_pool, partial(_run, function, *args, **kwargs))


def _run(function: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
    try:
        return function(*args, **kwargs)
    finally:
        connections.close_all()


def identify_viewer(context: TenantContext, host: str, session_key: str) -> Person | None:
    """Who holds the session with that cookie on that host, as the middlewares would have it."""
    engine = import_module(settings.SESSION_ENGINE)
    with enter_schema(PUBLIC):
        session = engine.SessionStore(session_key)
        if not session_key or session.get(HOST_KEY) != host:
            return None
        user = None
        if SESSION_KEY in session:
            user = User.objects.filter(pk=session[SESSION_KEY], is_active=True).first()
            proof = session.get(HASH_SESSION_KEY, "")
            if user is None or not constant_time_compare(proof, user.get_session_auth_hash()):
                return None
    with enter_tenant(context):
        return identify(user, session.get(MEMBER_KEY), tenant_id=context.tenant_id)


def read_news(context: TenantContext, position: Position, newest: int = 0) -> News:
    """Whether anything was logged after `position`, and whether the row `newest` is among what can be read.

    A long backlog is not read through: its end is what matters, because parts are rendered from the state.
    """
    with enter_tenant(context):
        reached = newest == 0 or is_readable(newest)  # asked first: what is readable now is read below
        events = read_after(position, PAGE_OF_LOG)
        end = get_end() if len(events) == PAGE_OF_LOG else (events[-1].position if events else position)
        return News(end, reached)


def read_end(context: TenantContext) -> Position:
    """Where somebody starts who wants only what is still to come."""
    with enter_tenant(context):
        return get_end()


def render_view(context: TenantContext, view: View) -> tuple[Position, str]:
    """The part of a page, and the position up to which it is true (read first, so never too late)."""
    with enter_tenant(context), timezone.override(context.timezone):
        position = get_end()
        facts = {"community": describe_community(context), "position": position}
        if isinstance(view, BoardView):
            facts["view"] = build_board(kind=view.kind, page=view.page, me=view.member_id)
            return position, render_to_string("portal/board.html", facts)
        return position, render_to_string(
            "dashboard/home_body.html", facts | read_home(context) | {"position": position}
        )
