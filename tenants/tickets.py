"""Tickets: how a browser that is known in one place becomes known in another (DESIGN section 4.5).

Two kinds, both single use:

    session ticket   BASE_DOMAIN → a tenant's host; 60 s; bound to user, host and a nonce cookie set on that host
    member ticket    Discord → a member's page; 15 min; bound to the tenant and the person's id at the provider

Invariants: what a ticket grants lies in Redis under its random name and is taken out by the one redemption that wins
(GETDEL); the text in the address is that name, signed. When Redis lost it the ticket is void, never valid twice.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from redis import RedisError

from saas.core.crypto import digest_of, is_digest_of, new_secret, sign, unsign
from saas.core.errors import NotAllowedError, UnavailableError
from saas.core.redis_clients import cache_redis
from tenants.context import TenantContext

SESSION_SECONDS = 60
MEMBER_SECONDS = 15 * 60  # as long as the interaction whose reply carries the link


class BadTicketError(NotAllowedError):
    """The ticket was used, has expired, or belongs to another host, tenant or browser."""

    code = "bad_ticket"


@dataclass(frozen=True, slots=True)
class SessionTicket:
    user_id: int
    host: str
    nonce_digest: str
    next_path: str
    parent_session: str  # the session on BASE_DOMAIN that this one descends from and ends with
    proof_at: float = 0.0  # when the person last proved who they are, in seconds


@dataclass(frozen=True, slots=True)
class MemberTicket:
    schema: str
    provider: str
    external_id: str
    next_path: str


def issue_session_ticket(
    *,
    user_id: int,
    host: str,
    nonce_digest: str,
    next_path: str,
    parent_session: str,
    proof_at: float = 0.0,
) -> str:
    """A ticket that signs `user_id` in on `host` (with its port) within 60 s. Raises UnavailableError.

    `nonce_digest` is the digest of the nonce whose cookie the browser got from that host.
    """
    ticket = SessionTicket(user_id, host, nonce_digest, next_path, parent_session, proof_at)
    return _store("session", asdict(ticket), SESSION_SECONDS)


def redeem_session_ticket(*, token: str, host: str, nonce: str) -> SessionTicket:
    """Take the ticket out, once. Raises BadSignatureError, BadTicketError and UnavailableError.

    A ticket shown at the wrong host or without its nonce is spent all the same: somebody has got hold of it.
    """
    ticket = SessionTicket(**_read("session", token, SESSION_SECONDS, take=True))
    if ticket.host != host or not nonce or not is_digest_of(nonce, ticket.nonce_digest):
        raise BadTicketError(
            "This sign-in was started in another browser or on another address. Sign in again from here."
        )
    return ticket


def issue_member_ticket(*, schema: str, provider: str, external_id: str, next_path: str = "/") -> str:
    """A ticket by which whoever opens it becomes that person's member on the tenant's pages. Raises UnavailableError."""
    ticket = MemberTicket(schema, provider, external_id, next_path)
    return _store("member", asdict(ticket), MEMBER_SECONDS)


def check_member_ticket(*, token: str) -> None:
    """Whether the ticket is whole and young; does not take it. For the page that asks before it redeems, because
    link previews fetch addresses too. Raises BadSignatureError."""
    unsign(token, purpose="ticket:member", max_age=MEMBER_SECONDS)


def peek_member_ticket(*, token: str, schema: str) -> MemberTicket:
    """What the ticket grants, without taking it. Raises BadSignatureError, BadTicketError and UnavailableError."""
    return _of_tenant(MemberTicket(**_read("member", token, MEMBER_SECONDS, take=False)), schema)


def redeem_member_ticket(*, token: str, schema: str) -> MemberTicket:
    """Take the ticket out, once. Raises BadSignatureError, BadTicketError and UnavailableError."""
    return _of_tenant(MemberTicket(**_read("member", token, MEMBER_SECONDS, take=True)), schema)


def _of_tenant(ticket: MemberTicket, schema: str) -> MemberTicket:
    if ticket.schema != schema:
        raise BadTicketError("This link belongs to another community. Ask the bot for a new one.")
    return ticket


def get_member_link(context: TenantContext, *, provider: str, external_id: str, next_path: str = "/") -> str:
    """The whole address, for a reply that only this person sees. Raises UnavailableError."""
    token = issue_member_ticket(
        schema=context.schema, provider=provider, external_id=external_id, next_path=next_path
    )
    return f"{get_tenant_address(context.slug)}/visit/?ticket={token}"


def get_tenant_address(slug: str) -> str:
    """`https://<slug>.<BASE_DOMAIN>`, with BASE_URL's scheme and port."""
    base = urlsplit(settings.BASE_URL)
    port = f":{base.port}" if base.port else ""
    return f"{base.scheme}://{slug}.{settings.BASE_DOMAIN}{port}"


def _store(kind: str, values: dict[str, Any], seconds: int) -> str:
    name = new_secret()
    try:
        cache_redis().set(_key(kind, name), orjson.dumps(values), ex=seconds)
    except RedisError as error:
        raise UnavailableError("Signing in is not possible right now. Try again in a minute.") from error
    return sign({"n": name}, purpose=f"ticket:{kind}")


def _read(kind: str, token: str, seconds: int, *, take: bool) -> dict[str, Any]:
    name = str(unsign(token, purpose=f"ticket:{kind}", max_age=seconds)["n"])
    try:
        key, redis = _key(kind, name), cache_redis()
        stored = redis.getdel(key) if take else redis.get(key)
    except RedisError as error:
        raise UnavailableError("Signing in is not possible right now. Try again in a minute.") from error
    if not isinstance(stored, bytes):
        raise BadTicketError("This link was used already or has expired. Ask for a new one.")
    return dict(orjson.loads(stored))


def _key(kind: str, name: str) -> str:
    return f"ticket:{kind}:{digest_of(name)}"
