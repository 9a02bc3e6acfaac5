"""The token address of OAuth2, and who a token belongs to."""

from __future__ import annotations

import base64
import binascii
import time
from typing import Any

from ..oauth import TOKEN_SECONDS, OAuthError, Token
from ..state.payloads import Payload, guild_payload, user_payload
from ..state.snowflakes import iso_from_ms, now_ms
from .application_routes import application_payload
from .call import ANYBODY, BEARER, Call, route


def _check_client(call: Call, form: dict[str, Any]) -> None:
    client_id, secret = str(form.get("client_id") or ""), form.get("client_secret")
    header = call.request.headers.get("Authorization", "")
    if header.startswith("Basic "):
        try:
            client_id, _, secret = base64.b64decode(header[6:]).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise OAuthError(401, "invalid_client", "The Authorization header is not valid Basic.") from error
    call.discord.oauth.check_client(client_id, secret)


def _form(call: Call) -> dict[str, Any]:
    if call.request.content_type != "application/x-www-form-urlencoded":
        raise OAuthError(
            400, "invalid_request", "The token address takes application/x-www-form-urlencoded only."
        )
    form: dict[str, Any] = call.body or {}
    return form


def _told(token: Token) -> Payload:
    return {
        "token_type": "Bearer",
        "access_token": token.access,
        "expires_in": TOKEN_SECONDS,
        "refresh_token": token.refresh,
        "scope": " ".join(sorted(token.scopes)),
    }


@route("POST", "/oauth2/token", auth=ANYBODY, limit=50, window=5.0)
async def exchange(call: Call) -> Payload:
    """Code, refresh token or client credentials for an access token; with `bot`, the guild installed to."""
    form = _form(call)
    oauth = call.discord.oauth
    _check_client(call, form)
    kind = form.get("grant_type")
    if kind == "authorization_code":
        token, guild_id = oauth.redeem_code(
            str(form.get("code") or ""),
            redirect_uri=str(form.get("redirect_uri") or ""),
            verifier=str(form.get("code_verifier") or ""),
        )
        payload = _told(token)
        if guild_id is not None and guild_id in call.world.guilds:
            payload["guild"] = guild_payload(call.world, call.world.guilds[guild_id])
        return payload
    if kind == "refresh_token":
        return _told(oauth.refresh(str(form.get("refresh_token") or "")))
    if kind == "client_credentials":
        scopes = frozenset(str(form.get("scope") or "identify").split())
        payload = _told(oauth.issue_token(call.world.bot_id, scopes))
        del payload["refresh_token"]
        return payload
    raise OAuthError(
        400, "unsupported_grant_type", "The grant type must be authorization_code or refresh_token."
    )


@route("POST", "/oauth2/token/revoke", auth=ANYBODY)
async def revoke(call: Call) -> Payload:
    form = _form(call)
    _check_client(call, form)
    call.discord.oauth.revoke(str(form.get("token") or ""))
    return {}


@route("GET", "/oauth2/@me", auth=BEARER)
async def get_authorization(call: Call) -> Payload:
    assert call.grant is not None
    application = application_payload(call)
    shown = (
        "id",
        "name",
        "icon",
        "description",
        "bot_public",
        "bot_require_code_grant",
        "verify_key",
        "type",
        "flags",
        "flags_new",
    )
    payload: Payload = {
        "application": {key: application[key] for key in shown},
        "scopes": sorted(call.grant.scopes),
        "expires": iso_from_ms(now_ms() + TOKEN_SECONDS * 1000),
    }
    if "identify" in call.grant.scopes:
        payload["user"] = user_payload(call.world.user(call.grant.user_id))
    return payload


@route("GET", "/oauth2/userinfo", auth=BEARER, scope="openid")
async def get_userinfo(call: Call) -> Payload:
    assert call.grant is not None
    user = call.world.user(call.grant.user_id)
    payload: Payload = {
        "sub": str(user.id),
        "preferred_username": user.username,
        "nickname": user.global_name,
        "locale": user.locale,
        "updated_at": int(time.time()),
    }
    if "email" in call.grant.scopes:
        payload |= {"email": user.email, "email_verified": True}
    return payload
