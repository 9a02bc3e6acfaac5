"""`manage.py discord <community> announcements|add-role|remove-role|check`: what Discord is told about levels.

discord acme announcements channel --channel 1234   level-ups in that channel (without --channel: where the deed was done)
discord acme announcements dm|off
discord acme add-role 5 1234 [--keep highest]       from level 5 on, members get the role
discord acme remove-role 1234
discord acme check                                  what stands in the way, and the fix
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from engagement.notifications.models import LevelUp
from engagement.notifications.selectors import get_notification_settings
from engagement.notifications.services import set_level_announcements
from integrations.discord.client import get_client
from integrations.discord.errors import DiscordAwayError, DiscordRefusedError
from integrations.discord.models import LevelRole
from integrations.discord.roles import add_level_role, check_level_roles, remove_level_role
from ops.management.actors import command_actor
from saas.core.errors import EngageHubError
from saas.events.retries import PermanentJobError, RetryLaterError
from tenants.context import TenantContext, enter_tenant
from tenants.selectors import get_context


class Command(BaseCommand):
    help = "Sets and checks what a community's Discord server is told about levels."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="The community.")
        actions = parser.add_subparsers(
            dest="action", required=True, metavar="announcements|add-role|remove-role|check"
        )
        told = actions.add_parser("announcements", help="Where level-ups are announced.")
        told.add_argument("where", choices=LevelUp.values)
        told.add_argument("--channel", type=int, metavar="ID", help="Without it: where the deed was done.")
        add = actions.add_parser("add-role", help="Give a Discord role from a level on.")
        add.add_argument("level", type=int)
        add.add_argument("role", type=int, metavar="ROLE_ID")
        add.add_argument("--keep", choices=LevelRole.Keep.values, default=LevelRole.Keep.STACK)
        remove = actions.add_parser("remove-role", help="Stop managing a role. Those who have it keep it.")
        remove.add_argument("role", type=int, metavar="ROLE_ID")
        check = actions.add_parser("check", help="Ask Discord what stands in the way.")
        for action in (told, add, remove, check):
            action.add_argument("--json", action="store_true", help="Print JSON.")

    def handle(self, *args: Any, slug: str, action: str, **options: Any) -> None:
        try:
            context = get_context(slug=slug)
            with enter_tenant(context):
                text = getattr(self, f"_{action.replace('-', '_')}")(context, options)
                if options["json"]:
                    text = json.dumps(_describe())
        except EngageHubError as error:
            raise CommandError(error.message) from error
        except (DiscordRefusedError, DiscordAwayError, RetryLaterError, PermanentJobError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(text)

    def _announcements(self, context: TenantContext, options: dict[str, Any]) -> str:
        row = set_level_announcements(
            level_up=options["where"], channel_id=options["channel"], actor=command_actor("discord")
        )
        where = f" {row.channel_id}" if row.channel_id else ""
        return f"Level-ups of {context.name}: {row.get_level_up_display()}{where}."

    def _add_role(self, context: TenantContext, options: dict[str, Any]) -> str:
        role = add_level_role(
            level=options["level"],
            role_id=options["role"],
            keep=options["keep"],
            actor=command_actor("discord"),
        )
        return f"Members of {context.name} get the role {role.role_id} from level {role.level} on. Now run: discord {context.slug} check"

    def _remove_role(self, context: TenantContext, options: dict[str, Any]) -> str:
        remove_level_role(role_id=options["role"], actor=command_actor("discord"))
        return f"The role {options['role']} is no longer given by {context.name}."

    def _check(self, context: TenantContext, options: dict[str, Any]) -> str:
        problems = check_level_roles(context, get_client())
        return "\n".join(problems) or f"Nothing stands in the way of {LevelRole.objects.count()} level roles."


def _describe() -> dict[str, Any]:
    chosen = get_notification_settings()
    return {
        "level_up": chosen.level_up,
        "channel_id": str(chosen.channel_id) if chosen.channel_id else None,
        "roles": [
            {"level": role.level, "role_id": str(role.role_id), "keep": role.keep}
            for role in LevelRole.objects.order_by("level")
        ],
    }
