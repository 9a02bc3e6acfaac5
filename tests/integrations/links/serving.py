"""A web server that answers exactly what a test says, byte by byte, on an address of this machine."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from integrations.links.addresses import Address, is_public
from integrations.links.fetching import Fetcher, Limits

PUBLIC, PRIVATE = "127.0.0.1", "127.0.0.2"  # what stands for the internet, and what never does
Answer = Callable[[socket.socket, bytes], None]


@dataclass
class Server:
    """`asked` are the requests that came, as they came."""

    port: int
    asked: list[bytes] = field(default_factory=list)

    def url(self, path: str = "/", host: str = "page.example") -> str:
        return f"http://{host}:{self.port}{path}"


@contextmanager
def serving(answer: Answer, address: str = PUBLIC, port: int = 0) -> Iterator[Server]:
    listener = socket.create_server((address, port))
    server = Server(listener.getsockname()[1])

    def work() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(sock,), daemon=True).start()

    def serve(sock: socket.socket) -> None:
        with sock:
            try:
                asked = sock.recv(65_536)
                server.asked.append(asked)
                answer(sock, asked)
            except OSError:
                pass  # the other side had enough

    threading.Thread(target=work, daemon=True).start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def saying(body: bytes, *headers: str, status: str = "200 OK", kind: str = "text/html") -> Answer:
    head = "\r\n".join(
        [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
    )

    whole = head.encode() + b"\r\n\r\n" + body

    def answer(sock: socket.socket, asked: bytes) -> None:
        sock.sendall(whole)

    return answer


def moving_to(*places: str) -> Answer:
    """One place a request, the last one again and again."""
    left = list(places)

    def answer(sock: socket.socket, asked: bytes) -> None:
        place = left.pop(0) if len(left) > 1 else left[0]
        sock.sendall(f"HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n".encode())

    return answer


def dripping(head: bytes) -> Answer:
    """A byte now and then, for as long as anybody listens: who waits for the end waits for ever."""

    def answer(sock: socket.socket, asked: bytes) -> None:
        sock.sendall(head)
        while True:
            sock.sendall(b"x")
            time.sleep(0.02)

    return answer


def fetcher(*, seconds: float = 60.0, addresses: dict[str, list[str]] | None = None) -> Fetcher:
    """To which PUBLIC is the internet; every name is there, but those that `addresses` puts elsewhere."""

    def resolve(host: str, port: int) -> list[str]:
        try:
            return [str(ipaddress.ip_address(host))]
        except ValueError:
            return (addresses or {}).get(host, [PUBLIC])

    def allows(address: Address) -> bool:
        return str(address) == PUBLIC or is_public(address)

    return Fetcher(resolve=resolve, allows=allows, ports=None, limits=Limits(seconds=seconds))
