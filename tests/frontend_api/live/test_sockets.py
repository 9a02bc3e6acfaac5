"""Live parts: they arrive, resume, stay inside their tenant, and are only for whom they are for."""

from __future__ import annotations

import asyncio

import pytest
from django.db import connections, transaction

from frontend_api.live import rooms
from saas.events.log import append_rows, get_end
from tenants.context import TenantContext, enter_tenant
from tests.frontend_api.hosts import ACME, GLOBEX, Browser
from tests.frontend_api.live.sockets import Socket, tell

BOARD = "/live/board/?period=all&page=1"
pytestmark = pytest.mark.usefixtures("committed_pages")


async def test_a_change_reaches_the_page_with_its_position(acme: TenantContext) -> None:
    async with Socket() as socket:
        opened = await socket.read()
        assert "html" not in opened
        await tell(acme)
        part = await socket.read_part()
    assert "data-position" in part["html"]
    assert part["id"] > opened["id"]


async def test_a_socket_resumes_where_it_broke_off(acme: TenantContext) -> None:
    before = await tell(acme)
    async with Socket(f"{BOARD}&after={before}") as socket:
        assert (await socket.read())["id"] == str(before)
        part = await socket.read_part()
        async with Socket(f"{BOARD}&after={part['id']}") as again:
            await again.read()
            assert await again.is_quiet(1.5), "what it has seen is not sent again"


async def test_one_tenants_news_stay_in_its_own_pages(acme: TenantContext, globex: TenantContext) -> None:
    async with Socket(host=ACME) as ours, Socket(host=GLOBEX) as theirs:
        await ours.read()
        await theirs.read()
        for _ in range(5):
            await tell(globex)
        assert await theirs.read_part()
        assert await ours.is_quiet(1.5)


async def test_each_socket_renders_its_own_tenant(acme: TenantContext, globex: TenantContext) -> None:
    def rename() -> None:
        from engagement.members.models import Member

        for context, name in ((acme, "Only in Acme"), (globex, "Only in Globex")):
            with enter_tenant(context):
                Member.objects.update(display_name=name)
        connections.close_all()

    await asyncio.to_thread(rename)
    before = {host: await tell(context) for host, context in ((ACME, acme), (GLOBEX, globex))}
    cookies = await asyncio.to_thread(_team_cookies)
    for _ in range(3):
        async with (
            Socket(f"/live/home/?after={before[ACME]}", host=ACME, cookie=cookies[ACME]) as ours,
            Socket(f"/live/home/?after={before[GLOBEX]}", host=GLOBEX, cookie=cookies[GLOBEX]) as theirs,
        ):
            our_part, their_part = await asyncio.gather(ours.read_part(), theirs.read_part())
        assert "Only in Globex" not in our_part["html"]
        assert "Only in Acme" not in their_part["html"]


def _team_cookies() -> dict[str, str]:
    pages = Browser()
    found = {}
    for host, slug in ((ACME, "acme"), (GLOBEX, "globex")):
        pages.clients.pop("localhost", None)
        pages.sign_in(f"{slug}-owner", host=host, path="/earn/")
        found[host] = pages.on(host).cookies["sessionid"].value
    connections.close_all()
    return found


async def test_the_home_is_for_the_team(acme: TenantContext) -> None:
    cookies = await asyncio.to_thread(_team_cookies)
    async with Socket("/live/home/") as stranger:
        assert await stranger.read_close() == 4403
    async with Socket("/live/home/", cookie=cookies[GLOBEX]) as carried_over:
        assert await carried_over.read_close() == 4403
    async with Socket("/live/home/", cookie=cookies[ACME]) as team:
        await team.read()
        await tell(acme)
        assert "Active members" in (await team.read_part())["html"]


