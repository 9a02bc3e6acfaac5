#!/usr/bin/env python
"""EngageHub's command line. `python manage.py help` lists the commands."""

import os
import sys

# Commands that change the catalogue run as the database's owner; everything else runs as the app's role,
# which may not (DESIGN section 4.6).
OWNER_COMMANDS = {"migrate", "migrate_schemas", "makemigrations", "sqlmigrate", "showmigrations"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "saas.settings.dev")
    if len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS:
        os.environ.setdefault("DATABASE_ROLE", "owner")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
