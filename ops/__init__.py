"""Running it: management commands, devstack, sandbox, bench, health, runbooks, decisions."""
