#!/usr/bin/env python
"""EngageHub's command line. `python manage.py help` lists the commands."""

import os
import sys

from saas.settings.env import BadSettingError

# Commands that change the catalogue run as the database's owner; everything else runs as the app's role,
# which may not (DESIGN section 4.6).
OWNER_COMMANDS = {"migrate", "migrate_schemas", "makemigrations", "sqlmigrate", "showmigrations"}
# What serves no page carries no app that only pages need; see saas/settings/apps.py.
PAGELESS_COMMANDS = {"run_shards", "run_ingest"}
LOCAL_SETTINGS = "saas.settings.dev"


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", LOCAL_SETTINGS)
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command in OWNER_COMMANDS:
        os.environ.setdefault("DATABASE_ROLE", "owner")
    if command in PAGELESS_COMMANDS:
        os.environ.setdefault("PAGES", "0")
    if os.environ["DJANGO_SETTINGS_MODULE"] == LOCAL_SETTINGS:
        from saas.settings.local import load_local_stack

        load_local_stack(os.environ)
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except BadSettingError as error:
        return report_bad_settings(command, error)
    except OperationalError as error:
        if command.startswith("run_") or "--traceback" in sys.argv:
            raise
        print(
            f"The database does not answer, so nothing was done: {error}\nIs it running? At home `make run` starts it; "
            "`python manage.py doctor` says what is wrong with DATABASE_URL.",
            file=sys.stderr,
        )
        return 1
    return 0


def report_bad_settings(command: str, error: BadSettingError) -> int:
    """Plain lines instead of a traceback, and every wrong variable instead of the first."""
    from saas.settings.variables import find_problems

    if command == "doctor":
        from ops.health.doctor import main as doctor

        return doctor(sys.argv[2:], os.environ)
    production = os.environ["DJANGO_SETTINGS_MODULE"] == "saas.settings.production"
    problems = find_problems(os.environ, production=production) or [error]
    print("EngageHub cannot start: the environment is not right.", file=sys.stderr)
    for problem in problems:
        print(f"  {problem}", file=sys.stderr)
    print(
        "`python manage.py doctor` checks it all; ops/environment.md describes each variable.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
