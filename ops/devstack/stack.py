"""The whole product on this machine: servers, migrations, five communities, and every process under one supervisor.

Order: Postgres and Redis, migrations, the local Discord, the communities of its guilds, then the product's own
processes. What the environment names (a database, a Redis, a real bot's token) is used instead of a local one.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ops.demo.communities import COMMUNITIES
from ops.demo.logins import LOGINS
from ops.demo.logins import PASSWORD as DEMO_PASSWORD
from saas.settings.local import ENVIRONMENT_FILE, write_local_stack

from . import local_stripe
from .errors import DevstackError
from .local_discord import DiscordReader
from .places import PROJECT
from .ports import LOOPBACK, PortBook
from .servers import Servers
from .supervisor import Log, Program, Supervisor

LOCAL_TOKEN = "local-bot-token"
LOCAL_CLIENT_ID = "1100000000000000001"
LOCAL_CLIENT_SECRET = "local-client-secret"
READY_SECONDS = 90
NAMES = ["web", "ingest", "worker", "bot", "discord", "mailbox", "oldbots", "stripe", "setup"]


@dataclass(frozen=True)
class Ports:
    web: int
    discord: int
    mailbox: int
    smtp: int
    ingest_metrics: int
    worker_metrics: int
    bot_metrics: int
    oldbots: int
    stripe: int


def pick_ports(book: PortBook, wanted_web: int = 8000) -> Ports:
    """The usual ports, or the next free ones. Raises DevstackError."""
    return Ports(*(book.pick(port) for port in (wanted_web, 8100, 8025, 1025, 9101, 9102, 9103, 8200, 8300)))


@dataclass
class Stack:
    servers: Servers
    folder: Path  # where the stack keeps what is not a database
    ports: Ports
    given: Mapping[str, str]  # the environment we were started in
    log: Log = field(default_factory=lambda: Log(NAMES))
    communities: list[dict[str, str]] = field(default_factory=list)

    @property
    def has_local_discord(self) -> bool:
        """A token in the environment means a real bot, unless the local Discord is what it names."""
        return not self.given.get("DISCORD_BOT_TOKEN")

    @property
    def has_local_stripe(self) -> bool:
        """A key in the environment means an account at Stripe's."""
        return local_stripe.is_wanted(self.given)

    @property
    def _addresses(self) -> Path:
        """Where `manage.py` finds the stack, if `folder` is the usual one."""
        return self.folder / ENVIRONMENT_FILE.name

    @property
    def demo_born(self) -> str:
        """The day on which the demo was first made here: its history is counted back from it."""
        place = self.folder / "demo-born"
        if not place.exists():
            place.write_text(datetime.now(UTC).date().isoformat())
        return place.read_text()

    @property
    def web_url(self) -> str:
        return f"http://localhost:{self.ports.web}"

    @property
    def discord_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.discord}"

    @property
    def mailbox_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.mailbox}"

    @property
    def oldbots_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.oldbots}"

    @property
    def stripe_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.stripe}"

    def environment(self) -> dict[str, str]:
        """What the product's processes are told. What was given wins over a local default."""
        keys = _secrets(self.folder / "secrets.json")
        webhook_secret = keys.pop("STRIPE_WEBHOOK_SECRET")  # the local Stripe's own
        local = {
            "DJANGO_SETTINGS_MODULE": "saas.settings.dev",
            "BASE_DOMAIN": "localhost",
            "BASE_URL": self.web_url,
            "EMAIL_URL": f"smtp://{LOOPBACK}:{self.ports.smtp}",
            **keys,
        }
        if self.has_local_discord:
            local |= {
                "DISCORD_BOT_TOKEN": LOCAL_TOKEN,
                "DISCORD_CLIENT_ID": LOCAL_CLIENT_ID,
                "DISCORD_CLIENT_SECRET": LOCAL_CLIENT_SECRET,
                "DISCORD_API_URL": f"{self.discord_url}/api/v10",
                "DISCORD_WEB_URL": self.discord_url,
                "MEE6_API_URL": f"{self.oldbots_url}/api/plugins/levels/leaderboard",
                "POLARIS_API_URL": self.oldbots_url,
                "LURKR_API_URL": self.oldbots_url,
                "AMARI_API_URL": self.oldbots_url,
                "TATSU_API_URL": self.oldbots_url,
            }
        if self.has_local_stripe:
            local |= local_stripe.environment(self.stripe_url, webhook_secret)
        given = {name: self.given[name] for name in local if self.given.get(name)}
        return local | given | self.servers.environment()

    def supervisor(self) -> Supervisor:
        environment = {**self.given, **self.environment(), "PYTHONUNBUFFERED": "1"}
        return Supervisor(environment=environment, folder=PROJECT, log=self.log)

    async def start(self, supervisor: Supervisor) -> None:
        """Bring everything up; returns when the web answers. Raises DevstackError."""
        write_local_stack(self.environment(), file=self._addresses)
        supervisor.keep(_mailbox(self.ports, self.folder))
        if self.has_local_discord:
            supervisor.keep(_discord(self.ports, self.folder, self.web_url, self.demo_born))
            supervisor.keep(_oldbots(self.ports))
        if self.has_local_stripe:
            secret = self.environment()["STRIPE_WEBHOOK_SECRET"]
            supervisor.keep(local_stripe.program(self.ports.stripe, self.folder, self.web_url, secret))
        await self._set_up(supervisor, "migrate_fleet")
        if self.has_local_stripe:
            await self._wait_for(f"{self.stripe_url}/", "the local Stripe")
            await self._set_up(supervisor, "sync_plans")
        if self.has_local_discord:
            await self._wait_for(f"{self.discord_url}/api/v10/gateway", "the local Discord")
            self.communities = await asyncio.to_thread(self._seed)
            self.log.say("Filling in what the demo communities did in the last months …")
            await self._set_up(supervisor, "seed_demo", "--born", self.demo_born)
            self.communities += _communities_without_guild()
            await self._set_up(supervisor, "sync_commands")
        for program in _product(self.ports):
            supervisor.keep(program)
        await self._wait_for(f"http://{LOOPBACK}:{self.ports.web}/readyz", "the web process")
        others = {
            "ingest": self.ports.ingest_metrics,
            "worker": self.ports.worker_metrics,
            "bot": self.ports.bot_metrics,
        }
        for name, port in others.items():
            await self._wait_for(f"http://{LOOPBACK}:{port}/readyz", f"the process {name}")

    def forget_addresses(self) -> None:
        self._addresses.unlink(missing_ok=True)

    async def _set_up(self, supervisor: Supervisor, *command: str) -> None:
        code = await supervisor.run(Program("setup", (sys.executable, "manage.py", *command)))
        if code:
            raise DevstackError(
                f"`manage.py {' '.join(command)}` failed (exit code {code}); its lines are above."
            )

    def _seed(self) -> list[dict[str, str]]:
        environment = self.environment()
        reader = DiscordReader(environment["DISCORD_API_URL"], environment["DISCORD_BOT_TOKEN"])
        guilds = [asdict(facts) for facts in reader.list_guilds()]
        answer = subprocess.run(
            [sys.executable, "manage.py", "seed_local"],
            input=json.dumps(guilds),
            env=os.environ | environment,
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode:
            raise DevstackError(f"The local communities cannot be made:\n{answer.stderr}")
        made: list[dict[str, str]] = json.loads(answer.stdout)
        return made

    async def _wait_for(self, url: str, what: str) -> None:
        for _ in range(READY_SECONDS * 5):
            if await asyncio.to_thread(_answers, url):
                return
            await asyncio.sleep(0.2)
        raise DevstackError(
            f"{what} did not answer at {url} within {READY_SECONDS} s; its lines in the log say why."
        )


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status < 400)
    except urllib.error.HTTPError as error:
        return error.code < 500 and error.code != 404
    except (OSError, ValueError):
        return False


