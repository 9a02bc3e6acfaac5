"""A browser for one host: cookies are host-only, so each host gets a client of its own."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpResponse
from django.test import Client

BASE = "localhost"
ACME = "acme.localhost"
GLOBEX = "globex.localhost"
PASSWORD = "a long enough password"


class Browser:
    """Keeps the cookies of each host apart, and follows an address to its host."""

    def __init__(self) -> None:
        self.clients: dict[str, Client] = {}

    def on(self, host: str) -> Client:
        if host not in self.clients:
            self.clients[host] = Client(headers={"host": host})
        return self.clients[host]

    def open(self, address: str, host: str = BASE) -> Any:
        """GET without following redirects."""
        parts = urlsplit(address)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        return self.on(parts.netloc or host).get(path)

    def follow(self, response: HttpResponse, host: str) -> tuple[Any, str]:
        """Follow redirects over hosts to the end: the last answer and its host."""
        while response.status_code in {301, 302}:
            address = response["Location"]
            host = urlsplit(address).netloc or host
            response = self.open(address, host)
        return response, host

    def sign_in(self, username: str, *, host: str = ACME, path: str = "/dashboard/") -> Any:
        """The whole journey: from a community's page to BASE_DOMAIN, the form, and back. The last answer."""
        response, at = self.follow(self.on(host).get("/login/", {"next": path}), host)
        assert at == BASE, at
        form = {"name": username, "password": PASSWORD, "next": response.context["next"]}
        answer = self.on(BASE).post("/login/", form)
        return self.follow(answer, BASE)[0]
