"""OAuth2 of the local Discord: codes, tokens, PKCE and the rules of redirect addresses.

Invariant: a redirect address matches exactly one registered for the application; a code is good once and for ten
minutes; with a challenge the token needs its verifier.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass

from .config import Config
from .errors import DiscordError
from .rest.call import Grant

SCOPES = frozenset(
    {
        "identify", "email", "guilds", "guilds.join", "guilds.members.read", "bot", "applications.commands",
        "connections", "role_connections.write", "openid",
    }
)  # fmt: skip
_CODE_SECONDS = 600.0
TOKEN_SECONDS = 604_800


@dataclass(slots=True)
class Code:
    user_id: int
    scopes: frozenset[str]
    redirect_uri: str
    guild_id: int | None
    challenge: str
    method: str
    expires: float


@dataclass(slots=True)
class Token:
    user_id: int
    scopes: frozenset[str]
    access: str
    refresh: str
    expires: float


class OAuthError(DiscordError):
    """An error of the token address, in OAuth2's own shape."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(status, 0, description)
        self.error = error

    def payload(self) -> dict[str, str]:
        return {"error": self.error, "error_description": self.message}


class OAuth:
    def __init__(self, config: Config) -> None:
        self._config = config
        self._codes: dict[str, Code] = {}
        self._by_access: dict[str, Token] = {}
        self._by_refresh: dict[str, Token] = {}

    def clear(self) -> None:
        self._codes.clear()
        self._by_access.clear()
        self._by_refresh.clear()

    def is_registered(self, redirect_uri: str) -> bool:
        """Exactly as registered: no wildcard, no missing slash forgiven. With none registered, loopback is taken."""
        if self._config.redirect_uris:
            return redirect_uri in self._config.redirect_uris
        return redirect_uri.startswith(("http://127.0.0.1", "http://localhost", "https://localhost"))

    def issue_code(
        self,
        *,
        user_id: int,
        scopes: frozenset[str],
        redirect_uri: str,
        guild_id: int | None,
        challenge: str = "",
        method: str = "",
    ) -> str:
        code = secrets.token_urlsafe(22)
        self._codes[code] = Code(
            user_id,
            scopes,
            redirect_uri,
            guild_id,
            challenge,
            method or "plain",
            time.monotonic() + _CODE_SECONDS,
        )
        return code

    def redeem_code(self, code: str, *, redirect_uri: str, verifier: str) -> tuple[Token, int | None]:
        """Exchange a code, once. Raises OAuthError `invalid_grant`."""
        found = self._codes.pop(code, None)
        if found is None or time.monotonic() > found.expires:
            raise OAuthError(400, "invalid_grant", 'Invalid "code" in request.')
        if found.redirect_uri != redirect_uri:
            raise OAuthError(400, "invalid_grant", 'Invalid "redirect_uri" in request.')
        if found.challenge and not _verifies(found, verifier):
            raise OAuthError(400, "invalid_grant", 'Invalid "code_verifier" in request.')
        return self.issue_token(found.user_id, found.scopes), found.guild_id

    def issue_token(self, user_id: int, scopes: frozenset[str]) -> Token:
        token = Token(
            user_id,
            scopes,
            secrets.token_urlsafe(22),
            secrets.token_urlsafe(22),
            time.monotonic() + TOKEN_SECONDS,
        )
        self._by_access[token.access] = token
        self._by_refresh[token.refresh] = token
        return token

    def refresh(self, refresh_token: str) -> Token:
        """A new pair for an old one; the old pair is dead."""
        token = self._by_refresh.get(refresh_token)
        if token is None:
            raise OAuthError(400, "invalid_grant", 'Invalid "refresh_token" in request.')
        self._forget(token)
        return self.issue_token(token.user_id, token.scopes)

    def revoke(self, text: str) -> None:
        """End the authorization that the token belongs to: every token of that person, as Discord does."""
        token = self._by_access.get(text) or self._by_refresh.get(text)
        if token is not None:
            for other in [each for each in self._by_access.values() if each.user_id == token.user_id]:
                self._forget(other)

    def _forget(self, token: Token) -> None:
        self._by_access.pop(token.access, None)
        self._by_refresh.pop(token.refresh, None)

    def find_grant(self, access_token: str) -> Grant | None:
        token = self._by_access.get(access_token)
        if token is None or time.monotonic() > token.expires:
            return None
        return Grant(token.user_id, token.scopes)

    def check_client(self, client_id: str, client_secret: str | None) -> None:
        """Raises OAuthError `invalid_client` unless these are the application's credentials."""
        right_id = secrets.compare_digest(client_id, str(self._config.client_id))
        right_secret = client_secret is not None and secrets.compare_digest(
            client_secret, self._config.client_secret
        )
        if not (right_id and right_secret):
            raise OAuthError(401, "invalid_client", "The client id or secret is wrong.")


def _verifies(code: Code, verifier: str) -> bool:
    if not verifier:
        return False
    if code.method == "S256":
        digest = hashlib.sha256(verifier.encode()).digest()
        verifier = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return secrets.compare_digest(verifier, code.challenge)
