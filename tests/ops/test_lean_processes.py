"""What the bot and ingest must not carry: each of these costs megabytes in every process (`make bench ONLY=memory`)."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Stripe is called by web and worker; nobody types CEL into a terminal; the admin's pages are the web's.
HEAVY = ("stripe", "prompt_toolkit", "unfold.admin", "drf_spectacular.openapi", "playwright")
CODE = """
import sys
from importlib import import_module
import django
django.setup()
for name in sys.argv[1].split():
    import_module(name)
print(*[name for name in {heavy!r} if name in sys.modules])
"""


@pytest.mark.parametrize(
    "modules",
    ["bot_shard.serve ops.management.commands.run_shards", "ops.management.commands.run_ingest"],
)
def test_a_process_carries_nothing_it_never_uses(modules: str) -> None:
    command = [sys.executable, "-c", CODE.format(heavy=HEAVY), modules]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed.split() == []
