"""The real pages of two communities, asked for at random by many browsers at once behind the real ASGI application."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.core.cache import cache
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from engagement.members.models import Member
from engagement.progression.services import Actor, adjust_points, ensure_member
from saas.asgi import application
from tenants import routing as routing_module
from tenants.context import TenantContext, enter_tenant
from tenants.routing import Routing

PEOPLE = {"acme": ["Ada of Acme", "Alan of Acme"], "globex": ["Grace of Globex", "Gordon of Globex"]}
_keys = count()


@pytest.fixture
def communities(
    committed_db: None,
    acme: TenantContext,
    globex: TenantContext,
    redis_cache: Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, list[int]]:
    """Both communities with ranked people. Answers each one's member ids, which are the same numbers in both."""
    cache.clear()
    routing = Routing()
    routing.load()
    monkeypatch.setattr(routing_module, "_routing", routing)
    monkeypatch.setattr(routing, "start", lambda: None)
    return {context.slug: _people(context) for context in (acme, globex)}


def _people(context: TenantContext) -> list[int]:
    made = []
    with enter_tenant(context):
        for number, name in enumerate(PEOPLE[context.slug]):
            member = ensure_member(provider="discord", external_id=str(10**17 + number), display_name=name)
            adjust_points(
                member_id=member.pk,
                amount=500 + number,
                reason=f"a reason at {context.slug}",
                actor=Actor("system", 0, "the test"),
                idempotency_key=f"isolation-{next(_keys)}",
                context=context,
            )
            made.append(member.pk)
    return made


async def ask(host: str, path: str) -> tuple[int, str]:
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", host.encode())],
        "scheme": "http",
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    talk = ApplicationCommunicator(application, scope)
    await talk.send_input({"type": "http.request"})
    start = await talk.receive_output(30)
    body = b""
    while True:
        part = await talk.receive_output(30)
        body += part.get("body", b"")
        if not part.get("more_body"):
            break
    await talk.wait(30)
    return start["status"], body.decode()


def strangers(slug: str) -> list[str]:
    return [name for other, names in PEOPLE.items() if other != slug for name in names] + [
        f"a reason at {other}" for other in PEOPLE if other != slug
    ]


requests = st.lists(
    st.tuples(
        st.sampled_from(["acme", "globex"]),
        st.sampled_from(["board", "member", "earn", "missing"]),
        st.integers(0, 1),
    ),
    min_size=4,
    max_size=16,
)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(plan=requests)
def test_no_page_shows_anothers_people(
    communities: dict[str, list[int]], plan: list[tuple[str, str, int]]
) -> None:
    async def browse() -> list[tuple[int, str]]:
        calls = []
        for slug, page, number in plan:
            member = communities[slug][number]
            path = {
                "board": "/",
                "member": f"/members/{member}/",
                "earn": "/earn/",
                "missing": "/members/999999/",
            }[page]
            calls.append(ask(f"{slug}.localhost", path))
        answers = await asyncio.gather(*calls)
        await sync_to_async(connections.close_all)()
        return answers

    for (slug, page, number), (status, body) in zip(plan, asyncio.run(browse()), strict=True):
        assert status == (404 if page == "missing" else 200), (slug, page)
        assert not [name for name in strangers(slug) if name in body], (slug, page)
        if page in {"board", "member"}:
            assert PEOPLE[slug][number] in body


def test_the_members_ids_are_the_same_so_a_mix_up_would_show(
    communities: dict[str, list[int]], acme: Any
) -> None:
    assert communities["acme"] == communities["globex"]
    with enter_tenant(acme):
        assert set(Member.objects.values_list("display_name", flat=True)) == set(PEOPLE["acme"])
