"""What the bot and ingest must not carry: each of these costs megabytes in every process (`make bench ONLY=memory`)."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import pytest

import manage

# Stripe is called by web and worker; nobody types CEL into a terminal; pages, REST and an HTTP client of their own are the web's.
HEAVY = (
    "stripe", "prompt_toolkit", "unfold", "drf_spectacular", "playwright", "requests", "charset_normalizer", "rest_framework",
    "django_filters", "dj_rest_auth", "frontend_api", "django.contrib.admin.apps", "allauth.socialaccount.providers.discord",
)  # fmt: skip
START = """
import sys
from importlib import import_module
import django
django.setup()
for name in sys.argv[1].split():
    import_module(name)
"""
REPORT = f"print(*[name for name in {HEAVY!r} if name in sys.modules])"
# As a member's command does, whose news has a handler: one job of many is deferred.
DEFER = """
from saas.events.jobs import _JOBS, get_job
get_job("integrations.discord.announce_level")
print(*{name.rpartition(".")[0] for name in _JOBS} - {"integrations.discord"})
"""
# Whatever one of them imports in a function only is imported here as well.
EVERYTHING = """
from pathlib import Path
from django.conf import settings
from saas.events.jobs import load_jobs
load_jobs()
for package in ("tenants", "billing", "engagement", "integrations", "bot_shard"):
    for path in sorted((Path(settings.BASE_DIR) / package).rglob("*.py")):
        if not {"migrations", "management"} & set(path.parts) and path.name != "admin.py":
            import_module(".".join(path.relative_to(settings.BASE_DIR).with_suffix("").parts).removesuffix(".__init__"))
"""
# Each of eight threads takes memory that no other has given back yet; glibc tells how many heaps there are.
HEAPS = """
import ctypes, sys, tempfile, threading
from ops.heap import keep_one_heap
if sys.argv[1] == "one":
    keep_one_heap()
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
meeting = threading.Barrier(8)
def take():
    libc.malloc(ctypes.c_size_t(1000))
    meeting.wait(60)
threads = [threading.Thread(target=take) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
with tempfile.NamedTemporaryFile() as file:
    stream = ctypes.c_void_p(libc.fopen(file.name.encode(), b"w"))
    libc.malloc_info(0, stream)
    libc.fclose(stream)
    print(open(file.name).read().count("<heap nr="))
"""
COMMANDS = {
    "run_shards": "ops.management.commands.run_shards bot_shard.serve",
    "run_ingest": "ops.management.commands.run_ingest saas.wiring",
}


def run(code: str, modules: str) -> str:
    environment = os.environ | {"PAGES": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code, modules], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_commands_that_are_lean_say_so() -> None:
    assert set(COMMANDS) == manage.PAGELESS_COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_a_process_carries_nothing_it_never_uses(command: str) -> None:
    assert run(START + REPORT, COMMANDS[command]).split() == []


def test_nothing_that_it_may_come_to_needs_the_pages() -> None:
    run(START + EVERYTHING, COMMANDS["run_shards"])


def test_a_job_that_is_deferred_brings_no_other_packages_jobs() -> None:
    assert run(START + DEFER + REPORT, COMMANDS["run_shards"]).split() == []


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="The C library is not glibc.")
def test_threads_share_one_heap() -> None:
    assert int(run(HEAPS, "many")) > 1  # so the control sees them
    assert int(run(HEAPS, "one")) == 1
