"""Invites: by mail and by link, once, for seven days, for whom they name; who wins a race for one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import connections

from saas.core import clock
from saas.core.errors import EngageHubError, InvalidInputError, NotFoundError, RateLimitedError
from tenants import invites
from tenants.errors import BadRoleError
from tenants.invites import (
    InviteExpiredError,
    InviteForAnotherError,
    InviteGoneError,
    InviteUsedError,
    TooManyInvitesError,
    accept_invite,
    find_invite,
    invite_person,
    list_invites,
    resend_invite,
    revoke_invite,
)
from tenants.models import Invite, Membership, Tenant, User
from tenants.permissions import Role
from tests.mailbox import link_in, only_mail, send_waiting

GUEST = "guest@example.org"


def acme() -> Tenant:
    return Tenant.objects.get(slug="acme")


def person(username: str = "acme-stranger") -> User:
    return User.objects.get(username=username)


def invite(
    role: Role = Role.MODERATOR, email: str | None = None, tenant: Tenant | None = None
) -> tuple[Invite, str]:
    return invite_person(tenant=tenant or acme(), role=role, email=email, invited_by=person("acme-owner"))


def confirm(user: User, email: str, *, verified: bool = True) -> User:
    EmailAddress.objects.create(user=user, email=email, verified=verified, primary=True)
    return user


def later(**passed: int) -> object:
    return clock.frozen_at(clock.now() + timedelta(**passed))


def test_a_link_gives_its_role_once(db: None) -> None:
    _, token = invite(Role.ADMIN)
    assert accept_invite(token=token, user=person()).membership.role == "admin"
    with pytest.raises(InviteUsedError):
        accept_invite(token=token, user=person("globex-stranger"))
    assert not Membership.objects.filter(user=person("globex-stranger")).exists()


def test_taking_it_twice_changes_nothing(db: None) -> None:
    _, token = invite()
    assert accept_invite(token=token, user=person()).is_new
    again = accept_invite(token=token, user=person())
    assert (again.membership.role, again.is_new) == ("moderator", False)
    assert Membership.objects.filter(user=person()).count() == 1


def test_a_taken_invite_does_not_bring_back_whom_the_team_removed(db: None) -> None:
    _, token = invite()
    accept_invite(token=token, user=person()).membership.delete()
    with pytest.raises(InviteUsedError):
        accept_invite(token=token, user=person())


def test_nobodys_role_falls(db: None) -> None:
    _, token = invite(Role.ANALYST)
    assert accept_invite(token=token, user=person("acme-owner")).membership.role == "owner"
    _, token = invite(Role.ADMIN)
    assert accept_invite(token=token, user=person("acme-moderator")).membership.role == "admin"


def test_only_the_digest_is_kept(db: None) -> None:
    row, token = invite()
    row.refresh_from_db()
    assert token not in row.token_digest
    assert len(row.token_digest) == 64


@pytest.mark.parametrize("role", [Role.OWNER, Role.OPERATOR, Role.MEMBER, Role.STRANGER])
def test_roles_that_no_invite_gives(db: None, role: Role) -> None:
    with pytest.raises(BadRoleError):
        invite(role)


@pytest.mark.parametrize("email", ["nobody", "a@b", "a@example.org\nBcc: b@example.org", "x" * 100_000])
def test_what_is_no_address_is_refused(db: None, email: str) -> None:
    with pytest.raises(InvalidInputError, match="no e-mail address"):
        invite(email=email)
    assert send_waiting() == []


def test_the_mail_leads_to_the_invite_and_says_what_for(db: None) -> None:
    invite(email=GUEST)
    arrived = only_mail(GUEST)
    assert "Acme Makers" in arrived.subject
    assert "as moderator" in str(arrived.body)
    token = link_in(arrived).rstrip("/").rpartition("/")[2]
    assert find_invite(token=token).email == GUEST


def test_hostile_names_stay_in_their_line(db: None) -> None:
    Tenant.objects.filter(slug="acme").update(name="<script>\u202eevil\u202c")
    User.objects.filter(username="acme-owner").update(display_name="Eve\r\nBcc: all@example.org")
    invite(email=GUEST)
    arrived = only_mail(GUEST)
    assert "\n" not in arrived.subject
    assert "\u202e" not in arrived.subject + str(arrived.body)
    html = str(arrived.alternatives[0][0])  # type: ignore[index]
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_an_address_is_needed_where_one_is_named(db: None) -> None:
    _, token = invite(email=GUEST)
    confirm(person("globex-stranger"), GUEST, verified=False)
    for user in (person(), person("globex-stranger")):
        with pytest.raises(InviteForAnotherError, match=r"g••••@example\.org"):
            accept_invite(token=token, user=user)
    EmailAddress.objects.all().delete()
    assert accept_invite(token=token, user=confirm(person(), GUEST.upper())).membership.role == "moderator"


def test_it_ends_after_seven_days(db: None) -> None:
    _, token = invite()
    with later(days=7, seconds=1), pytest.raises(InviteExpiredError):  # type: ignore[attr-defined]
        accept_invite(token=token, user=person())
    with later(days=6):  # type: ignore[attr-defined]
        accept_invite(token=token, user=person())


def test_revoked_it_is_gone(db: None) -> None:
    row, token = invite()
    with pytest.raises(NotFoundError):
        revoke_invite(tenant=Tenant.objects.get(slug="globex"), invite_id=row.pk)
    revoke_invite(tenant=acme(), invite_id=row.pk)
    with pytest.raises(InviteGoneError):
        accept_invite(token=token, user=person())
    with pytest.raises(NotFoundError):
        revoke_invite(tenant=acme(), invite_id=row.pk)
    assert list_invites(tenant=acme()) == []


def test_sent_again_the_older_link_is_gone(db: None) -> None:
    row, first = invite(email=GUEST)
    with pytest.raises(RateLimitedError):
        resend_invite(tenant=acme(), invite_id=row.pk)
    with later(days=8):  # type: ignore[attr-defined]
        _, second = resend_invite(tenant=acme(), invite_id=row.pk)
        assert len(send_waiting()) == 2
        with pytest.raises(InviteGoneError):
            find_invite(token=first)
        assert find_invite(token=second).pk == row.pk


def test_one_address_has_one_open_invite(db: None) -> None:
    row, _ = invite(Role.ANALYST, GUEST)
    with later(minutes=2):  # type: ignore[attr-defined]
        again, _ = invite(Role.ADMIN, GUEST.upper())
    assert again.pk == row.pk
    assert [one.role for one in list_invites(tenant=acme())] == ["admin"]


def test_fifty_open_ones_are_the_most(db: None) -> None:
    for _ in range(invites.OPEN_INVITES):
        invite()
    with pytest.raises(TooManyInvitesError):
        invite()


def test_a_deleted_community_takes_nobody(db: None) -> None:
    _, token = invite()
    Tenant.objects.filter(slug="acme").update(state=Tenant.State.DELETED)
    with pytest.raises(InviteGoneError):
        accept_invite(token=token, user=person())


Take = Callable[[Invite, str, User], bool]


def _unconditional(row: Invite, token: str, user: User) -> bool:
    return bool(Invite.objects.filter(pk=row.pk).update(accepted_at=clock.now(), accepted_by=user))


@pytest.mark.race
@pytest.mark.parametrize("guarded", [True, False])
def test_of_two_who_take_one_link_one_gets_in(
    committed_db: None, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    take: Take = invites._take if guarded else _unconditional
    find = invites.find_invite
    monkeypatch.setattr(invites, "_take", take)
    for _ in range(3):
        barrier = threading.Barrier(2)

        def find_together(*, token: str, barrier: threading.Barrier = barrier) -> Invite:
            found = find(token=token)
            barrier.wait(30)  # both have found it open
            return found

        monkeypatch.setattr(invites, "find_invite", find_together)
        _, token = invite()

        def attempt(username: str, token: str = token) -> str:
            try:
                accept_invite(token=token, user=person(username))
                return "in"
            except EngageHubError as error:
                return error.code
            finally:
                connections.close_all()

        with ThreadPoolExecutor(2) as pool:
            outcomes = sorted(pool.map(attempt, ["acme-stranger", "globex-stranger"]))
        assert outcomes == (["in", "invite_used"] if guarded else ["in", "in"])
        Membership.objects.filter(user__username__in=["acme-stranger", "globex-stranger"]).delete()
