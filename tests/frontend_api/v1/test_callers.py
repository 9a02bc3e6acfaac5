"""What a caller may: people by role, keys by scope, strangers what is public."""

from __future__ import annotations

import pytest

from frontend_api.v1.access import EVERYBODY, OPERATIONS, SIGNED_IN, Access
from frontend_api.v1.callers import NOBODY, Caller
from saas.core.errors import EngageHubError
from tenants.permissions import PERMISSIONS, STRANGER, Rights, Role, may
from tenants.scopes import SCOPES


def allows(caller: Caller, access: Access) -> str:
    try:
        caller.require(access)
    except EngageHubError as error:
        return error.code
    return "yes"


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation_is_for_those_in_its_row(name: str) -> None:
    access = OPERATIONS[name]
    for role in Role:
        person = Caller("user", 1, "x", Rights(role))
        if access.action in {EVERYBODY, SIGNED_IN}:
            assert allows(person, access) == "yes"
        else:
            assert allows(person, access) == ("yes" if may(role, access.action) else "not_permitted")
    is_open = access.action == EVERYBODY or (
        access.action in PERMISSIONS and may(Role.STRANGER, access.action)
    )
    assert allows(NOBODY, access) == ("yes" if is_open else "not_signed_in")


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_key_needs_the_scope(name: str) -> None:
    access = OPERATIONS[name]
    if access.action == EVERYBODY:
        return
    with_it = Caller("key", 1, "x", STRANGER, scopes=frozenset({access.scope}))
    without = Caller("key", 1, "x", STRANGER, scopes=frozenset({"other:read"}))
    if not access.scope:
        assert allows(with_it, access) == "people_only"
        return
    assert allows(with_it, access) == "yes"
    free = access.action == SIGNED_IN or may(Role.STRANGER, access.action)
    assert allows(without, access) == ("yes" if free else "scope_missing")


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_scope_stands_for_the_action(name: str) -> None:
    access = OPERATIONS[name]
    if access.scope not in {"", "any"}:
        assert access.action in SCOPES[access.scope].actions


def test_what_was_taken_from_a_person_is_taken_here_too() -> None:
    rights = Rights(Role.ADMIN, taken=frozenset({"change_rules"}))
    person = Caller("user", 1, "x", rights)
    assert allows(person, Access("change_rules", "rules:write")) == "not_permitted"
    assert allows(person, Access("change_levels", "levels:write")) == "yes"
