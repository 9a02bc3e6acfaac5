"""Who may change whom: nobody gives what they have not, nobody changes their equals, there is always one owner."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from engagement.access.team import (
    accept_invite,
    change_teammate,
    invite_teammate,
    leave_team,
    map_role,
    remove_teammate,
    withdraw_invite,
)
from engagement.audit.models import AuditEntry
from saas.core.errors import EngageHubError
from tenants import team as team_rows
from tenants.context import TenantContext
from tenants.errors import (
    BadGrantError,
    BadRoleError,
    MoreThanYoursError,
    NotYoursToChangeError,
    OwnerStaysError,
    TeammateNotFoundError,
)
from tenants.models import Membership, User
from tenants.permissions import NotPermittedError, Role, rights_of_user
from tests.limits.racing import holds_up_another, wait_until

from .conftest import Team, make_team

Entries = Callable[[str], list[AuditEntry]]
HELPERS = 600_000_000_000_000_001


def change(team: Team, who: str, by: str, **wanted: Any) -> Membership:
    return change_teammate(
        context=team.context,
        membership_id=team.row_id(who),
        by_user_id=team.user(by).pk,
        actor=team.actor(by),
        **wanted,
    )


def role_of(team: Team, who: str) -> str:
    return str(Membership.objects.values_list("role", flat=True).get(pk=team.row_id(who)))


def test_an_admin_changes_the_role_of_those_below(team: Team, entries: Entries) -> None:
    change(team, "analyst", "admin", role=Role.MODERATOR)
    change(team, "analyst", "admin", role=Role.MODERATOR)

    assert role_of(team, "analyst") == "moderator"
    [entry] = entries("team.role_changed")
    assert (entry.before, entry.after) == ({"role": "analyst"}, {"role": "moderator"})
    assert (entry.target_kind, entry.target_id) == ("teammate", str(team.user("analyst").pk))


@pytest.mark.parametrize(
    ("who", "by", "error"),
    [
        ("admin2", "admin", NotYoursToChangeError),
        ("admin", "admin", NotYoursToChangeError),
        ("owner", "admin", OwnerStaysError),
        ("owner", "owner", OwnerStaysError),
        ("analyst", "moderator", NotPermittedError),
        ("moderator", "analyst", NotPermittedError),
    ],
)
def test_nobody_changes_their_equals_their_betters_or_themselves(
    team: Team, entries: Entries, who: str, by: str, error: type[EngageHubError]
) -> None:
    before = role_of(team, who)
    with pytest.raises(error):
        change(team, who, by, role=Role.MODERATOR)
    with pytest.raises(error):
        remove_teammate(
            context=team.context,
            membership_id=team.row_id(who),
            by_user_id=team.user(by).pk,
            actor=team.actor(by),
        )
    assert role_of(team, who) == before
    assert entries("team.role_changed") == entries("team.removed") == []


def test_the_owner_changes_admins(team: Team) -> None:
    change(team, "admin", "owner", role=Role.ANALYST)
    assert role_of(team, "admin") == "analyst"


@pytest.mark.parametrize("role", [Role.OWNER, Role.MEMBER, Role.OPERATOR])
def test_there_is_no_other_role_to_give(team: Team, role: Role) -> None:
    with pytest.raises(BadRoleError):
        change(team, "analyst", "owner", role=role)


def test_single_things_are_given_and_taken(team: Team, entries: Entries) -> None:
    change(team, "analyst", "admin", given=["adjust_points"], taken=["view_rules"])

    rights = rights_of_user(user_id=team.user("analyst").pk, tenant_id=team.context.tenant_id)
    assert rights.may("adjust_points")
    assert not rights.may("view_rules")
    [entry] = entries("team.grants_changed")
    assert entry.after == {"given": ["adjust_points"], "taken": ["view_rules"]}


def test_what_the_role_says_anyway_is_not_kept(team: Team) -> None:
    """Else it would outlive the role: given as a moderator, still there as an analyst."""
    change(team, "moderator", "admin", given=["adjust_points"], taken=["change_rules"])
    row = Membership.objects.get(pk=team.row_id("moderator"))
    assert (row.given, row.taken) == ([], [])
    change(team, "analyst", "admin", given=["adjust_points"])
    change(team, "analyst", "admin", role=Role.MODERATOR)
    assert Membership.objects.get(pk=team.row_id("analyst")).given == []


def test_nobody_gives_what_was_taken_from_them(team: Team) -> None:
    change(team, "admin", "owner", taken=["export_audit"])
    for wanted in ({"given": ["export_audit"]}, {"role": Role.ADMIN}):
        with pytest.raises(MoreThanYoursError, match="export the audit log"):
            change(team, "analyst", "admin", **wanted)
    with pytest.raises(MoreThanYoursError):
        invite_teammate(
            context=team.context, role=Role.ADMIN, email="", by=team.user("admin"), actor=team.actor("admin")
        )
    with pytest.raises(MoreThanYoursError):
        map_role(
            context=team.context, role_id=HELPERS, role_name="Helpers", role=Role.ADMIN,
            by_user_id=team.user("admin").pk, actor=team.actor("admin"),
        )  # fmt: skip


@pytest.mark.parametrize("action", ["delete_community", "operate", "view_board", "fly"])
def test_the_owners_and_everybodys_things_are_not_given(team: Team, action: str) -> None:
    with pytest.raises(BadGrantError):
        change(team, "analyst", "owner", given=[action])


def test_an_analyst_with_the_grant_manages_those_below_only(team: Team) -> None:
    change(team, "moderator", "owner", given=["manage_team"])
    change(team, "analyst", "moderator", taken=["view_rules"])
    with pytest.raises(MoreThanYoursError):
        change(team, "analyst", "moderator", role=Role.ADMIN)
    with pytest.raises(NotYoursToChangeError):
        change(team, "admin", "moderator", role=Role.ANALYST)


def test_removing_and_leaving(team: Team, entries: Entries) -> None:
    remove_teammate(
        context=team.context, membership_id=team.row_id("analyst"), by_user_id=team.user("admin").pk,
        actor=team.actor("admin"),
    )  # fmt: skip
    leave_team(context=team.context, user_id=team.user("moderator").pk, actor=team.actor("moderator"))
    with pytest.raises(OwnerStaysError):
        leave_team(context=team.context, user_id=team.user("owner").pk, actor=team.actor("owner"))
    with pytest.raises(TeammateNotFoundError):
        leave_team(context=team.context, user_id=team.user("moderator").pk, actor=team.actor("moderator"))

    assert [entry.target_name for entry in entries("team.removed")] == ["Analyst"]
    assert [entry.before["role"] for entry in entries("team.left")] == ["moderator"]


def test_anothers_teammate_is_nobody_here(team: Team, globex: TenantContext) -> None:
    theirs = Membership.objects.get(tenant_id=globex.tenant_id, role="moderator")
    for call in (change_teammate, remove_teammate):
        wanted = {"role": Role.ANALYST} if call is change_teammate else {}
        with pytest.raises(TeammateNotFoundError):
            call(
                context=team.context, membership_id=theirs.pk, by_user_id=team.user("owner").pk,
                actor=team.actor("owner"), **wanted,
            )  # type: ignore[operator]  # fmt: skip
    theirs.refresh_from_db()
    assert theirs.role == "moderator"


def test_an_invite_is_recorded_when_made_taken_and_withdrawn(team: Team, entries: Entries) -> None:
    made, token = invite_teammate(
        context=team.context, role=Role.ANALYST, email="", by=team.user("admin"), actor=team.actor("admin")
    )
    guest = User.objects.get(username="acme-stranger")
    for _ in range(2):
        accept_invite(token=token, user=guest, actor=team.actor("admin"))
    other, _ = invite_teammate(
        context=team.context,
        role=Role.ANALYST,
        email="ada@example.org",
        by=team.user("admin"),
        actor=team.actor("admin"),
    )
    withdraw_invite(
        context=team.context, invite_id=other.pk, by_user_id=team.user("admin").pk, actor=team.actor("admin")
    )

    assert [(entry.target_name, entry.after["role"]) for entry in entries("team.invited")] == [
        (f"whoever opens link {made.pk}", "analyst"),
        ("ada@example.org", "analyst"),
    ]
    assert [entry.after for entry in entries("team.joined")] == [{"role": "analyst"}]
    assert len(entries("team.invite_revoked")) == 1
    assert token not in str([vars(entry) for entry in entries("team.invited")])


def test_a_discord_role_is_mapped_and_taken_out(team: Team, entries: Entries) -> None:
    given: dict[str, Any] = {
        "context": team.context, "role_id": HELPERS, "role_name": "Helpers", "by_user_id": team.user("admin").pk,
        "actor": team.actor("admin"),
    }  # fmt: skip
    assert map_role(role=Role.MODERATOR, **given) == {str(HELPERS): "moderator"}
    map_role(role=Role.MODERATOR, **given)
    assert map_role(role=None, **given) == {}

    assert [(e.target_name, e.before, e.after) for e in entries("role_map.changed")] == [
        ("Helpers", {"role": None}, {"role": "moderator"}),
        ("Helpers", {"role": "moderator"}, {"role": None}),
    ]


@pytest.mark.race
@pytest.mark.parametrize("locked", [True, False])
def test_who_is_demoted_at_that_moment_gives_nothing(
    committed_db: None, acme: TenantContext, locked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner demotes the admin while the admin makes the analyst an admin. With the lock off, the demoted one still gets it."""
    team = make_team(acme)
    read, demoting, go_on = threading.Event(), threading.Event(), threading.Event()
    read_rights = team_rows.lock_team

    def lock_and_wait(tenant_id: int, by_user_id: int | None) -> Any:
        if not locked and by_user_id == team.user("admin").pk:
            rights = rights_of_user(user_id=by_user_id, tenant_id=tenant_id)  # as read before the lock
            read.set()
            go_on.wait(30)
            return rights
        rights = read_rights(tenant_id, by_user_id)
        if by_user_id == team.user("owner").pk:
            demoting.set()
            wait_until(lambda: not locked or go_on.is_set() or holds_up_another())
        return rights

    monkeypatch.setattr(team_rows, "lock_team", lock_and_wait)

    def run(who: str, by: str, role: Role) -> str:
        try:
            change(team, who, by, role=role)
            go_on.set()
            return "done"
        except EngageHubError as error:
            return error.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        if not locked:
            promoting = pool.submit(run, "analyst", "admin", Role.ADMIN)
            assert read.wait(30)
        demotion = pool.submit(run, "admin", "owner", Role.ANALYST)
        assert demoting.wait(30)
        if locked:
            promoting = pool.submit(run, "analyst", "admin", Role.ADMIN)
        outcomes = demotion.result(30), promoting.result(30)
    assert outcomes == ("done", "not_permitted" if locked else "done")
