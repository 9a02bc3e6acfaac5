"""Everything that is served beside REST and gateway: pictures and uploads for now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from .control.http import add_control
from .files import draw_avatar

if TYPE_CHECKING:
    from .server import LocalDiscord


def add_pages(app: web.Application, discord: LocalDiscord) -> None:
    add_control(app, discord)

    async def picture(request: web.Request) -> web.Response:
        number = int(request.match_info["id"])
        headers = {"Cache-Control": "max-age=86400"}
        return web.Response(body=draw_avatar(number), content_type="image/png", headers=headers)

    app.router.add_get(r"/avatars/{id:\d+}/{name}", picture)
    app.router.add_get(r"/icons/{id:\d+}/{name}", picture)
    app.router.add_get(r"/embed/avatars/{id:\d+}.png", picture)
