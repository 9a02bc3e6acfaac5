"""In shadow mode the bot answers the one who asks and nobody else."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async

from tests.bot_shard.commands.conftest import Talk
from tests.cast import ACME


@pytest.mark.parametrize("deferred", [False, True])
async def test_a_public_command_answers_in_private(
    talk: Talk, monkeypatch: pytest.MonkeyPatch, deferred: bool
) -> None:
    shown = await talk.command("member", "leaderboard")
    assert not shown["replies"][-1].get("flags", 0) & 64
    await sync_to_async(_go_to_shadow)()
    talk.service.routing.load_tenants({await sync_to_async(_acme_id)()})
    if deferred:
        monkeypatch.setattr("bot_shard.desk.DEFER_SECONDS", 0.0)
    hidden = await talk.command("member", "leaderboard")
    assert hidden["ephemeral"]


def _acme_id() -> int:
    from tenants.models import Tenant

    return int(Tenant.objects.values_list("pk", flat=True).get(slug=ACME.slug))


def _go_to_shadow() -> None:
    from tenants.lifecycle import return_to_shadow

    return_to_shadow(tenant_id=_acme_id())
