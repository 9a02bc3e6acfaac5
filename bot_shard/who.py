"""Who asks, as Discord tells it, ready to be checked inside the community."""

from __future__ import annotations

from dataclasses import dataclass

from engagement.audit.actor import Actor
from tenants.context import TenantContext
from tenants.permissions import Rights, rights_for_interaction

from .actors import actor_of
from .gateway import role_ids_of
from .permissions import check_command
from .questions import Ask, Interaction


@dataclass(frozen=True)
class Who:
    """`permissions` and `role_ids` are those of the interaction's own payload."""

    context: TenantContext
    discord_id: int
    permissions: int
    role_ids: tuple[int, ...]
    actor: Actor

    @property
    def rights(self) -> Rights:
        """Inside the community. One query."""
        return rights_for_interaction(self.context, self.discord_id, self.permissions, self.role_ids)

    def check(self, action: str) -> None:
        """Inside the community. Raises NotPermittedError."""
        check_command(
            action,
            context=self.context,
            discord_id=self.discord_id,
            permissions=self.permissions,
            role_ids=self.role_ids,
        )


def who_asks(ask: Ask) -> Who:
    return who_types(ask.context, ask.interaction)


def who_types(context: TenantContext, interaction: Interaction) -> Who:
    """Likewise of somebody who is still typing."""
    user = interaction.user
    return Who(context, user.id, interaction.permissions.value, role_ids_of(user), actor_of(interaction))
