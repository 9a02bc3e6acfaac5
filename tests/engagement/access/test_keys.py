"""Keys: nobody gives a program more than they may do; the log names the key and never its text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engagement.access.keys import create_key, revoke_key, rotate_key
from engagement.access.team import change_teammate
from engagement.audit.models import AuditEntry
from saas.core.errors import InvalidInputError
from tenants.api_keys import list_api_keys
from tenants.context import TenantContext
from tenants.errors import ApiKeyNotFoundError, MoreThanYoursError
from tenants.permissions import NotPermittedError

from .conftest import Team

Entries = Callable[[str], list[AuditEntry]]


def make(team: Team, by: str = "admin", scopes: tuple[str, ...] = ("members:read",)) -> Any:
    return create_key(
        context=team.context,
        name="Shop",
        scopes=scopes,
        expires_at=None,
        by=team.user(by),
        actor=team.actor(by),
    )


def test_a_key_is_made_rotated_and_revoked_once(team: Team, entries: Entries) -> None:
    first = make(team)
    second = rotate_key(
        context=team.context, key_id=first.key.pk, by=team.user("admin"), actor=team.actor("admin")
    )
    for _ in range(2):
        revoke_key(
            context=team.context, key_id=second.key.pk, by=team.user("admin"), actor=team.actor("admin")
        )

    made = entries("key.created")
    assert [entry.target_id for entry in made] == [str(first.key.pk), str(second.key.pk)]
    assert made[0].after == {"scopes": ["members:read"], "expires_at": None, "prefix": first.key.prefix}
    assert len(entries("key.revoked")) == 1
    told = str([vars(entry) for entry in entries("key.created") + entries("key.revoked")])
    assert first.token not in told
    assert second.token not in told


def test_who_may_not_make_keys_makes_none(team: Team) -> None:
    for who in ("moderator", "analyst"):
        with pytest.raises(NotPermittedError):
            make(team, who)
    assert list_api_keys(tenant_id=team.context.tenant_id) == []


def test_a_key_gets_nothing_that_its_maker_has_not(team: Team) -> None:
    change_teammate(
        context=team.context, membership_id=team.row_id("admin"), by_user_id=team.user("owner").pk,
        actor=team.actor("owner"), taken=["change_rules"],
    )  # fmt: skip
    with pytest.raises(MoreThanYoursError, match="change the rules"):
        make(team, scopes=("rules:write",))
    strong = make(team, "owner", ("rules:write",))
    with pytest.raises(MoreThanYoursError):
        rotate_key(
            context=team.context, key_id=strong.key.pk, by=team.user("admin"), actor=team.actor("admin")
        )


def test_unknown_scopes_and_anothers_keys(team: Team, globex: TenantContext) -> None:
    with pytest.raises(InvalidInputError, match="no scope"):
        make(team, scopes=("wings:write",))
    mine = make(team)
    with pytest.raises(NotPermittedError):
        revoke_key(context=globex, key_id=mine.key.pk, by=team.user("admin"), actor=team.actor("admin"))
    with pytest.raises(ApiKeyNotFoundError):
        revoke_key(context=team.context, key_id=10**9, by=team.user("admin"), actor=team.actor("admin"))
