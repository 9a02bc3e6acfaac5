"""Who acts in a management command, as the audit log remembers them."""

from __future__ import annotations

import getpass

from engagement.audit.actor import Actor


def command_actor(command: str) -> Actor:
    """Whoever is logged in on the machine where `manage.py command` runs: EngageHub's staff."""
    try:
        login = getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        login = "nobody"
    return Actor("operator", 0, f"{login}, manage.py {command}", role="operator", via="command")
