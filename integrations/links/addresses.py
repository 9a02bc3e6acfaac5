"""Which addresses of the internet may be visited for somebody else: public ones, whatever way they are written."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable
from typing import Final

from .errors import LinkAwayError, LinkRefusedError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]
# Where an IPv4 address, or the way to one, stands inside an IPv6 address.
_WRAPPED: Final = tuple(
    ipaddress.ip_network(text)
    for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")
)


def is_public(address: Address) -> bool:
    """Whether everybody on the internet could reach it. Addresses that wrap another one are none, but for mapped IPv4."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address.is_site_local or address.scope_id or any(address in net for net in _WRAPPED):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def resolve(host: str, port: int) -> list[str]:
    """The addresses that the system's resolver knows. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def resolve_within(ask: Resolve, host: str, port: int, seconds: float) -> list[str]:
    """`ask` with a bound on time, which resolvers have none of. Raises LinkAwayError."""
    found: list[str] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            found.extend(ask(host, port))
        except (OSError, UnicodeError) as error:
            failed.append(error)

    thread = threading.Thread(target=work, daemon=True, name="resolve a link")
    thread.start()
    thread.join(max(0.0, seconds))
    if failed:
        raise LinkAwayError(f"{host} is not known: {failed[0]}")
    if thread.is_alive() or not found:
        raise LinkAwayError(f"{host} was not resolved in time.")
    return list(found)


def require_public(found: list[str], allows: Callable[[Address], bool]) -> list[str]:
    """All of them, so that no name mixes a public address with one of ours. Raises LinkRefusedError."""
    for text in found:
        try:
            address = ipaddress.ip_address(text)
        except ValueError as error:
            raise LinkRefusedError(f"{text} is no address.") from error
        if not allows(address):
            raise LinkRefusedError(f"{text} is no public address.")
    return found
