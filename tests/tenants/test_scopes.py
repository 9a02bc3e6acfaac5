"""Scopes: every one is made of actions that exist, and none reaches what an owner alone may do."""

from __future__ import annotations

import re

from tenants.permissions import PERMISSIONS, Rights, Role
from tenants.scopes import SCOPES, actions_of_scopes, list_scopes_for


def test_scopes_are_made_of_actions_below_the_owners() -> None:
    for name, scope in SCOPES.items():
        assert re.fullmatch(r"[a-z_]+:(read|write)", name)
        assert scope.actions
        assert all(PERMISSIONS[action].role <= Role.ADMIN for action in scope.actions), name


def test_reading_scopes_hold_no_writing_action() -> None:
    for name, scope in SCOPES.items():
        if name.endswith(":read"):
            assert all(action.startswith(("view_", "explain_")) for action in scope.actions), name


def test_a_key_may_what_its_scopes_say_and_no_more() -> None:
    assert actions_of_scopes(["members:read"]) == {"view_members", "view_profile"}
    assert actions_of_scopes([]) == frozenset()
    assert actions_of_scopes(["wings:write"]) == frozenset()


def test_nobody_gives_a_program_more_than_they_may_do() -> None:
    analyst = {scope.name for scope in list_scopes_for(Rights(Role.ANALYST))}
    assert "rules:read" in analyst
    assert "rules:write" not in analyst
    assert {scope.name for scope in list_scopes_for(Rights(Role.OWNER))} == set(SCOPES)
    limited = Rights(Role.ADMIN, taken=frozenset({"change_rules"}))
    assert "rules:write" not in {scope.name for scope in list_scopes_for(limited)}
