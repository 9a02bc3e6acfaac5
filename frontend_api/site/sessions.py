"""Sessions of people: opened, listed, ended. allauth's UserSession has one row for each, on whatever host.

Invariants: a session knows the host it was opened on; a community's session ends with the BASE_DOMAIN session that it
descends from, whoever ends it and whenever it was opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address, ip_network

from allauth.usersessions.models import UserSession
from django.contrib.auth import login
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from frontend_api.middleware import HOST_KEY, TIMEZONE_KEY, Next
from frontend_api.site.step_up import PROOF_KEY
from saas.core import clock
from tenants.models import User

PARENT_KEY = "parent"  # the BASE_DOMAIN session that a community's session descends from
SEEN_KEY = "seen_at"
SEEN_SECONDS = 10 * 60  # how exact "last seen" is
PRUNED_AT_ONCE = 2_000
BACKEND = "django.contrib.auth.backends.ModelBackend"


@dataclass(slots=True)
class Device:
    """A browser as its owner would recognise it: what it is, since when, when last seen, where it is signed in."""

    key: str
    name: str
    since: datetime
    seen_at: datetime
    current: bool
    hosts: list[str] = field(default_factory=list)


def open_session(
    request: HttpRequest, user: User, *, parent: str = "", proof_at: float | None = None
) -> None:
    """A fresh session of `user`, bound to this host. `proof_at`: when the person last proved who they are, now if left out."""
    if parent:
        request.session.flush()
    login(request, user, backend=BACKEND)
    now = clock.now().timestamp()
    request.session[HOST_KEY] = request.get_host()
    request.session[TIMEZONE_KEY] = user.timezone
    request.session[PROOF_KEY] = now if proof_at is None else proof_at
    request.session[SEEN_KEY] = now
    if parent:
        request.session[PARENT_KEY] = parent
    _register(request, user, parent)


def _register(request: HttpRequest, user: User, parent: str) -> None:
    """The session's row in the list. allauth makes the same row when it opens a session; ours comes first."""
    UserSession.objects.update_or_create(
        session_key=request.session.session_key,
        defaults={
            "user": user,
            "ip": mask_address(request.META.get("REMOTE_ADDR") or ""),
            "user_agent": request.META.get("HTTP_USER_AGENT", "")[:200],
            "data": {"host": request.get_host(), "parent": parent},
        },
    )


def ensure_registered(request: HttpRequest, user: User) -> None:
    """A session from before there was a list gets its row now."""
    if not UserSession.objects.filter(session_key=request.session.session_key).exists():
        _register(request, user, "")


def lock_session(*, key: str, user_id: int) -> bool:
    """Whether the session is still open. Inside a transaction it stays so until the end: whoever ends it waits."""
    return (
        UserSession.objects.select_for_update().filter(session_key=key, user_id=user_id).first() is not None
    )


def end_sessions(keys: Iterable[str]) -> None:
    """End these sessions and all that descend from them. Locks their rows; repeating it changes nothing."""
    wanted = [key for key in keys if key]
    if not wanted:
        return
    with transaction.atomic():
        # A ticket that is being redeemed holds the row; its session is listed below once it is through.
        list(UserSession.objects.select_for_update().filter(session_key__in=wanted).order_by("pk"))
        children = UserSession.objects.filter(data__parent__in=wanted)
        doomed = {*wanted, *children.values_list("session_key", flat=True)}
        Session.objects.filter(session_key__in=doomed).delete()
        UserSession.objects.filter(session_key__in=doomed).delete()


def end_session_of(*, user: User, key: str) -> None:
    """End one of the person's own sessions; another's key changes nothing."""
    end_sessions(UserSession.objects.filter(user=user, session_key=key).values_list("session_key", flat=True))


def end_other_sessions(*, user: User, keep: str) -> int:
    """End all but the session `keep` and those that descend from it. How many browsers that were."""
    others = [
        row.session_key
        for row in UserSession.objects.filter(user=user)
        if row.session_key != keep and row.data.get("parent") != keep
    ]
    end_sessions(others)
    return len(others)


def prune_sessions() -> int:
    """Forget sessions that are over, with their rows in the list; a slice a transaction. Answers how many went. Idempotent.

    One that is used in between has a later end by then, and stays.
    """
    total = 0
    over = Session.objects.filter(expire_date__lt=clock.now()).order_by("expire_date")
    while keys := list(over.values_list("session_key", flat=True)[:PRUNED_AT_ONCE]):
        with transaction.atomic():
            gone, _ = Session.objects.filter(session_key__in=keys, expire_date__lt=clock.now()).delete()
            alive = Session.objects.filter(session_key__in=keys).values_list("session_key", flat=True)
            UserSession.objects.filter(session_key__in=set(keys) - set(alive)).delete()
        total += gone
    return total


def list_devices(*, user: User, current: str) -> list[Device]:
    """The browsers that are signed in, this one first, then by when they were seen. Two queries."""
    rows = list(UserSession.objects.filter(user=user).order_by("pk"))
    alive = set(
        Session.objects.filter(
            session_key__in=[row.session_key for row in rows], expire_date__gt=clock.now()
        ).values_list("session_key", flat=True)
    )
    rows = [row for row in rows if row.session_key in alive]
    keys = {row.session_key for row in rows}
    found: dict[str, Device] = {}
    for row in sorted(rows, key=lambda row: bool(row.data.get("parent"))):
        parent = row.data.get("parent", "")
        key = parent if parent in keys else row.session_key
        device = found.setdefault(
            key, Device(key, name_device(row.user_agent), row.created_at, row.last_seen_at, key == current)
        )
        device.seen_at = max(device.seen_at, row.last_seen_at)
        host = row.data.get("host", "")
        if parent and host:
            device.hosts.append(host.partition(":")[0])
    return sorted(found.values(), key=lambda device: (not device.current, -device.seen_at.timestamp()))


class LastSeenMiddleware:
    """Keeps "last seen" of the session list true to ten minutes."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.session.session_key:
            note_seen(request)
        return self.get_response(request)


def note_seen(request: HttpRequest) -> None:
    """Keep "last seen" true to ten minutes: at most one update in that time, and no query otherwise."""
    session = request.session
    seen = session.get(SEEN_KEY)
    now = clock.now()
    if seen is None or now.timestamp() - seen < SEEN_SECONDS:
        return
    session[SEEN_KEY] = now.timestamp()
    UserSession.objects.filter(session_key=session.session_key).update(last_seen_at=now)


def mask_address(text: str) -> str:
    """The network, not the machine: enough to tell two places apart, too little to follow anybody."""
    try:
        address = ip_address(text)
    except ValueError:
        return "0.0.0.0"  # noqa: S104  # a socket without an address
    network = ip_network((address, 24 if address.version == 4 else 48), strict=False)
    return str(network.network_address)


_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)


def name_device(agent: str) -> str:
    """What a browser calls itself, in words: "Firefox on Windows"."""
    browser = next((name for mark, name in _BROWSERS if re.search(rf"\b{mark}/", agent)), "A browser")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return f"{browser} on {system}" if system else browser
