"""The bots' addresses over the boards, and faults on demand.

GET /api/plugins/levels/leaderboard/{guild}?limit&page    MEE6
GET /polaris/api/leaderboard/{guild}?page&pageSize        Polaris
GET /v2/levels/{guild}?page                               Lurkr
GET /api/v1/guild/leaderboard/{guild}?page&limit          Amari, with the key as Authorization; 501 after the last page
GET /v1/guilds/{guild}/rankings/all?offset                Tatsu, likewise
POST /_faults {"statuses": [503, 429], "retry_after": 0.1, "body": null}   what the next requests are answered with
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

from .boards import LOCAL_KEY, OldBoard, OldPerson

LURKR_PAGE: Final = 100
TATSU_PAGE: Final = 100
_BOARDS: Final = web.AppKey("boards", dict)
_FAULTS: Final = web.AppKey("faults", dict)
_ASKED: Final = web.AppKey("asked", list)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(boards: dict[int, OldBoard], *, key: str = LOCAL_KEY) -> web.Application:
    """The application; `app[ASKED]` lists the paths that were asked for."""

    @web.middleware
    async def faults(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/_faults":
            return await handler(request)
        request.app[_ASKED].append(request.path_qs)
        waiting = request.app[_FAULTS]
        if waiting.get("statuses"):
            status = waiting["statuses"].pop(0)
            headers = {"Retry-After": str(waiting.get("retry_after", 0))} if status == 429 else {}
            if 300 <= status < 400:
                headers["Location"] = "http://169.254.169.254/latest/meta-data/"
            return web.Response(status=status, text=waiting.get("body") or "{}", headers=headers)
        return await handler(request)

    def board_of(request: web.Request) -> OldBoard:
        board = boards.get(int(request.match_info["guild"]))
        if board is None:
            raise web.HTTPNotFound(text=json.dumps({"error": "unknown guild"}))
        if board.private:
            raise web.HTTPUnauthorized(text=json.dumps({"error": "private"}))
        return board

    def keyed(request: web.Request) -> None:
        if request.headers.get("Authorization") != key:
            raise web.HTTPUnauthorized(text=json.dumps({"error": "bad key"}))

    async def mee6(request: web.Request) -> web.Response:
        board = board_of(request)
        rewards = [
            {
                "rank": one.level,
                "role": {"id": str(one.role_id), "name": one.name},
                "role_id": str(one.role_id),
            }
            for one in board.rewards
        ]
        players = [
            {"id": str(one.id), "username": one.name, "avatar": None, "level": one.level, "xp": one.xp, "message_count": one.xp // 20}
            for one in _page(request, board, first=0, default=100, most=1_000)
        ]  # fmt: skip
        return web.json_response(
            {"players": players, "role_rewards": rewards, "xp_per_message": [15, 25], "xp_rate": 1.0}
        )

    async def polaris(request: web.Request) -> web.Response:
        board = board_of(request)
        people = _page(request, board, first=1, default=100, most=100, size="pageSize")
        settings = {
            "gain": {"min": 50, "max": 100, "time": 60},
            "curve": {"1": 100, "2": 50, "3": 1},
            "rounding": 100,
            "rewards": [
                {"id": str(one.role_id), "level": one.level, "keep": True, "noSync": False}
                for one in board.rewards
            ],
        }
        rows = [{"id": str(one.id), "xp": one.xp, "username": one.name} for one in people]
        return web.json_response({"leaderboard": rows, "settings": settings})

    async def lurkr(request: web.Request) -> web.Response:
        board = board_of(request)
        people = _page(request, board, first=1, default=LURKR_PAGE, most=LURKR_PAGE)
        rows = [
            {"userId": str(one.id), "level": one.level, "xp": one.xp, "messageCount": 1} for one in people
        ]
        rewards = [{"level": one.level, "roles": [{"id": str(one.role_id)}]} for one in board.rewards]
        return web.json_response({"levels": rows, "roleRewards": rewards, "multipliers": []})

    async def amari(request: web.Request) -> web.Response:
        keyed(request)
        people = _page(request, board_of(request), first=1, default=50, most=1_000)
        if not people:
            return web.json_response({"error": "no more"}, status=501)
        rows = [
            {"id": str(one.id), "username": one.name, "level": one.level, "exp": one.xp, "weeklyExp": 0}
            for one in people
        ]
        return web.json_response({"data": rows})

    async def tatsu(request: web.Request) -> web.Response:
        keyed(request)
        offset = int(request.query.get("offset", 0))
        people = board_of(request).ranked[offset : offset + TATSU_PAGE]
        rows = [
            {"rank": offset + place, "score": one.xp, "user_id": str(one.id)}
            for place, one in enumerate(people, 1)
        ]
        return web.json_response({"rankings": rows})

    async def set_faults(request: web.Request) -> web.Response:
        request.app[_FAULTS].clear()
        request.app[_FAULTS].update(await request.json())
        return web.json_response({})

    async def say_ready(request: web.Request) -> web.Response:
        return web.json_response({"boards": sorted(boards)})

    app = web.Application(middlewares=[faults])
    app[_BOARDS], app[_FAULTS], app[_ASKED] = boards, {}, []
    app.router.add_get("/", say_ready)
    app.router.add_get(r"/api/plugins/levels/leaderboard/{guild:\d+}", mee6)
    app.router.add_get(r"/polaris/api/leaderboard/{guild:\d+}", polaris)
    app.router.add_get(r"/v2/levels/{guild:\d+}", lurkr)
    app.router.add_get(r"/api/v1/guild/leaderboard/{guild:\d+}", amari)
    app.router.add_get(r"/v1/guilds/{guild:\d+}/rankings/all", tatsu)
    app.router.add_post("/_faults", set_faults)
    return app


def asked(app: web.Application) -> list[Any]:
    """The paths that were asked for, in order."""
    return app[_ASKED]


def _page(
    request: web.Request, board: OldBoard, *, first: int, default: int, most: int, size: str = "limit"
) -> list[OldPerson]:
    wanted = min(int(request.query.get(size, default)), most)
    number = int(request.query.get("page", first)) - first
    return board.ranked[number * wanted : (number + 1) * wanted]
