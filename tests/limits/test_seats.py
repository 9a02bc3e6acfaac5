"""Seats: people and open invites counted under the tenant's lock; whose are over the limit only look."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from saas.core import clock
from tenants import invites
from tenants.context import TenantContext
from tenants.gates import LimitReachedError
from tenants.invites import TeamFullError, accept_invite, invite_person, resend_invite
from tenants.models import Invite, Membership, Tenant, User
from tenants.permissions import (
    MANAGE_GUILD,
    NotPermittedError,
    Role,
    require,
    rights_for_interaction,
    rights_of_user,
)
from tenants.seats import is_frozen
from tenants.team import list_team, lock_team
from tests.plans import put_on_plan

from .racing import ROUNDS, at_once, meet, row_locks_off


def person(name: str) -> User:
    user, _ = User.objects.get_or_create(username=f"seat-{name}")
    return user


def join(context: TenantContext, name: str, role: str = "admin", *, minutes: int = 0) -> User:
    user = person(name)
    Membership.objects.create(
        user=user, tenant_id=context.tenant_id, role=role, created_at=clock.now() + timedelta(minutes=minutes)
    )
    return user


def invite(context: TenantContext, *, role: Role = Role.MODERATOR) -> tuple[Invite, str]:
    owner = User.objects.get(username="acme-owner")
    return invite_person(
        tenant=Tenant.objects.get(pk=context.tenant_id), role=role, email=None, invited_by=owner
    )


def team_size(context: TenantContext) -> int:
    return Membership.objects.filter(tenant_id=context.tenant_id).count()


def test_people_and_open_invites_fill_the_seats(db: None, acme: TenantContext) -> None:
    put_on_plan(acme, seats=team_size(acme) + 1)
    made, _token = invite(acme)
    with pytest.raises(LimitReachedError) as refused:
        invite(acme)
    assert refused.value.facts["limit"] == "seats"
    invites.revoke_invite(tenant=Tenant.objects.get(pk=acme.tenant_id), invite_id=made.pk)
    invite(acme)


def test_an_expired_invite_needs_a_seat_again(db: None, acme: TenantContext) -> None:
    put_on_plan(acme, seats=team_size(acme) + 1)
    made, _token = invite(acme)
    tenant = Tenant.objects.get(pk=acme.tenant_id)
    with clock.frozen_at(clock.now() + timedelta(days=8)):
        invite(acme)
        with pytest.raises(LimitReachedError):
            resend_invite(tenant=tenant, invite_id=made.pk)


def test_after_a_downgrade_invites_are_good_for_as_many_as_there_is_room(
    db: None, acme: TenantContext
) -> None:
    _first, one = invite(acme)
    second, two = invite(acme)
    put_on_plan(acme, seats=team_size(acme) + 1)

    accept_invite(token=one, user=person("a"))
    with pytest.raises(TeamFullError, match="stays open"):
        accept_invite(token=two, user=person("b"))

    second.refresh_from_db()
    assert second.accepted_at is None
    assert accept_invite(token=one, user=person("a")).is_new is False
    put_on_plan(acme, seats=9)
    assert accept_invite(token=two, user=person("b")).is_new


def test_the_newest_only_look_and_nobody_is_removed(db: None, acme: TenantContext) -> None:
    size = team_size(acme)
    early, late = join(acme, "early"), join(acme, "late", minutes=1)
    put_on_plan(acme, seats=size + 1)

    frozen = {row.user.username for row in list_team(tenant_id=acme.tenant_id) if is_frozen(row)}
    assert frozen == {"seat-late"}
    rights = rights_of_user(user_id=late.pk, tenant_id=acme.tenant_id)
    assert (rights.role, rights.frozen_from) == (Role.ANALYST, Role.ADMIN)
    assert rights.may("view_members")
    with pytest.raises(NotPermittedError, match="only looks"):
        require(rights, "change_rules")
    with pytest.raises(NotPermittedError):
        lock_team(acme.tenant_id, late.pk)
    assert rights_of_user(user_id=early.pk, tenant_id=acme.tenant_id).role == Role.ADMIN

    Membership.objects.filter(user=early).delete()
    assert rights_of_user(user_id=late.pk, tenant_id=acme.tenant_id).role == Role.ADMIN


def test_an_upgrade_thaws_whatever_was_frozen(db: None, acme: TenantContext) -> None:
    late = join(acme, "late", minutes=1)
    Membership.objects.filter(user=late).update(given=["export_audit"], taken=["view_audit"])
    put_on_plan(acme, seats=1)
    assert not rights_of_user(user_id=late.pk, tenant_id=acme.tenant_id).given
    put_on_plan(acme, seats=50)
    rights = rights_of_user(user_id=late.pk, tenant_id=acme.tenant_id)
    assert (rights.role, rights.taken, rights.frozen_from) == (Role.ADMIN, frozenset({"view_audit"}), None)


def test_the_owner_keeps_everything_whenever_they_joined(db: None, acme: TenantContext) -> None:
    put_on_plan(acme, seats=1)
    owner = User.objects.get(username="acme-owner")
    Membership.objects.filter(user=owner, tenant_id=acme.tenant_id).update(
        created_at=clock.now() + timedelta(days=9)
    )
    assert rights_of_user(user_id=owner.pk, tenant_id=acme.tenant_id).role == Role.OWNER


def test_a_frozen_seat_takes_no_more_than_none_would(db: None, acme: TenantContext) -> None:
    late = join(acme, "late", minutes=1)
    User.objects.filter(pk=late.pk).update(discord_id=555_000_000_000_000_555)
    put_on_plan(acme, seats=1)
    assert rights_for_interaction(acme, 555_000_000_000_000_555, 0, []).role == Role.ANALYST
    assert rights_for_interaction(acme, 555_000_000_000_000_555, MANAGE_GUILD, []).role == Role.ADMIN


def race(context: TenantContext) -> int:
    """Two invite into the last seat; answers how many seats are taken."""
    Invite.objects.all().delete()
    at_once(lambda: invite(context), lambda: invite(context))
    return team_size(context) + Invite.objects.filter(accepted_at=None).count()


@pytest.mark.race
@pytest.mark.parametrize("rounds", ROUNDS)
def test_of_two_who_invite_into_the_last_seat_one_is_refused(
    committed_db: None, acme: TenantContext, rounds: int
) -> None:
    seats = team_size(acme) + 1
    put_on_plan(acme, seats=seats)
    assert [race(acme) for _ in range(rounds)] == [seats] * rounds


@pytest.mark.race
@pytest.mark.parametrize("rounds", ROUNDS)
def test_of_two_who_take_the_last_seat_one_is_refused(
    committed_db: None, acme: TenantContext, rounds: int
) -> None:
    seats = team_size(acme) + 1
    for _ in range(rounds):
        put_on_plan(acme)
        tokens = [invite(acme)[1], invite(acme)[1]]
        put_on_plan(acme, seats=seats)
        takers = zip(tokens, (person("a"), person("b")), strict=True)
        acts: list[Callable[[], object]] = [
            lambda token=token, user=user: accept_invite(token=token, user=user)  # type: ignore[misc]
            for token, user in takers
        ]
        assert len(at_once(*acts)) == 1
        assert team_size(acme) == seats
        Membership.objects.filter(user__username__startswith="seat-").delete()
        Invite.objects.all().delete()


@pytest.mark.race
def test_without_the_lock_both_would_be_invited(
    committed_db: None, acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    seats = team_size(acme) + 1
    put_on_plan(acme, seats=seats)
    counted, together = invites.require_seat_to_offer, meet(threading.Barrier(2))

    def count_and_wait(tenant: Tenant, *, besides: int | None = None) -> None:
        counted(tenant, besides=besides)
        together()

    monkeypatch.setattr(invites, "require_seat_to_offer", count_and_wait)
    with row_locks_off(monkeypatch):
        assert any(race(acme) > seats for _ in range(5))
