"""Roles from Membership, Discord's permissions and the tenant's own map; and the table of actions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from saas.core.errors import NotAllowedError
from tenants.context import TenantContext
from tenants.permissions import (
    ADMINISTRATOR,
    MANAGE_GUILD,
    MODERATE_MEMBERS,
    PERMISSIONS,
    Role,
    may,
    require,
    role_for_interaction,
    role_of_user,
)
from tests.cast import ACME, GLOBEX

NOBODY = 700_000_000_000_000_001
HELPER_ROLE = 600_000_000_000_000_001


@pytest.mark.parametrize(
    ("bits", "role"),
    [
        (0, Role.MEMBER),
        (MODERATE_MEMBERS, Role.MODERATOR),
        (MANAGE_GUILD, Role.ADMIN),
        (ADMINISTRATOR, Role.ADMIN),
        (MANAGE_GUILD | MODERATE_MEMBERS, Role.ADMIN),
        (1 << 11, Role.MEMBER),
    ],
)
def test_discords_permissions_count(db: None, acme: TenantContext, bits: int, role: Role) -> None:
    assert role_for_interaction(acme, NOBODY, bits, []) == role


def test_the_higher_of_membership_and_discord_counts(db: None, acme: TenantContext) -> None:
    owner, moderator = ACME.discord_id("owner"), ACME.discord_id("moderator")
    assert role_for_interaction(acme, owner, 0, []) == Role.OWNER
    assert role_for_interaction(acme, moderator, 0, []) == Role.MODERATOR
    assert role_for_interaction(acme, moderator, MANAGE_GUILD, []) == Role.ADMIN


def test_a_membership_elsewhere_counts_for_nothing(db: None, acme: TenantContext) -> None:
    assert role_for_interaction(acme, GLOBEX.discord_id("owner"), 0, []) == Role.MEMBER


def test_the_tenants_own_map_counts_but_makes_no_owner(db: None, acme: TenantContext) -> None:
    helpers = replace(acme, role_map=((HELPER_ROLE, "moderator"),))
    assert role_for_interaction(helpers, NOBODY, 0, [1, HELPER_ROLE]) == Role.MODERATOR
    assert role_for_interaction(helpers, NOBODY, 0, [1]) == Role.MEMBER
    crowned = replace(acme, role_map=((HELPER_ROLE, "owner"),))
    assert role_for_interaction(crowned, NOBODY, 0, [HELPER_ROLE]) == Role.ADMIN


def test_a_login_without_membership_is_a_stranger(db: None, acme: TenantContext) -> None:
    assert role_of_user(user_id=None, tenant_id=acme.tenant_id) == Role.STRANGER
    assert role_of_user(user_id=10**9, tenant_id=acme.tenant_id) == Role.STRANGER


# Every action, and the lowest of the cast who may do it. A new row of the table needs one here.
LOWEST = {
    "view_board": Role.STRANGER,
    "view_ways_to_earn": Role.STRANGER,
    "view_profile": Role.STRANGER,
    "view_own_history": Role.MEMBER,
    "change_own_privacy": Role.MEMBER,
    "view_dashboard": Role.ANALYST,
    "explain_any_entry": Role.ANALYST,
    "adjust_points": Role.MODERATOR,
    "undo_adjustment": Role.MODERATOR,
    "view_members": Role.ANALYST,
    "export_members": Role.MODERATOR,
    "manage_members": Role.MODERATOR,
    "delete_members": Role.ADMIN,
    "view_rules": Role.ANALYST,
    "change_rules": Role.ADMIN,
    "change_levels": Role.ADMIN,
    "change_boards": Role.ADMIN,
    "run_imports": Role.ADMIN,
    "view_team": Role.ANALYST,
    "manage_team": Role.ADMIN,
    "view_settings": Role.ANALYST,
    "change_settings": Role.ADMIN,
    "manage_api_keys": Role.ADMIN,
    "view_audit": Role.ADMIN,
    "export_audit": Role.ADMIN,
    "go_live": Role.ADMIN,
    "change_announcements": Role.ADMIN,
    "change_commands": Role.ADMIN,
    "link_guild": Role.ADMIN,
    "change_address": Role.OWNER,
    "transfer_ownership": Role.OWNER,
    "delete_community": Role.OWNER,
    "operate": Role.OPERATOR,
}


def test_every_action_is_for_exactly_those_that_are_listed() -> None:
    assert LOWEST.keys() == PERMISSIONS.keys()
    for action, lowest in LOWEST.items():
        assert {role for role in Role if may(role, action)} == {role for role in Role if role >= lowest}


def test_a_refusal_says_whom_to_ask() -> None:
    with pytest.raises(NotAllowedError, match="Only moderators and above may give and take points"):
        require(Role.MEMBER, "adjust_points")
    require(Role.MODERATOR, "adjust_points")
    with pytest.raises(KeyError):
        may(Role.OWNER, "fly")
