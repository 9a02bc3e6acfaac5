"""In shadow mode the bot answers the one who asks and nobody else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.bot_shard.commands.conftest import Talk

if TYPE_CHECKING:
    from tenants.routing import Routing

Inside = Callable[..., Awaitable[Any]]


@pytest.mark.parametrize("deferred", [False, True])
async def test_a_public_command_answers_in_private(
    talk: Talk, inside: Inside, monkeypatch: pytest.MonkeyPatch, deferred: bool
) -> None:
    shown = await talk.command("member", "leaderboard")
    assert not shown["replies"][-1].get("flags", 0) & 64
    await inside(_go_to_shadow, talk.service.routing)
    if deferred:
        monkeypatch.setattr("bot_shard.desk.DEFER_SECONDS", 0.0)
    hidden = await talk.command("member", "leaderboard")
    assert hidden["ephemeral"]


def _go_to_shadow(routing: Routing) -> None:
    from tenants.context import current_tenant
    from tenants.lifecycle import return_to_shadow

    tenant_id = current_tenant().tenant_id
    return_to_shadow(tenant_id=tenant_id)
    routing.load_tenants({tenant_id})
