"""Changes of a tenant's team: roles, single grants, leaving. All in the public schema, under the lock of the tenant's row.

Invariants: a tenant has exactly one owner, who is changed by handing the community over and by nothing here; nobody gives what
they may not do themselves, changes somebody who stands as high as they, or changes their own rights. What they may do is
read under the lock, so that whoever was demoted a moment ago is judged as what they are now.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from django.db import transaction

from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema

from .errors import (
    BadGrantError,
    BadRoleError,
    MoreThanYoursError,
    NotYoursToChangeError,
    OwnerStaysError,
    TeamChangedError,
    TeammateNotFoundError,
)
from .models import Membership, Tenant
from .permissions import GRANTABLE, PERMISSIONS, Rights, Role, require, rights_of, rights_of_user
from .seats import with_seats

GIVEABLE: Final = tuple(role for role in Role if Role.MEMBER < role <= Role.ADMIN)
STAFF: Final = Rights(Role.OPERATOR)  # EngageHub's own: a command's rights


@dataclass(frozen=True, slots=True)
class TeamChange:
    """A Membership as it is now, and the rights that it gave before."""

    membership: Membership
    before: Rights

    @property
    def after(self) -> Rights:
        return rights_of(self.membership)

    @property
    def has_changed(self) -> bool:
        return self.before != self.after


def list_team(*, tenant_id: int) -> list[Membership]:
    """Everybody on the team, the owner first, as tenants.seats.is_frozen reads them. One query."""
    with enter_schema(PUBLIC):
        rows = with_seats(Membership.objects.filter(tenant_id=tenant_id)).select_related("user")
        return sorted(rows, key=lambda row: (-Role[row.role.upper()], str(row.user).casefold(), row.pk))


def get_teammate(*, tenant_id: int, membership_id: int) -> Membership:
    """Raises TeammateNotFoundError."""
    with enter_schema(PUBLIC):
        found = (
            Membership.objects.filter(tenant_id=tenant_id, pk=membership_id).select_related("user").first()
        )
    if found is None:
        raise TeammateNotFoundError
    return found


def change_rights(
    *,
    tenant_id: int,
    membership_id: int,
    by_user_id: int | None,
    role: Role | None = None,
    given: Iterable[str] | None = None,
    taken: Iterable[str] | None = None,
    expected: Rights | None = None,
) -> TeamChange:
    """Another role, or other single actions given and taken; None leaves a thing as it is. `by_user_id` None: our own staff.
    `expected` is what the caller saw: where the person holds something else meanwhile, nothing is written.

    A new role keeps the single actions that still say something beside it. Idempotent. Raises TeammateNotFoundError,
    NotPermittedError, NotYoursToChangeError, MoreThanYoursError, OwnerStaysError, BadRoleError, BadGrantError,
    TeamChangedError.
    """
    if role is not None and not Role.MEMBER < role <= Role.ADMIN:
        raise BadRoleError(
            "Choose analyst, moderator or admin. To make somebody owner, hand the community over.",
            field="role",
        )
    with enter_schema(PUBLIC), transaction.atomic():
        by = lock_team(tenant_id, by_user_id)
        row = _lock_teammate(tenant_id, membership_id, by_user_id, by)
        before = rights_of(row)
        after = _wanted(before, role, given, taken)
        if expected is not None and before not in (expected, after):
            raise TeamChangedError(str(row.user))
        check_gift(by, after)
        if after != before:
            row.role = after.role.title
            row.given, row.taken = sorted(after.given), sorted(after.taken)
            row.save(update_fields=["role", "given", "taken"])
    return TeamChange(row, before)


def remove_teammate(*, tenant_id: int, membership_id: int, by_user_id: int | None) -> TeamChange:
    """The person may do no more here than anybody else. Raises as `change_rights`; a repeat raises TeammateNotFoundError."""
    with enter_schema(PUBLIC), transaction.atomic():
        by = lock_team(tenant_id, by_user_id)
        row = _lock_teammate(tenant_id, membership_id, by_user_id, by)
        return _delete(row)


def leave_team(*, tenant_id: int, user_id: int) -> TeamChange:
    """Somebody goes of their own accord; the owner hands the community over first. Raises TeammateNotFoundError, OwnerStaysError."""
    with enter_schema(PUBLIC), transaction.atomic():
        _lock_tenant(tenant_id)
        row = Membership.objects.filter(tenant_id=tenant_id, user_id=user_id).select_related("user").first()
        if row is None:
            raise TeammateNotFoundError
        if rights_of(row).role >= Role.OWNER:
            raise OwnerStaysError
        return _delete(row)


def note_seen(*, tenant_id: int, user_id: int) -> None:
    """The person is on the dashboard now. Called at most once an hour a session, so a lost update costs nothing."""
    with enter_schema(PUBLIC):
        Membership.objects.filter(tenant_id=tenant_id, user_id=user_id).update(last_seen_at=clock.now())


def lock_team(tenant_id: int, by_user_id: int | None) -> Rights:
    """Lock the tenant's row and answer what `by_user_id` may do now, who must be allowed to manage the team.

    In the caller's transaction, in the public schema. Raises NotPermittedError.
    """
    _lock_tenant(tenant_id)
    if by_user_id is None:
        return STAFF
    by = rights_of_user(user_id=by_user_id, tenant_id=tenant_id)
    require(by, "manage_team")
    return by


def check_gift(by: Rights, after: Rights) -> None:
    """Raises MoreThanYoursError where `after` may do something that `by` may not."""
    if by.role >= Role.OPERATOR:
        return
    beyond = sorted(after.actions - by.actions)
    if beyond:
        raise MoreThanYoursError(PERMISSIONS[beyond[0]].asks)


def _lock_tenant(tenant_id: int) -> None:
    Tenant.objects.select_for_update().get(pk=tenant_id)


def _lock_teammate(tenant_id: int, membership_id: int, by_user_id: int | None, by: Rights) -> Membership:
    row = Membership.objects.filter(tenant_id=tenant_id, pk=membership_id).select_related("user").first()
    if row is None:
        raise TeammateNotFoundError
    rights = rights_of(row)
    if rights.role >= Role.OWNER:
        raise OwnerStaysError
    if row.user_id == by_user_id:
        raise NotYoursToChangeError(
            "You cannot change what you may do yourself. Ask the owner, or leave the team."
        )
    if rights.role >= by.role:
        raise NotYoursToChangeError(
            f"An {by.role.title} changes those below; only the owner changes an admin."
        )
    return row


def _wanted(
    before: Rights, role: Role | None, given: Iterable[str] | None, taken: Iterable[str] | None
) -> Rights:
    after = replace(
        before,
        role=role or before.role,
        given=before.given if given is None else _checked(given),
        taken=before.taken if taken is None else _checked(taken),
    )
    if given is not None and taken is not None and after.given & after.taken:
        raise BadGrantError("The same thing was given and taken. Choose one.", field="given")
    # What the role says by itself is not kept a second time: it would come back with the next role.
    by_role = {action for action in GRANTABLE if after.role >= PERMISSIONS[action].role}
    return replace(after, given=after.given - by_role, taken=after.taken & by_role)


def _checked(actions: Iterable[str]) -> frozenset[str]:
    chosen = frozenset(actions)
    unknown = sorted(chosen - frozenset(GRANTABLE))
    if unknown:
        raise BadGrantError(
            f"{unknown[0]!r:.60} cannot be given to one person or taken from them.", field="given"
        )
    return chosen


def _delete(row: Membership) -> TeamChange:
    before, kept = rights_of(row), row.pk
    row.delete()
    row.pk = kept
    return TeamChange(row, before)
