"""Roles from Membership, Discord's permissions and the tenant's own map; and the table of actions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from saas.core.errors import NotAllowedError
from tenants.context import TenantContext
from tenants.models import Membership
from tenants.permissions import (
    ADMINISTRATOR,
    MANAGE_GUILD,
    MODERATE_MEMBERS,
    PERMISSIONS,
    NotPermittedError,
    Role,
    may,
    may_here,
    require,
    require_here,
    rights_for_interaction,
    rights_of_user,
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
    assert rights_for_interaction(acme, NOBODY, bits, []).role == role


def test_the_higher_of_membership_and_discord_counts(db: None, acme: TenantContext) -> None:
    owner, moderator = ACME.discord_id("owner"), ACME.discord_id("moderator")
    assert rights_for_interaction(acme, owner, 0, []).role == Role.OWNER
    assert rights_for_interaction(acme, moderator, 0, []).role == Role.MODERATOR
    assert rights_for_interaction(acme, moderator, MANAGE_GUILD, []).role == Role.ADMIN


def test_a_membership_elsewhere_counts_for_nothing(db: None, acme: TenantContext) -> None:
    assert rights_for_interaction(acme, GLOBEX.discord_id("owner"), 0, []).role == Role.MEMBER


def test_the_tenants_own_map_counts_but_makes_no_owner(db: None, acme: TenantContext) -> None:
    helpers = replace(acme, role_map=((HELPER_ROLE, "moderator"),))
    assert rights_for_interaction(helpers, NOBODY, 0, [1, HELPER_ROLE]).role == Role.MODERATOR
    assert rights_for_interaction(helpers, NOBODY, 0, [1]).role == Role.MEMBER
    crowned = replace(acme, role_map=((HELPER_ROLE, "owner"),))
    assert rights_for_interaction(crowned, NOBODY, 0, [HELPER_ROLE]).role == Role.ADMIN


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
    "claim_member": Role.MEMBER,
    "view_dashboard": Role.ANALYST,
    "explain_any_entry": Role.ANALYST,
    "adjust_points": Role.MODERATOR,
    "undo_adjustment": Role.MODERATOR,
    "send_activities": Role.ADMIN,
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
    "view_boosts": Role.ANALYST,
    "change_boosts": Role.ADMIN,
    "view_shop": Role.STRANGER,
    "redeem_rewards": Role.MEMBER,
    "view_rewards": Role.ANALYST,
    "change_rewards": Role.ADMIN,
    "view_redemptions": Role.ANALYST,
    "decide_redemptions": Role.MODERATOR,
    "fulfil_redemptions": Role.MODERATOR,
    "export_redemptions": Role.MODERATOR,
    "submit_work": Role.MEMBER,
    "view_submissions": Role.ANALYST,
    "review_submissions": Role.MODERATOR,
    "change_submission_types": Role.ADMIN,
    "request_credits": Role.MEMBER,
    "view_credits": Role.ANALYST,
    "decide_credits": Role.MODERATOR,
    "grant_credits": Role.ADMIN,
    "spend_credits": Role.ADMIN,
    "change_credits": Role.ADMIN,
    "view_economy": Role.ANALYST,
    "support_community": Role.MEMBER,
    "view_supporters": Role.MODERATOR,
    "manage_supporters": Role.ADMIN,
    "manage_payouts": Role.OWNER,
    "view_billing": Role.ADMIN,
    "manage_billing": Role.OWNER,
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


def give(role: str, action: str, *, taken: bool = False) -> None:
    """`action` is given to (or taken from) the one who plays `role` at Acme."""
    from tenants.models import Membership

    membership = Membership.objects.get(user__discord_id=ACME.discord_id(role))
    setattr(membership, "taken" if taken else "given", [action])
    membership.save()


def test_a_person_may_hold_more_than_the_role(db: None, acme: TenantContext) -> None:
    give("moderator", "change_rules")
    rights = rights_for_interaction(acme, ACME.discord_id("moderator"), 0, [])
    assert may(rights, "change_rules")
    assert not may(rights, "change_levels")
    assert rights.role == Role.MODERATOR


def test_a_person_may_hold_less_and_is_told_so(db: None, acme: TenantContext) -> None:
    give("moderator", "adjust_points", taken=True)
    rights = rights_for_interaction(acme, ACME.discord_id("moderator"), 0, [])
    with pytest.raises(NotAllowedError, match="took this from you"):
        require(rights, "adjust_points")
    assert may(rights, "undo_adjustment")


def test_discord_gives_back_no_single_thing_that_was_taken(db: None, acme: TenantContext) -> None:
    give("moderator", "adjust_points", taken=True)
    rights = rights_for_interaction(acme, ACME.discord_id("moderator"), ADMINISTRATOR, [])
    assert rights.role == Role.ADMIN
    assert not may(rights, "adjust_points")


def test_nothing_is_taken_from_an_owner_and_nothing_given_that_is_the_owners(
    db: None, acme: TenantContext
) -> None:
    give("owner", "change_rules", taken=True)
    give("moderator", "delete_community")
    assert may(rights_for_interaction(acme, ACME.discord_id("owner"), 0, []), "change_rules")
    assert not may(rights_for_interaction(acme, ACME.discord_id("moderator"), 0, []), "delete_community")


def test_grants_hold_in_their_own_community_alone(
    db: None, acme: TenantContext, globex: TenantContext
) -> None:
    give("moderator", "change_rules")
    assert not may(rights_for_interaction(globex, ACME.discord_id("moderator"), 0, []), "change_rules")


def test_an_action_of_a_former_release_counts_for_nothing(db: None, acme: TenantContext) -> None:
    from tenants.models import Membership

    give("moderator", "fly")
    membership = Membership.objects.get(user__discord_id=ACME.discord_id("moderator"))
    rights = rights_of_user(user_id=membership.user_id, tenant_id=acme.tenant_id)
    assert rights.given == frozenset()


def test_a_community_may_keep_boards_and_profiles_to_its_members(acme: TenantContext) -> None:
    closed = replace(acme, board_public=False)
    for action in ("view_board", "view_profile"):
        assert may_here(acme, Role.STRANGER, action)
        assert not may_here(closed, Role.STRANGER, action)
        assert may_here(closed, Role.MEMBER, action)
        with pytest.raises(NotPermittedError, match="Only members and above"):
            require_here(closed, Role.STRANGER, action)
    assert may_here(closed, Role.STRANGER, "view_ways_to_earn")
    with pytest.raises(NotPermittedError):
        require_here(acme, Role.MEMBER, "change_rules")


def test_partners_are_reserved_and_may_do_what_strangers_may(db: None, acme: TenantContext) -> None:
    assert {action for action in PERMISSIONS if may(Role.PARTNER, action)} == {
        action for action in PERMISSIONS if may(Role.STRANGER, action)
    }
    assert "partner" not in Membership.Role.values  # nobody can be made one yet
    closed = replace(acme, board_public=False)
    assert not may_here(closed, Role.PARTNER, "view_board")
