"""From an HTTP request to a handler and back, in the order that `rest` promises."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from ..errors import DiscordError, invalid_form, refused
from . import (  # noqa: F401 - importing a module declares its routes
    application_routes,
    channel_routes,
    guild_routes,
    interaction_routes,
    member_routes,
    message_routes,
    oauth_routes,
    role_routes,
    thread_routes,
    user_routes,
    webhook_routes,
)
from .call import ANYBODY, BEARER, BOT, ROUTES, Call, Route, Upload, answer

if TYPE_CHECKING:
    from ..faults import RestFault
    from ..server import LocalDiscord

_PREFIXES = ("/api/v10", "/api")
_VIA = "1.1 local"


def add_routes(app: web.Application, discord: LocalDiscord) -> None:
    """Mount every declared route under /api/v10 and /api, and an unknown one as Discord's 404."""
    for prefix in _PREFIXES:
        for route in sorted(ROUTES, key=_literal_first):
            app.router.add_route(route.method, prefix + route.template, _bind(route, discord))

    async def unknown(request: web.Request) -> web.StreamResponse:
        discord.note_unknown_route(request)
        response = answer({"message": "404: Not Found", "code": 0}, 404)
        response.headers["Via"] = _VIA
        return response

    app.router.add_route("*", "/api/{rest:.*}", unknown)


def _literal_first(route: Route) -> list[bool]:
    """`/messages/pins` must be tried before `/messages/{message_id}`: the router takes the first that fits."""
    return [part.startswith("{") for part in route.template.split("/")]


def _bind(route: Route, discord: LocalDiscord) -> Any:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await serve_call(discord, route, request)

    return handle


async def serve_call(discord: LocalDiscord, route: Route, request: web.Request) -> web.StreamResponse:
    """Answer one call: faults, authentication, limits, the document, the handler."""
    discord.calls[f"{route.method} {route.template}"] = (
        discord.calls.get(f"{route.method} {route.template}", 0) + 1
    )
    fault = discord.faults.take_rest(route.method, route.template)
    if discord.faults.in_outage:
        return _plain(503, "upstream connect error or disconnect/reset before headers")
    if discord.limits.banned:
        return web.Response(status=429, text="error code: 1015", content_type="text/html")
    if fault is not None and not fault.after:
        refusal = await _suffer(discord, fault, request)
        if refusal is not None:
            return refusal
    response = await _answer(discord, route, request)
    response.headers["Via"] = _VIA
    discord.check_answer(request, response)
    discord.limits.count_answer(response)
    if fault is not None and fault.after:
        return await _suffer(discord, fault, request) or response
    return response


async def _suffer(discord: LocalDiscord, fault: RestFault, request: web.Request) -> web.Response | None:
    if fault.delay:
        await asyncio.sleep(fault.delay)
    if fault.status == 0:
        return None
    if fault.status < 0:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)
    if fault.status == 429:
        response = discord.limits.refuse(fault.retry_after, is_global=fault.is_global)
        response.headers["Via"] = _VIA
        return response
    if fault.status >= 500:
        return _plain(fault.status, "<html><body>Bad gateway</body></html>")
    response = answer({"message": f"{fault.status}: fault on demand", "code": 0}, fault.status)
    response.headers["Via"] = _VIA
    return response


def _plain(status: int, text: str) -> web.Response:
    response = web.Response(status=status, text=text, content_type="text/html")
    response.headers["Via"] = _VIA
    return response


async def _answer(discord: LocalDiscord, route: Route, request: web.Request) -> web.StreamResponse:
    call = Call(request, discord, route)
    headers: dict[str, str] = {}
    problems: list[str] = []
    try:
        _authenticate(call)
        major = ":".join(request.match_info.get(name, "") for name in route.major)
        headers, refusal = discord.limits.take(route, major)
        if refusal is not None:
            return refusal
        await _read_body(call)
        problems = discord.check_call(call)
        result = await route.handler(call)
        response = result if isinstance(result, web.StreamResponse) else answer(result)
    except DiscordError as error:
        response = answer(error.payload(), error.status)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        # A body of the wrong shape trips a handler: Discord calls that an invalid form. Anything else is our mistake.
        if not problems and discord.document is not None:
            raise
        response = answer(invalid_form("_", "BASE_TYPE_INVALID", f"{error!r}").payload(), 400)
    response.headers.update(headers)
    return response


def _authenticate(call: Call) -> None:
    auth = call.route.auth
    if auth == ANYBODY:
        return
    kind, _, token = call.request.headers.get("Authorization", "").partition(" ")
    discord = call.discord
    if BOT in auth and kind == "Bot" and token == discord.config.bot_token and discord.hub.token_valid:
        return
    if BEARER in auth and kind == "Bearer":
        grant = discord.oauth.find_grant(token)
        if grant is not None:
            if call.route.scope and not grant.scopes & set(call.route.scope.split("|")):
                raise refused(50001)
            call.grant = grant
            return
    raise DiscordError(401, 0, "401: Unauthorized")


async def _read_body(call: Call) -> None:
    request = call.request
    content_type = request.content_type
    if content_type == "multipart/form-data":
        await _read_multipart(call)
    elif content_type == "application/x-www-form-urlencoded":
        call.body = {key: str(value) for key, value in (await request.post()).items()}
    elif request.can_read_body:
        raw = await request.read()
        if raw:
            try:
                call.body = orjson.loads(raw)
            except orjson.JSONDecodeError as error:
                raise refused(50109) from error


async def _read_multipart(call: Call) -> None:
    fields = await call.request.post()
    for name, value in fields.items():
        if name == "payload_json":
            try:
                call.body = orjson.loads(value.file.read() if isinstance(value, web.FileField) else value)
            except orjson.JSONDecodeError as error:
                raise refused(50109) from error
        elif isinstance(value, web.FileField):
            digits = "".join(filter(str.isdigit, name))
            call.uploads.append(
                Upload(int(digits or 0), value.filename, value.content_type, value.file.read())
            )
    if call.body is None:
        call.body = {}