def _mailbox(ports: Ports, folder: Path) -> Program:
    options = ("--smtp", str(ports.smtp), "--page", str(ports.mailbox), "--folder", str(folder / "mail"))
    return Program("mailbox", (sys.executable, "-m", "ops.sandbox.mailbox", *options), outside=True)


def _oldbots(ports: Ports) -> Program:
    options = ("--port", str(ports.oldbots), "--client-id", LOCAL_CLIENT_ID)
    return Program("oldbots", (sys.executable, "-m", "ops.sandbox.oldbots", *options), outside=True)


def _communities_without_guild() -> list[dict[str, str]]:
    owners = {
        slug: username for username, _, _, teams in LOGINS for slug, role in teams.items() if role == "owner"
    }
    return [
        {
            "name": one.name,
            "slug": one.slug,
            "host": f"{one.slug}.localhost",
            "guild_id": "",
            "username": owners[one.slug],
            "password": DEMO_PASSWORD,
        }
        for one in COMMUNITIES
        if one.guild is None
    ]


def _discord(ports: Ports, folder: Path, web_url: str, demo_born: str) -> Program:
    options = (
        "--port", str(ports.discord), "--state", str(folder / "discord.json"), "--shards", "2", "--max-concurrency", "2",
        "--token", LOCAL_TOKEN, "--client-id", LOCAL_CLIENT_ID, "--client-secret", LOCAL_CLIENT_SECRET,
        "--redirect-uri", f"{web_url}/oauth/discord/callback", "--demo-born", demo_born,
    )  # fmt: skip
    return Program("discord", (sys.executable, "-m", "ops.sandbox.discord", *options), outside=True)


def _product(ports: Ports) -> list[Program]:
    def manage(name: str, port: int, *command: str) -> Program:
        environment = {"METRICS_ADDRESS": f"{LOOPBACK}:{port}"}
        return Program(name, (sys.executable, "manage.py", *command), environment)

    web = (
        sys.executable, "-m", "uvicorn", "saas.asgi:application", "--host", LOOPBACK, "--port", str(ports.web),
        "--no-access-log", "--timeout-graceful-shutdown", "2", "--no-server-header",
    )  # fmt: skip
    return [
        Program("web", web),
        manage("ingest", ports.ingest_metrics, "run_ingest"),
        manage("worker", ports.worker_metrics, "run_worker"),
        manage("bot", ports.bot_metrics, "run_shards", "--shards", "0-1", "--shard-count", "2"),
    ]


def _secrets(file: Path) -> dict[str, str]:
    """This machine's own keys, made once: sessions and encrypted fields survive a restart."""
    try:
        values: dict[str, str] = json.loads(file.read_text())
    except (OSError, ValueError):
        values = {}
    made = {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(24)}",
    }
    if not made.keys() <= values.keys():
        values = made | values
        write_local_stack(values, file=file)
    return values
