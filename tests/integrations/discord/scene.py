"""What the tests of outbound Discord act on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engagement.members.models import Member
from engagement.progression.models import MemberProgress
from integrations.discord.client import DiscordClient
from ops.sandbox.discord import LocalDiscordThread
from tenants.context import TenantContext


@dataclass
class Scene:
    """What a test acts on. `call` runs a function on the server's loop."""

    discord: LocalDiscordThread
    context: TenantContext
    client: DiscordClient
    guild: Any
    channel: Any
    user: Any
    member: Member

    @property
    def state(self) -> Any:
        return self.discord.state

    def messages(self, channel_id: int | None = None) -> list[Any]:
        found = self.discord.discord.world.messages.get(channel_id or self.channel.id, {})
        return [
            message for message in found.values() if message.author_id == self.discord.discord.world.bot_id
        ]

    def held(self) -> set[int]:
        return set(self.guild.members[self.user.id].roles)

    def set_level(self, level: int) -> None:
        MemberProgress.objects.update_or_create(member_id=self.member.pk, defaults={"level": level})

    def calls(self, method: str) -> int:
        """How many calls of a method were answered so far."""
        return sum(number for route, number in self.discord.discord.calls.items() if route.startswith(method))
