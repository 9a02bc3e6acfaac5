"""`manage.py erase_audit <community> member|user|discord <id> --reason …`: what the audit log tells of one person, gone for good.

The entries stay with what was done and when; names, addresses and values go. `verify_audit` still verifies afterwards.
"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from engagement.audit.erasure import erase_person
from ops.management.actors import command_actor
from saas.core.errors import EngageHubError
from tenants.selectors import get_context


class Command(BaseCommand):
    help = "Erases what a community's audit log tells of one person. It cannot be undone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="The community.")
        parser.add_argument("kind", choices=["member", "user", "discord"], help="What the id counts.")
        parser.add_argument("id", type=int)
        parser.add_argument(
            "--reason", required=True, help="Why, such as the request's number. It is recorded."
        )

    def handle(self, *args: Any, slug: str, kind: str, id: int, reason: str, **options: Any) -> None:
        try:
            erased = erase_person(
                kind=kind, person_id=id, actor=command_actor("erase_audit"), reason=reason,
                context=get_context(slug=slug),
            )  # fmt: skip
        except EngageHubError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{erased} entries no longer tell anything of {kind} {id}.")
