"""A worker in a process of its own that also knows the tests' jobs: `python -m tests.saas.events.worker_process`."""

from __future__ import annotations

import sys

import django


def main() -> None:
    django.setup()
    from django.core.management import call_command

    import tests.saas.events.material  # noqa: F401 (registers its jobs)

    call_command("run_worker", *sys.argv[1:])


if __name__ == "__main__":
    main()
