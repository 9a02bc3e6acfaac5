"""The acts of a community's life as people do them: the change, and its line in the community's audit log, in one transaction.

tenants.lifecycle holds the rules; it stands below the audit log and cannot write to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from tenants import lifecycle
from tenants.context import TenantContext, enter_tenant
from tenants.models import Tenant, User
from tenants.services import change_slug


def record_creation(*, context: TenantContext, actor: Actor) -> None:
    """The first line of a new community's log, in the transaction that makes its schema."""
    _record(actor, "tenant.created", context, {}, {"name": context.name, "slug": context.slug})


def take_live(*, context: TenantContext, actor: Actor) -> bool:
    """Leave shadow mode; False where it is live already, and nothing is recorded. As tenants.lifecycle.go_live."""
    with _unit(context):
        changed = lifecycle.go_live(tenant_id=context.tenant_id)
        if changed:
            _record(actor, "tenant.went_live", context, {"live": False}, {"live": True})
    return changed


def take_back_to_shadow(*, context: TenantContext, actor: Actor) -> bool:
    """Go back to shadow mode; False where it is there already. As tenants.lifecycle.return_to_shadow."""
    with _unit(context):
        changed = lifecycle.return_to_shadow(tenant_id=context.tenant_id)
        if changed:
            _record(actor, "tenant.went_shadow", context, {"live": True}, {"live": False})
    return changed


def move_address(*, context: TenantContext, slug: str, actor: Actor) -> Tenant:
    """Give the community another address; the former one leads to it. Idempotent. As tenants.services.change_slug."""
    with _unit(context):
        former = Tenant.objects.values_list("slug", flat=True).get(pk=context.tenant_id)
        tenant = change_slug(tenant=Tenant.objects.get(pk=context.tenant_id), slug=slug)
        if tenant.slug != former:
            _record(actor, "tenant.address_changed", context, {"slug": former}, {"slug": tenant.slug})
    return tenant


def offer_to(*, context: TenantContext, owner_id: int, heir_id: int, actor: Actor) -> Tenant:
    """The owner offers the community to somebody on its team. Idempotent. As tenants.lifecycle.offer_ownership."""
    with _unit(context):
        before = Tenant.objects.values_list("heir_id", "heir_offered_at").get(pk=context.tenant_id)
        tenant = lifecycle.offer_ownership(tenant_id=context.tenant_id, owner_id=owner_id, heir_id=heir_id)
        if (tenant.heir_id, tenant.heir_offered_at) != before:
            _record_offer(actor, "tenant.offered", heir_id)
    return tenant


def end_offer(*, context: TenantContext, user_id: int, actor: Actor) -> bool:
    """The owner takes the offer back, or the heir declines; False where there is none. As tenants.lifecycle.withdraw_offer."""
    with _unit(context):
        heir_id = Tenant.objects.values_list("heir_id", flat=True).get(pk=context.tenant_id)
        ended = lifecycle.withdraw_offer(tenant_id=context.tenant_id, user_id=user_id)
        if ended and heir_id is not None:
            _record_offer(actor, "tenant.offer_ended", heir_id)
    return ended


def hand_over(*, context: TenantContext, heir_id: int, actor: Actor) -> tuple[User, User]:
    """The heir accepts the offer. As tenants.lifecycle.accept_ownership."""
    with _unit(context):
        former, owner = lifecycle.accept_ownership(tenant_id=context.tenant_id, heir_id=heir_id)
        record_audit(
            actor=actor,
            action="tenant.transferred",
            target_kind="user",
            target_id=owner.pk,
            target_name=str(owner),
            before={"owner": str(former)},
            after={"owner": str(owner)},
        )
    return former, owner


def delete_community(*, context: TenantContext, typed_name: str, actor: Actor) -> Tenant:
    """Close the community, restorable for 30 days. As tenants.lifecycle.delete_community."""
    with _unit(context):
        was = Tenant.objects.values_list("state", flat=True).get(pk=context.tenant_id)
        tenant = lifecycle.delete_community(tenant_id=context.tenant_id, typed_name=typed_name)
        if was != tenant.state:
            _record(actor, "tenant.deleted", context, {"state": was}, {"state": tenant.state})
    return tenant


def restore_community(*, tenant: Tenant, actor: Actor) -> Tenant:
    """Open a deleted community again. As tenants.lifecycle.restore_community."""
    context = TenantContext.of(tenant)
    with _unit(context):
        was = Tenant.objects.values_list("state", flat=True).get(pk=context.tenant_id)
        restored = lifecycle.restore_community(tenant_id=tenant.pk)
        if was != restored.state:
            _record(actor, "tenant.restored", context, {"state": was}, {"state": restored.state})
    return restored


@contextmanager
def _unit(context: TenantContext) -> Iterator[None]:
    with enter_tenant(context), transaction.atomic():
        yield


def _record_offer(actor: Actor, action: str, heir_id: int) -> None:
    heir = User.objects.get(pk=heir_id)
    record_audit(actor=actor, action=action, target_kind="user", target_id=heir.pk, target_name=str(heir))


def _record(
    actor: Actor, action: str, context: TenantContext, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    record_audit(
        actor=actor,
        action=action,
        target_kind="tenant",
        target_id=context.tenant_id,
        target_name=context.name,
        before=before,
        after=after,
    )
