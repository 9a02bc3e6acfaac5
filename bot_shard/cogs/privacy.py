"""/privacy: shown by name, under an alias, or not at all."""

from __future__ import annotations

from discord import app_commands

from bot_shard.answers import Answer, plain
from bot_shard.bot import Bot
from bot_shard.cog import PROVIDER, Ask, DeskCog, Interaction
from engagement.members.models import Visibility
from engagement.progression.services import ensure_member, set_visibility
from tenants.context import TenantContext


def choose_visibility(
    user_id: int, name: str, avatar: str, *, visibility: str, alias: str, context: TenantContext
) -> None:
    """A person may choose before they ever said a word."""
    member = ensure_member(provider=PROVIDER, external_id=str(user_id), display_name=name, avatar_url=avatar)
    set_visibility(member_id=member.pk, visibility=visibility, alias=alias, context=context)


class PrivacyCog(DeskCog):
    privacy = app_commands.Group(
        name="privacy",
        description="How others see you on leaderboards and profiles.",
        allowed_contexts=app_commands.AppCommandContext(guild=True),
    )

    @privacy.command(name="show", description="Show me by name.")
    async def show(self, interaction: Interaction) -> None:
        await self._choose(interaction, "show", Visibility.VISIBLE, "privacy_shown")

    @privacy.command(name="alias", description="Show me under another name, without my picture.")
    @app_commands.describe(name="2 to 40 characters that nobody else here goes by.")
    async def alias(self, interaction: Interaction, name: app_commands.Range[str, 2, 40]) -> None:
        await self._choose(interaction, "alias", Visibility.ALIAS, "privacy_alias", name)

    @privacy.command(name="hide", description="Show me nowhere. You keep earning, without a rank.")
    async def hide(self, interaction: Interaction) -> None:
        await self._choose(interaction, "hide", Visibility.HIDDEN, "privacy_hidden")

    async def _choose(
        self, interaction: Interaction, word: str, visibility: str, key: str, alias: str = ""
    ) -> None:
        async def work(ask: Ask) -> Answer:
            user = interaction.user
            await ask.do(
                choose_visibility, user.id, user.display_name, user.display_avatar.url,
                visibility=visibility, alias=alias, context=ask.context,
            )  # fmt: skip
            return Answer(ask.say(key, alias=plain(" ".join(alias.split()))), hint=ask.say("privacy_hint"))

        await self.desk.answer(interaction, f"privacy {word}", work, writes=True)


async def setup(bot: Bot) -> None:
    await bot.add_cog(PrivacyCog(bot))
