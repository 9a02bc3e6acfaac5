"""Runs one bench in this process: `python -m ops.bench.one ingest`. Started by ops.bench, which names the servers."""

from __future__ import annotations

import importlib
import os
import sys

import django


def main(name: str) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "saas.settings.dev")
    django.setup()
    module = importlib.import_module(f"ops.bench.{name}")
    for result in module.run():
        print(result.as_line(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
