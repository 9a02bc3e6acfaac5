"""`manage.py sync_commands`: tells Discord which commands the bot has, for every server. Never done at boot."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser
from typing import Any

import discord
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from bot_shard.publishing import CommandChange, publish_commands


class Command(BaseCommand):
    help = "Registers the bot's commands with Discord, globally, and says what changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only say what would change.")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        if not settings.DISCORD_BOT_TOKEN:
            raise CommandError("DISCORD_BOT_TOKEN is not set. Copy it from the Developer Portal's Bot page.")
        try:
            changes = asyncio.run(
                publish_commands(
                    token=settings.DISCORD_BOT_TOKEN, api_url=settings.DISCORD_API_URL, dry_run=dry_run
                )
            )
        except discord.LoginFailure as error:
            raise CommandError("Discord refused the bot token. Check DISCORD_BOT_TOKEN.") from error
        except (discord.HTTPException, OSError) as error:
            raise CommandError(
                f"Discord did not take the commands: {error}. Try again in a minute."
            ) from error
        self._report(changes, dry_run=dry_run)

    def _report(self, changes: list[CommandChange], *, dry_run: bool) -> None:
        for change in changes:
            self.stdout.write(f"{change.what:<9} {change.name}")
        changed = sum(change.what != "unchanged" for change in changes)
        verb = "would change" if dry_run else "changed"
        self.stdout.write(f"{changed} of {len(changes)} commands {verb}.")
