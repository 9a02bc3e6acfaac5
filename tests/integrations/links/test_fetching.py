"""Pages are fetched from the internet alone, in little time and memory, whatever the other side does."""

from __future__ import annotations

import gzip
import ipaddress
import threading
import tracemalloc
import zlib

import pytest

from integrations.links.addresses import is_public
from integrations.links.errors import LinkAwayError, LinkRefusedError
from integrations.links.fetching import Fetcher
from tests.integrations.links.serving import (
    PRIVATE,
    PUBLIC,
    Answer,
    dripping,
    fetcher,
    moving_to,
    saying,
    serving,
)

PAGE = b"<title>Hello</title>"


def test_a_page_is_fetched_as_nobody_in_particular() -> None:
    with serving(saying(PAGE, "Set-Cookie: a=b")) as server:
        pages = [fetcher().fetch(server.url("/a b?q=\u00e4#part")) for _ in range(2)]

    assert {(page.host, page.data) for page in pages} == {("page.example", PAGE)}
    for asked in server.asked:
        head = asked.decode().lower()
        assert head.startswith("get /a%20b?q=%c3%a4 http/1.1\r\n")
        assert "user-agent: engagehub-linkpreview/1.0" in head
        assert not any(name in head for name in ("cookie:", "authorization:", "referer:"))


def test_it_follows_to_where_the_page_is_now() -> None:
    with serving(saying(PAGE)) as there, serving(moving_to(there.url("/x", "new.example"))) as here:
        assert fetcher().fetch(here.url()).host == "new.example"


def test_it_does_not_follow_for_ever() -> None:
    with serving(moving_to("/again")) as server, pytest.raises(LinkRefusedError):
        fetcher().fetch(server.url())
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.1",
        "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "fec0::1", "ff02::1",
        "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::",
        "2001:0:7f00:1::", "fe80::1%eth0",
    ],
)  # fmt: skip
def test_addresses_that_are_nobodys_on_the_internet(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_of_the_internet(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://169.254.169.254/latest/",
        "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1/",
    ],
)  # fmt: skip
def test_this_machine_is_none_of_the_internet_however_it_is_written(url: str) -> None:
    with pytest.raises((LinkRefusedError, LinkAwayError)) as refused:
        Fetcher().fetch(url)
    assert "public" in str(refused.value) or "not known" in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://page.example/", "file:///etc/passwd", "gopher://page.example/", "javascript:alert(1)", "//page.example/", "http:///x", "",
        "http://user:secret@page.example/", "http://page.example:22/", "https://page.example:8443/", "http://page.example:99999/",
        f"http://page.example/{'x' * 3000}", "http://[::1", "http://\udcff.example/", f"http://{'a' * 80}.example/",
    ],
)  # fmt: skip
def test_addresses_that_are_not_followed(url: str) -> None:
    with pytest.raises(LinkRefusedError):
        Fetcher(resolve=lambda host, port: ["8.8.8.8"]).fetch(url)


def test_an_address_smuggles_no_second_request() -> None:
    with serving(saying(PAGE)) as server:
        fetcher().fetch(server.url("/x\r\nX-Evil: 1\r\n\r\nGET /admin"))
    assert b"\r\nX-Evil" not in server.asked[0]
    assert server.asked[0].count(b"\r\n\r\n") == 1


def test_a_redirect_into_the_house_is_refused_and_nobody_there_is_asked() -> None:
    with serving(saying(b"secret"), PRIVATE) as inside:
        for place in (
            f"http://{PRIVATE}:{inside.port}/",
            f"//{PRIVATE}:{inside.port}/",
            inside.url("/", "inside.example"),
        ):
            with serving(moving_to(place)) as server, pytest.raises(LinkRefusedError):
                fetcher(addresses={"inside.example": [PRIVATE]}).fetch(server.url())
        assert inside.asked == []


def test_a_name_with_one_address_inside_is_refused_whole() -> None:
    with serving(saying(PAGE)) as server, pytest.raises(LinkRefusedError):
        fetcher(addresses={"page.example": [PUBLIC, PRIVATE]}).fetch(server.url())


