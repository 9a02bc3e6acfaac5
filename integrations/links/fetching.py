"""The first part of a web page, fetched on behalf of somebody who may mean us no good.

The address that was looked at is the address that is connected to: names are resolved once a hop, so that a resolver which answers
differently the second time changes nothing.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from django.conf import settings

from .addresses import Address, Resolve, is_public, require_public, resolve, resolve_within
from .errors import LinkAwayError, LinkRefusedError

_TYPES: Final = ("text/html", "application/xhtml+xml")
_MOVED: Final = (301, 302, 303, 307, 308)
_SOON: Final = (408, 425, 429, *range(500, 600))  # a status that may be another one later
_PACKED: Final = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
_SAFE: Final = "/%:@!$&'()*+,;=-._~"
_PIECE: Final = 16 * 1024
_MAX_URL: Final = 2_000
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds` for all of it, redirects too; `most` bytes of a page, as they come and as they are unpacked."""

    seconds: float = 5.0
    most: int = 512 * 1024
    redirects: int = 3


@dataclass(frozen=True, slots=True)
class Page:
    """`host` is where the link led in the end. `data` is the beginning of the page."""

    host: str
    data: bytes
    charset: str


@dataclass(frozen=True, slots=True)
class Fetcher:
    """The parts that tests replace: the resolver, which addresses may be visited, and on which ports (None: any)."""

    resolve: Resolve = resolve
    allows: Callable[[Address], bool] = is_public
    ports: frozenset[int] | None = frozenset({80, 443})
    limits: Limits = field(default_factory=Limits)

    def fetch(self, url: str) -> Page:
        """Raises LinkRefusedError, LinkAwayError."""
        until = time.monotonic() + self.limits.seconds
        for _ in range(self.limits.redirects + 1):
            target = self._check(url)
            answer = self._ask(target, until)
            if isinstance(answer, Page):
                return answer
            url = _join(url, answer)
        raise LinkRefusedError("It leads from one address to the next.")

    def _check(self, url: str) -> SplitResult:
        """Only what a browser's address bar would take. Raises LinkRefusedError."""
        try:
            target = urlsplit(url)
            port, host = target.port, target.hostname or ""
            host.encode("idna")
        except (ValueError, UnicodeError) as error:
            raise LinkRefusedError(f"No address that can be read: {error}") from error
        if len(url) > _MAX_URL or target.scheme not in _PORTS or not host:
            raise LinkRefusedError("Only http and https are followed.")
        if target.username is not None or target.password is not None:
            raise LinkRefusedError("It names a login.")
        if self.ports is not None and (port or _PORTS[target.scheme]) not in self.ports:
            raise LinkRefusedError(f"Port {port} is not visited.")
        return target

    def _ask(self, target: SplitResult, until: float) -> Page | str:
        """The page, or the address that it moved to."""
        host = (target.hostname or "").encode("idna").decode()
        port = target.port or _PORTS[target.scheme]
        found = resolve_within(self.resolve, host, port, until - time.monotonic())
        connection = _Connection(
            host, port, require_public(found, self.allows), target.scheme == "https", until
        )
        try:
            connection.request("GET", _path_of(target), headers=_headers())
            with connection.getresponse() as response:
                return self._read(response, host, until)
        except (TimeoutError, OSError, http.client.HTTPException, ValueError) as error:
            # What the watch cut off, and every way in which a server can speak no HTTP.
            raise LinkAwayError(f"{host} did not answer: {error}") from error
        finally:
            connection.close()

    def _read(self, response: http.client.HTTPResponse, host: str, until: float) -> Page | str:
        if time.monotonic() > until:  # what was cut off looks like headers that ended
            raise TimeoutError("too slow")
        if response.status in _MOVED:
            place = response.headers.get("Location", "")
            if not place:
                raise LinkRefusedError("It moved, and nobody says where to.")
            return place
        if response.status in _SOON:
            raise LinkAwayError(f"{host} answered {response.status}.")
        kind = response.headers.get_content_type()
        if response.status != 200 or kind not in _TYPES:
            raise LinkRefusedError(f"{host} answered {response.status} and {kind}.")
        data = _read_bounded(response, self.limits.most, until)
        return Page(host, data, response.headers.get_content_charset() or "")


class _Connection(http.client.HTTPConnection):
    """To one of the addresses that were looked at, and cut off at `until` whatever it is doing then: connecting, shaking hands, or
    waiting for the next of many drops."""

    def __init__(self, host: str, port: int, found: list[str], secure: bool, until: float) -> None:
        super().__init__(host, port, timeout=max(0.001, until - time.monotonic()))
        self._found, self._secure, self._until = found, secure, until
        self._watch: threading.Timer | None = None

    def connect(self) -> None:
        failed: OSError | None = None
        for address in self._found:
            left = self._until - time.monotonic()
            if left <= 0:
                raise TimeoutError("too slow")
            try:
                self.sock = socket.create_connection((address, self.port), left)
                break
            except OSError as error:
                failed = error
        else:
            raise failed or TimeoutError("too slow")
        if self._secure:
            # The handshake waits until the watch holds this very socket: wrapping takes the connection out of the other one.
            secured = ssl.create_default_context().wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock = secured
        self._watch = threading.Timer(max(0.0, self._until - time.monotonic()), _cut, [self.sock])
        self._watch.daemon = True
        self._watch.start()
        if self._secure:
            secured.do_handshake()

    def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        super().close()


def _cut(sock: socket.socket) -> None:
    with suppress(OSError):  # it is closed already
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _read_bounded(response: http.client.HTTPResponse, most: int, until: float) -> bytes:
    """At most `most` bytes as they come, and at most so many unpacked: the head of a page stands at its beginning."""
    packed = response.headers.get("Content-Encoding", "identity").strip().lower()
    if packed not in {"identity", "", *_PACKED}:
        raise LinkRefusedError(f"It is packed as {packed[:20]}.")
    unpack: Any = zlib.decompressobj(_PACKED[packed]) if packed in _PACKED else None
    kept, seen = bytearray(), 0
    while seen < most and len(kept) < most:
        if time.monotonic() > until:
            raise TimeoutError("too slow")
        piece = response.read1(min(_PIECE, most - seen))
        if not piece:
            break
        seen += len(piece)
        try:
            kept += piece if unpack is None else unpack.decompress(piece, most - len(kept))
        except zlib.error as error:
            raise LinkRefusedError("It is not packed as it says.") from error
    return bytes(kept)


def _join(url: str, place: str) -> str:
    try:
        return urljoin(url, place)
    except ValueError as error:
        raise LinkRefusedError("It moved to no address that can be read.") from error


def _path_of(target: SplitResult) -> str:
    path = quote(target.path or "/", safe=_SAFE)
    return f"{path}?{quote(target.query, safe=_SAFE + '?[]')}" if target.query else path


def _headers() -> dict[str, str]:
    return {
        "User-Agent": f"EngageHub-LinkPreview/1.0 (+https://{settings.BASE_DOMAIN})",
        "Accept": "text/html,application/xhtml+xml;q=0.9",
        "Accept-Encoding": "identity",
        "Accept-Language": "en",
        "Connection": "close",
    }
