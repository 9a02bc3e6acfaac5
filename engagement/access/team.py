"""Changes of the team, each with its entry in the community's audit log, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from saas.core.schemas import PUBLIC, enter_schema
from tenants import invites, team
from tenants.context import TenantContext, enter_tenant
from tenants.gatekeeping import require_gate
from tenants.models import Invite, Membership, Tenant, User
from tenants.permissions import Rights, Role
from tenants.services import map_discord_role


def invite_teammate(
    *, context: TenantContext, role: Role, email: str, by: User, actor: Actor
) -> tuple[Invite, str]:
    """Offer a role by mail, or without an address by a link; the token is returned once. Locks the tenant's row.

    Raises NotPermittedError, MoreThanYoursError and what tenants.invites.invite_person raises.
    """
    with transaction.atomic():
        with enter_schema(PUBLIC):
            team.check_gift(team.lock_team(context.tenant_id, by.pk), Rights(role))
            tenant = Tenant.objects.get(pk=context.tenant_id)
            invite, token = invites.invite_person(
                tenant=tenant, role=role, email=email or None, invited_by=by
            )
        after = {"role": role.title, "by": "mail" if invite.email else "link"}
        _record(context, actor, "team.invited", "invite", invite.pk, _name_of(invite), None, after)
    return invite, token


def renew_invite(
    *, context: TenantContext, invite_id: int, by_user_id: int, actor: Actor
) -> tuple[Invite, str]:
    """A new link for another week, by mail where the invite names an address. Nobody renews an offer of more than they may do.

    Raises NotPermittedError, MoreThanYoursError, NotFoundError, RateLimitedError.
    """
    with transaction.atomic():
        with enter_schema(PUBLIC):
            by = team.lock_team(context.tenant_id, by_user_id)
            tenant = Tenant.objects.get(pk=context.tenant_id)
            invite, token = invites.resend_invite(tenant=tenant, invite_id=invite_id)
            team.check_gift(by, Rights(Role[invite.role.upper()]))
        after = {"role": invite.role, "sent": "again"}
        _record(context, actor, "team.invited", "invite", invite.pk, _name_of(invite), None, after)
    return invite, token


def withdraw_invite(*, context: TenantContext, invite_id: int, by_user_id: int, actor: Actor) -> Invite:
    """The link stops working at once. Raises NotPermittedError, NotFoundError."""
    with transaction.atomic():
        with enter_schema(PUBLIC):
            team.lock_team(context.tenant_id, by_user_id)
            tenant = Tenant.objects.get(pk=context.tenant_id)
            invite = invites.revoke_invite(tenant=tenant, invite_id=invite_id)
        before = {"role": invite.role}
        _record(context, actor, "team.invite_revoked", "invite", invite.pk, _name_of(invite), before, None)
    return invite


def accept_invite(*, token: str, user: User, actor: Actor) -> Membership:
    """`user` joins the team that the invite is of. Idempotent. Raises what tenants.invites.accept_invite raises."""
    with transaction.atomic(), enter_schema(PUBLIC):
        tenant = invites.find_invite(token=token).tenant
        former = Membership.objects.filter(tenant=tenant, user=user).values_list("role", flat=True).first()
        membership = invites.accept_invite(token=token, user=user).membership
        if membership.role != former:
            before = None if former is None else {"role": former}
            context = TenantContext.of(tenant)
            after = {"role": membership.role}
            _record(context, actor, "team.joined", "teammate", user.pk, str(user), before, after)
    return membership


def change_teammate(
    *,
    context: TenantContext,
    membership_id: int,
    by_user_id: int | None,
    actor: Actor,
    role: Role | None = None,
    given: Iterable[str] | None = None,
    taken: Iterable[str] | None = None,
    expected: Rights | None = None,
) -> Membership:
    """tenants.team.change_rights, recorded. A further exception for one person needs the plan's gate; what was given or taken before
    stays, and can be taken back, on any plan. Raises GateClosedError and what that raises."""
    with transaction.atomic():
        change = team.change_rights(
            tenant_id=context.tenant_id, membership_id=membership_id, by_user_id=by_user_id, role=role, given=given,
            taken=taken, expected=expected,
        )  # fmt: skip
        if change.after.given - change.before.given or change.after.taken - change.before.taken:
            require_gate("team_grants", context)
        if change.has_changed:
            moved = change.before.role != change.after.role
            action = "team.role_changed" if moved else "team.grants_changed"
            _record_person(context, actor, action, change.membership, change.before, change.after)
    return change.membership


def remove_teammate(
    *, context: TenantContext, membership_id: int, by_user_id: int | None, actor: Actor
) -> Membership:
    """tenants.team.remove_teammate, recorded. Raises what that raises."""
    with transaction.atomic():
        change = team.remove_teammate(
            tenant_id=context.tenant_id, membership_id=membership_id, by_user_id=by_user_id
        )
        _record_person(context, actor, "team.removed", change.membership, change.before, None)
    return change.membership


def leave_team(*, context: TenantContext, user_id: int, actor: Actor) -> None:
    """tenants.team.leave_team, recorded. Raises what that raises."""
    with transaction.atomic():
        change = team.leave_team(tenant_id=context.tenant_id, user_id=user_id)
        _record_person(context, actor, "team.left", change.membership, change.before, None)


def map_role(
    *,
    context: TenantContext,
    role_id: int,
    role_name: str,
    role: Role | None,
    by_user_id: int | None,
    actor: Actor,
) -> dict[str, str]:
    """Whoever holds the Discord role counts as `role`; None takes it out of the map. Answers the whole map.

    Locks the tenant's row. Idempotent. Nobody lets others do more than they may do themselves. Raises NotPermittedError,
    MoreThanYoursError, BadRoleError.
    """
    with transaction.atomic():
        with enter_schema(PUBLIC):
            by = team.lock_team(context.tenant_id, by_user_id)
            tenant = Tenant.objects.get(pk=context.tenant_id)
            former = tenant.role_map.get(str(role_id))
            for touched in (role, Role[former.upper()] if former else None):
                if touched is not None:
                    team.check_gift(by, Rights(touched))
            changed = map_discord_role(tenant=tenant, role_id=role_id, role=role)
        now = changed.role_map.get(str(role_id))
        if now != former:
            _record(
                context, actor, "role_map.changed", "discord_role", role_id, role_name or f"role {role_id}",
                {"role": former}, {"role": now},
            )  # fmt: skip
    return dict(changed.role_map)


def _record_person(
    context: TenantContext, actor: Actor, action: str, row: Membership, before: Rights, after: Rights | None
) -> None:
    _record(
        context, actor, action, "teammate", row.user_id, str(row.user), _describe(before),
        None if after is None else _describe(after),
    )  # fmt: skip


def _describe(rights: Rights) -> dict[str, Any]:
    return {"role": rights.role.title, "given": sorted(rights.given), "taken": sorted(rights.taken)}


def _record(
    context: TenantContext,
    actor: Actor,
    action: str,
    kind: str,
    target_id: int,
    name: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    with enter_tenant(context):
        record_audit(
            actor=actor, action=action, target_kind=kind, target_id=target_id, target_name=name, before=before,
            after=after,
        )  # fmt: skip


def _name_of(invite: Invite) -> str:
    return invite.email or f"whoever opens link {invite.pk}"
