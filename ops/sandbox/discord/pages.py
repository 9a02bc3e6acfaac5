"""Everything that is served beside REST and gateway: pictures, uploads, the sign-in pages and the chat page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from .control.http import add_control
from .files import draw_avatar
from .gateway.connection import serve_gateway
from .oauth_pages import Authorization

if TYPE_CHECKING:
    from .server import LocalDiscord


_PAGE = Path(__file__).parent / "page"


def add_pages(app: web.Application, discord: LocalDiscord) -> None:
    add_control(app, discord)

    async def picture(request: web.Request) -> web.Response:
        number = int(request.match_info["id"])
        headers = {"Cache-Control": "max-age=86400"}
        return web.Response(body=draw_avatar(number), content_type="image/png", headers=headers)

    app.router.add_get(r"/avatars/{id:\d+}/{name}", picture)
    app.router.add_get(r"/icons/{id:\d+}/{name}", picture)
    app.router.add_get(r"/embed/avatars/{id:\d+}.png", picture)

    async def upload(request: web.Request) -> web.Response:
        info = request.match_info
        found = discord.files.read(int(info["channel"]), info["file"])
        if found is None:
            return web.Response(status=404, text="This content is no longer available.")
        kind, data = found
        headers = {
            "Content-Security-Policy": "default-src 'none'; img-src 'self'",
            "X-Content-Type-Options": "nosniff",
        }
        return web.Response(body=data, content_type=kind.partition(";")[0], headers=headers)

    app.router.add_get(r"/attachments/{channel:\d+}/{file:\d+}/{name}", upload)

    async def front(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await serve_gateway(request, discord.hub)
        return web.FileResponse(_PAGE / "index.html", headers={"Cache-Control": "no-cache"})

    app.router.add_get("/", front)

    async def part(request: web.Request) -> web.StreamResponse:
        path = _PAGE / request.match_info["name"]
        if not path.is_file():
            return web.Response(status=404)
        return web.FileResponse(path, headers={"Cache-Control": "no-cache"})

    app.router.add_get(r"/page/{name:[a-z]+\.(js|css)}", part)
    Authorization(discord).mount(app)
