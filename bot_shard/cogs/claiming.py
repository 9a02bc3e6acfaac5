"""/claim: a member whom the team registered by hand becomes one's own, by the code that the team gave."""

from __future__ import annotations

from discord import app_commands

from bot_shard.actors import actor_of
from bot_shard.answers import Answer, plain
from bot_shard.bot import Bot
from bot_shard.cog import Ask, DeskCog, Interaction
from engagement.progression.claiming import Claimant, ClaimPreview, claim_member, preview_claim


class ClaimingCog(DeskCog):
    @app_commands.command(name="claim", description="Take over points that the team registered for you.")
    @app_commands.describe(
        code="The code that the team gave you.", confirm="Yes, after you saw what it does."
    )
    @app_commands.guild_only()
    async def claim(
        self, interaction: Interaction, code: app_commands.Range[str, 1, 60], confirm: bool = False
    ) -> None:
        async def work(ask: Ask) -> Answer:
            user = interaction.user
            claimant = Claimant(user.display_name, discord_id=user.id)
            if not confirm:
                preview = await ask.do(preview_claim, code=code, claimant=claimant, context=ask.context)
                return _ask_first(ask, preview)
            await ask.do(
                claim_member,
                code=code,
                claimant=claimant,
                actor=actor_of(interaction),
                context=ask.context,
            )
            return Answer(ask.say("claimed"), hint=ask.say("claimed_hint"))

        await self.desk.answer(interaction, "claim", work, writes=True, anywhere=True)


def _ask_first(ask: Ask, preview: ClaimPreview) -> Answer:
    """Whom the code opens, and what becomes of the two where the person is a member already."""
    text = ask.say("claimable_new")
    if preview.merge is not None:
        text = ask.say(
            "claimable_merge",
            name=plain(preview.merge.kept.name),
            own=ask.count(preview.merge.kept.lifetime),
            sum=ask.count(preview.merge.lifetime),
            level=preview.merge.level,
        )
    return Answer(
        ask.say("claimable", name=plain(preview.name), amount=ask.count(preview.lifetime)),
        text=text,
        hint=ask.say("claimable_hint"),
    )


async def setup(bot: Bot) -> None:
    await bot.add_cog(ClaimingCog(bot))
