"""Every command and menu, by whoever may not: refused by the bot itself, nothing changed, nothing sent.

Discord hides such a command; a server may show it to everybody, so each is asked for in earnest, over the local Discord.
"""

from __future__ import annotations

from typing import Any

import pytest

from bot_shard.permissions import COMMANDS
from tenants.context import TenantContext
from tenants.permissions import PERMISSIONS, Role
from tests.cast import ACME
from tests.permissions.digest import Snapshot, differing

from .conftest import Talk
from .test_member_commands import Inside, embed
from .test_points_commands import TO_MEMBER, _show_to_everybody

# What a command needs to be asked at all; a new one for moderators or admins needs its row.
OPTIONS: dict[str, dict[str, Any]] = {
    "points give": TO_MEMBER | {"member": ACME.discord_id("owner")},
    "points take": TO_MEMBER | {"member": ACME.discord_id("owner")},
    "boost list": {},
    "boost start": {"hours": 2},
    "boost stop": {},
    "credits approve": {"request": 1},
    "credits reject": {"request": 1, "reason": "No"},
    "credits grant": TO_MEMBER | {"member": ACME.discord_id("owner"), "type": "ai"},
    "credits revoke": TO_MEMBER | {"member": ACME.discord_id("owner"), "type": "ai"},
    "dashboard": {},
    "member info": {"member": ACME.discord_id("owner")},
    "setup announcements": {"where": "off"},
    "setup check": {},
    "setup channels": {},
    "setup limit": {"uses": 3, "seconds": 30},
    "setup show": {},
    "setup team": {},
}
GUARDED = {
    name: PERMISSIONS[action].role
    for name, action in COMMANDS.items()
    if PERMISSIONS[action].role > Role.MEMBER
}
MENUS = {name for name in GUARDED if not name.islower()}
ROLES = {"stranger": Role.MEMBER, "member": Role.MEMBER, "moderator": Role.MODERATOR}


def test_every_guarded_command_can_be_asked_here() -> None:
    assert GUARDED.keys() - MENUS == OPTIONS.keys()


@pytest.mark.parametrize("who", ROLES)
async def test_who_may_not_is_refused_and_nothing_changes(
    talk: Talk, inside: Inside, acme: TenantContext, globex: TenantContext, who: str
) -> None:
    _show_to_everybody(talk)
    snapshot: Snapshot = await inside(Snapshot, "public", acme.schema, globex.schema)
    before = await inside(snapshot.take)
    refused = [name for name, role in GUARDED.items() if ROLES[who] < role]
    for name in refused:
        if name in MENUS:
            answer = await talk.local.state.run_menu(
                "Acme Makers", "general", f"acme-{who}", name, target=ACME.discord_id("owner")
            )
            assert "modal" not in answer or not answer["modal"], name
        else:
            answer = await talk.command(who, name, OPTIONS[name])
        assert answer["ephemeral"], name
        assert "Ref" in embed(answer)["footer"]["text"], name
    after = await inside(snapshot.take)
    # What the bot learns of its servers at its start is no matter of these commands.
    theirs = (f"{acme.schema}.", f"{globex.schema}.", "public.membership", "public.tenant", "public.invite")
    changed = [table for table in differing(before, after) if table.startswith(theirs)]
    assert refused
    assert changed == []
    assert await inside(_count_jobs, acme.schema) == 0


def _count_jobs(schema: str) -> int:
    """A refusal is an entry, and an entry asks for its seal; nothing else waits to be done."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from public.procrastinate_jobs"
            " where task_name <> 'engagement.audit.seal_audit' and args->>'tenant' = %s",
            [schema],
        )
        return int(cursor.fetchone()[0])
