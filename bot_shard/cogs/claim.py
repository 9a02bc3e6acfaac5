"""The button under the greeting of a server that nobody connected yet: a link to our pages, for whoever manages the server.

In the server the interaction itself says what its sender may; in the owner's direct messages Discord is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot_shard.answers import Answer, Button, plain
from bot_shard.bot import Bot
from bot_shard.cog import DeskCog, Interaction, Responder
from bot_shard.permissions import may_claim
from bot_shard.questions import Guest
from integrations.discord.errors import GuildNotManagedError
from integrations.discord.linking import check_manager
from saas.core.errors import NotAllowedError
from tenants.claims import get_claim_address
from tenants.models import Tenant
from tenants.selectors import find_guild_holder

# A server stays its community's while that is closed: a link to our pages would end in “taken”.
_HELD: Final[dict[str, str]] = {
    Tenant.State.DELETED: "claim_closed",
    Tenant.State.SUSPENDED: "claim_suspended",
}


class ClaimCog(DeskCog):
    def buttons(self) -> Mapping[str, Responder]:
        return {"claim": self.claim}

    async def claim(self, interaction: Interaction, guild: str) -> None:
        guild_id = int(guild)
        if interaction.guild_id not in (None, guild_id):
            raise ValueError("the button names another server than the one where it was pressed")

        async def work(guest: Guest) -> Answer:
            owner = self.desk.find_context(guild_id)
            if owner is not None:
                return Answer("", text=guest.say("claim_done", community=owner.name))
            name = await self._check(guest, guild_id)
            holder = await guest.do(find_guild_holder, guild_id=guild_id)
            if holder is not None:
                words = _HELD.get(holder.state, "claim_done")
                return Answer("", text=guest.say(words, community=plain(holder.name)))
            address = await guest.do(
                get_claim_address, guild_id=guild_id, guild_name=name, discord_id=interaction.user.id
            )
            return Answer(
                guest.say("claim_title", guild=plain(name) or guest.say("claim_nameless")),
                text=guest.say("claim_text"),
                hint=guest.say("claim_hint"),
                buttons=[Button(guest.say("claim_open"), url=address)],
            )

        await self.desk.answer_guest(interaction, "claim", work)

    async def _check(self, guest: Guest, guild_id: int) -> str:
        """The server's name, for somebody who manages it. Raises NotAllowedError."""
        if guest.interaction.guild_id is not None:
            if not may_claim(permissions=guest.interaction.permissions.value):
                raise NotAllowedError(guest.say("claim_refused"))
            return self.bot.ears.guild(str(guild_id)).name
        try:
            facts = await guest.do(check_manager, guild_id=guild_id, user_id=guest.interaction.user.id)
        except GuildNotManagedError as error:
            raise NotAllowedError(guest.say("claim_refused")) from error
        return facts.name


async def setup(bot: Bot) -> None:
    await bot.add_cog(ClaimCog(bot))
