"""What becomes of the bot in a guild stands in the community's audit log, once."""

from __future__ import annotations

import pytest

from engagement.audit.models import AuditEntry
from integrations.discord.comings import follow_guilds_recorded, note_removal
from tenants.context import TenantContext, enter_tenant
from tenants.errors import GuildNotLinkedError
from tenants.guild_facts import GuildFacts
from tenants.models import GuildLink


def acts(context: TenantContext) -> list[tuple[str, str, str]]:
    with enter_tenant(context):
        found = AuditEntry.objects.filter(action__startswith="guild.").order_by("pk")
        return [(one.action, one.actor_name, one.target_id) for one in found]


def test_removal_and_return_are_recorded_once(db: None, acme: TenantContext, globex: TenantContext) -> None:
    assert acme.guild_id is not None
    guild_id = acme.guild_id

    note_removal(guild_id=guild_id)
    with pytest.raises(GuildNotLinkedError):
        note_removal(guild_id=guild_id)
    assert acts(acme) == [("guild.removed", "Discord", str(guild_id))]

    facts = [GuildFacts(guild_id, name="Acme", owner_id=1)]
    assert follow_guilds_recorded(facts=facts) == 1
    assert follow_guilds_recorded(facts=facts) == 0

    assert GuildLink.objects.get(guild_id=guild_id).state == GuildLink.State.ACTIVE
    assert acts(acme)[1:] == [("guild.returned", "Discord", str(guild_id))]
    assert acts(globex) == []


def test_an_outage_is_no_return(db: None, acme: TenantContext) -> None:
    assert acme.guild_id is not None
    note_removal(guild_id=acme.guild_id)
    assert follow_guilds_recorded(facts=[GuildFacts(acme.guild_id, available=False)]) == 0
    assert len(acts(acme)) == 1