def test_a_resolver_that_changes_its_mind_changes_nothing() -> None:
    """The address that was looked at is the one that is connected to: the name is asked for once."""
    answers = iter([[PUBLIC], [PRIVATE], [PRIVATE]])
    with serving(saying(PAGE)) as server, serving(saying(b"secret"), PRIVATE, server.port) as inside:
        changing = Fetcher(resolve=lambda host, port: next(answers), allows=fetcher().allows, ports=None)
        assert changing.fetch(server.url()).data == PAGE
        with pytest.raises(LinkRefusedError):
            changing.fetch(server.url())
        assert inside.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        saying(b"\x89PNG", kind="image/png"),
        saying(b"%PDF", kind="application/pdf"),
        saying(PAGE, kind="text/plain"),
        saying(PAGE, status="404 Not Found"),
        saying(PAGE, status="401 Unauthorized"),
        saying(PAGE, status="204 No Content"),
        saying(PAGE, "Content-Encoding: br"),
        saying(PAGE, "Content-Encoding: gzip"),
        saying(b"", status="302 Found"),
        moving_to("file:///etc/passwd"),
        moving_to("http://["),
    ],
)
def test_what_is_no_page_is_none_for_good(answer: Answer) -> None:
    with serving(answer) as server, pytest.raises(LinkRefusedError):
        fetcher().fetch(server.url())


@pytest.mark.parametrize(
    "answer",
    [
        saying(PAGE, status="503 Service Unavailable"),
        saying(PAGE, status="429 Too Many Requests"),
        lambda sock, asked: sock.sendall(b"\x00\xff nonsense\r\n\r\n"),
        lambda sock, asked: None,
        lambda sock, asked: sock.sendall(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n"),
        lambda sock, asked: sock.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000),
    ],
)
def test_what_may_be_otherwise_later(answer: Answer) -> None:
    with serving(answer) as server, pytest.raises(LinkAwayError):
        fetcher().fetch(server.url())


def test_nobody_there_is_away() -> None:
    with serving(saying(PAGE)) as server:
        pass
    with pytest.raises(LinkAwayError):
        fetcher().fetch(server.url())


@pytest.mark.parametrize(
    "head",
    [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<title>"],
    ids=["status", "headers", "body"],
)
def test_drop_by_drop_takes_no_longer_than_the_limit(head: bytes) -> None:
    with serving(dripping(head)) as server, pytest.raises(LinkAwayError):
        fetcher(seconds=0.4).fetch(server.url())


def test_a_slow_handshake_and_a_slow_resolver_take_no_longer_either() -> None:
    with serving(dripping(b"")) as server, pytest.raises(LinkAwayError):
        fetcher(seconds=0.4).fetch(server.url().replace("http:", "https:"))
    over, answered = threading.Event(), threading.Event()

    def resolve_slowly(host: str, port: int) -> list[str]:
        over.wait(120)
        answered.set()
        return [PUBLIC]

    with pytest.raises(LinkAwayError):
        Fetcher(resolve=resolve_slowly, limits=fetcher(seconds=0.2).limits).fetch("http://page.example/")
    assert not answered.is_set(), "it was waited for"
    over.set()


@pytest.mark.parametrize("packed", ["", "gzip", "deflate"])
def test_of_a_huge_page_the_beginning_is_read(packed: str) -> None:
    body = PAGE + b"\n" * (64 * 1024 * 1024 if packed else 4 * 1024 * 1024)
    sent = {"gzip": gzip.compress, "deflate": zlib.compress}.get(packed, bytes)(body)
    headers = [f"Content-Encoding: {packed}"] if packed else []
    with serving(saying(sent, *headers)) as server:
        del body
        tracemalloc.start()
        page = fetcher().fetch(server.url())
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert page.data.startswith(PAGE)
    assert len(page.data) <= 512 * 1024
    assert most < 4 * 1024 * 1024