async def test_somebody_who_leaves_the_team_is_shown_no_more(
    acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dismiss() -> None:
        from tenants.models import Membership

        Membership.objects.filter(user__username="acme-owner").delete()
        connections.close_all()

    from frontend_api.live import consumers

    monkeypatch.setattr(consumers, "ASK_AGAIN_SECONDS", 0)
    cookies = await asyncio.to_thread(_team_cookies)
    async with Socket("/live/home/", cookie=cookies[ACME]) as socket:
        await socket.read()
        await tell(acme)
        await socket.read_part()
        await asyncio.to_thread(dismiss)
        await tell(acme)
        assert await socket.read_close() == 4403


@pytest.mark.parametrize(
    ("path", "host", "origin"),
    [
        (BOARD, ACME, "http://evil.example"),
        (BOARD, ACME, f"http://{GLOBEX}"),
        (BOARD, "localhost", ""),
        (BOARD, "nobody.localhost", ""),
        (BOARD, "evil.example", ""),
        ("/live/board/?period=century", ACME, ""),
        ("/live/board/?page=0", ACME, ""),
        ("/live/board/?page=99999999999999999999", ACME, ""),
    ],
)
async def test_what_is_not_there_is_refused(path: str, host: str, origin: str) -> None:
    async with Socket(path, host=host, origin=origin) as socket:
        assert await socket.read_close() == 4404


async def test_an_address_holds_so_many_sockets_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    from frontend_api.live.hub import get_hub

    monkeypatch.setattr(get_hub().limits, "per_address", 2)
    async with Socket() as one, Socket() as two:
        await one.read()
        await two.read()
        async with Socket() as three:
            assert await three.read_close() == 4429
    async with Socket() as later:
        assert await later.read()


async def test_a_burst_is_at_most_two_parts_a_second(acme: TenantContext) -> None:
    async def talk() -> None:
        for _ in range(30):
            await tell(acme)

    async with Socket() as socket:
        await socket.read()
        loop = asyncio.get_running_loop()
        talking = loop.create_task(talk())
        parts, started = 0, loop.time()
        while loop.time() < started + 2 or not (parts and talking.done()):
            await asyncio.sleep(0.05)
            while not socket.wire.output_queue.empty():
                await socket.read_part()
                parts += 1
        passed = loop.time() - started
    assert 1 <= parts <= 2 * passed + 1


async def test_a_lost_wake_up_costs_time_and_no_news(
    acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def log_silently() -> None:
        with enter_tenant(acme), connections["default"].cursor() as cursor:
            from saas.core import clock

            append_rows(cursor, [("StandingsChanged", {"members": [], "entries": 1}, clock.now())])
        connections.close_all()

    monkeypatch.setattr(rooms, "POLL", 0.4)
    async with Socket() as socket:
        await socket.read()
        await asyncio.to_thread(log_silently)
        assert await socket.read_part()


async def test_news_behind_an_older_transaction_come_when_it_has_ended(acme: TenantContext) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    began = asyncio.Event()

    def hold_a_transaction() -> None:
        with enter_tenant(acme), transaction.atomic(), connections["default"].cursor() as cursor:
            cursor.execute("select pg_current_xact_id()")
            loop.call_soon_threadsafe(began.set)
            asyncio.run_coroutine_threadsafe(ended.wait(), loop).result(60)
        connections.close_all()

    async with Socket() as socket:
        await socket.read()
        holding = asyncio.create_task(asyncio.to_thread(hold_a_transaction))
        await began.wait()
        await tell(acme)
        assert await socket.is_quiet(1.5), "the row cannot be read yet"
        ended.set()
        await holding
        assert await socket.read_part()


async def test_a_position_from_the_future_is_taken_back_to_the_end(acme: TenantContext) -> None:
    def read_end() -> str:
        with enter_tenant(acme):
            end = get_end()
        connections.close_all()
        return str(end)

    async with Socket(f"{BOARD}&after=999999999999-1") as socket:
        assert (await socket.read())["id"] <= await asyncio.to_thread(read_end)
        await tell(acme)
        assert await socket.read_part()


async def test_a_slow_reader_skips_parts_and_gets_the_newest() -> None:
    from frontend_api.live.calls import HomeView
    from frontend_api.live.rooms import Watcher
    from saas.events import Position

    watcher = Watcher(HomeView(), Position(1, 1))
    watcher.offer(Position(2, 1), "old")
    watcher.offer(Position(3, 1), "new")
    assert await watcher.fetch() == (Position(3, 1), "new")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(watcher.fetch(), 0.05)


async def test_a_closed_communitys_board_is_refused_to_strangers_and_goes_on_for_members(
    acme: TenantContext,
) -> None:
    def close(is_open: bool) -> None:
        from tenants.community import change_facts
        from tenants.routing import get_routing

        change_facts(tenant_id=acme.tenant_id, changes={"board_public": is_open})
        get_routing().load()
        connections.close_all()

    await asyncio.to_thread(close, False)
    async with Socket() as refused:
        assert await refused.read_close() == 4403
    await asyncio.to_thread(close, True)
    async with Socket() as again:
        assert "id" in await again.read()
