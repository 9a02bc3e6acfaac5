"""A real server, a real browser: uvicorn on a free port over committed data, and Chromium.

Where no Chromium can be had the tests are skipped and say so; with CI set they fail instead.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from redis import Redis

from ops.sandbox.discord import Config, LocalDiscordThread
from tests.browser.chromium import PROJECT, NoChromiumError, environment_for, find_chromium
from tests.stack import TestStack

START_SECONDS = 180
PORTS = 5  # how many are tried: between finding a free one and taking it, somebody else may have
# How long a page may take to show what is expected of it. Only a failing test waits this long; a machine that runs
# the whole suite beside a browser and a server can be slow for some seconds.
EXPECT_MILLISECONDS = 20_000
# A refusal that the page shows, and a page that was left while it asked for something: htmx logs both ends of that, and every other
# failure of a request under a name of its own.
NO_PROBLEM = re.compile("status of 4|^htmx:(sendAbort|afterRequest), ")
expect.set_options(timeout=EXPECT_MILLISECONDS)


@dataclass(frozen=True)
class Site:
    """The running server."""

    port: int

    def address(self, path: str = "/", *, host: str = "acme.localhost") -> str:
        return f"http://{host}:{self.port}{path}"


@pytest.fixture(scope="session")
def chromium() -> Path:
    try:
        return find_chromium()
    except NoChromiumError as error:
        if os.environ.get("CI"):
            pytest.fail(f"The browser tests need Chromium. {error}")
        pytest.skip(f"No Chromium: {error}")


@pytest.fixture(scope="session")
def discord_server() -> Iterator[LocalDiscordThread]:
    """The Discord that the site signs people in with."""
    with LocalDiscordThread(Config(rate_limits=False, identify_interval=0.0, answer_within=60.0)) as server:
        yield server


@pytest.fixture(scope="session")
def site(
    django_db_setup: None,
    test_stack: TestStack,
    discord_server: LocalDiscordThread,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """One server for all tests of this process."""
    with serve(test_stack, discord_server, tmp_path_factory.mktemp("site") / "log") as running:
        yield running


@contextmanager
def serve(stack: TestStack, discord: LocalDiscordThread, log: Path, **more: str) -> Iterator[Site]:
    """The web process on a free port, with `more` in its environment."""
    for _ in range(PORTS):
        with _serve_on(free_port(), stack, discord, log, **more) as running:
            if running is not None:
                yield running
                return
    pytest.fail("Every port that was free was taken before the server had it.")


@contextmanager
def _serve_on(
    port: int, stack: TestStack, discord: LocalDiscordThread, log: Path, **more: str
) -> Iterator[Site | None]:
    """None where somebody else has the port."""
    environment = os.environ | stack.environment()
    environment |= {
        "DJANGO_SETTINGS_MODULE": "saas.settings.test",
        "BASE_DOMAIN": "localhost",
        "BASE_URL": f"http://localhost:{port}",
        "DISCORD_API_URL": discord.api_url,
        "DISCORD_WEB_URL": discord.web_url,
        "DISCORD_BOT_TOKEN": discord.discord.config.bot_token,
        "DISCORD_CLIENT_ID": str(discord.discord.config.client_id),
        "DISCORD_CLIENT_SECRET": discord.discord.config.client_secret,
        "PYTHONPATH": os.pathsep.join([str(PROJECT), os.environ.get("PYTHONPATH", "")]),
        **more,
    }
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "saas.asgi:application",
        "--port",
        str(port),
        "--log-level",
        "warning",
    ]
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=output, stderr=output)
        try:
            yield Site(port) if _has_begun(server, port, log) else None
        finally:
            server.terminate()
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                server.kill()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _has_begun(server: subprocess.Popen[bytes], port: int, log: Path) -> bool:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=10):
                return server.poll() is None
        except OSError:
            time.sleep(0.1)
    if "address already in use" in log.read_text():
        return False
    pytest.fail(f"The server did not start:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    """Playwright keeps an event loop running in this thread, so it lasts for a module and no longer: other tests have
    loops of their own. Django would refuse every query meanwhile, though nothing here awaits."""
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        environment = {**os.environ, **environment_for(chromium)}
        running = playwright.chromium.launch(executable_path=chromium, args=arguments, env=environment)  # type: ignore[arg-type]
        yield running
        running.close()


@pytest.fixture
def people(committed_db: None, redis_cache: Redis) -> None:
    """Both communities with members, points and logins."""
    from tests.browser.people import populate

    populate()


Opener = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, site: Site, people: None) -> Iterator[Opener]:
    """Opens a page in a window of its own. The test fails when the page logs an error or breaks its policy."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def open_one(
        path: str = "/",
        *,
        host: str = "acme.localhost",
        width: int = 1280,
        scheme: str = "light",
        page: Page | None = None,
    ) -> Page:
        if page is None:
            context = browser.new_context(
                viewport={"width": width, "height": 800},
                color_scheme=scheme,  # type: ignore[arg-type]
                reduced_motion="reduce",
            )
            contexts.append(context)
            page = context.new_page()
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
        page.goto(site.address(path, host=host))
        return page

    yield open_one
    for context in contexts:
        context.close()
    real = [line for line in problems if not NO_PROBLEM.search(line)]
    assert not real, real
