"""API keys: made, rotated and revoked, each with its entry in the community's audit log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from saas.core.errors import InvalidInputError
from saas.core.schemas import PUBLIC, enter_schema
from tenants.api_keys import IssuedKey, issue_api_key, revoke_api_key, rotate_api_key
from tenants.context import TenantContext, enter_tenant
from tenants.errors import ApiKeyNotFoundError, MoreThanYoursError
from tenants.models import ApiKey, User
from tenants.permissions import require, rights_of_user
from tenants.scopes import SCOPES, list_scopes_for

ACTION: Final = "manage_api_keys"


def create_key(
    *,
    context: TenantContext,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None,
    by: User,
    actor: Actor,
) -> IssuedKey:
    """Make a key whose text is shown once. Nobody gives a program more than they may do. Not idempotent.

    Raises NotPermittedError, MoreThanYoursError and what tenants.api_keys.issue_api_key raises.
    """
    chosen = sorted(set(scopes))
    with transaction.atomic():
        _check_scopes(context, by, chosen)
        issued = issue_api_key(
            tenant_id=context.tenant_id, name=name, scopes=chosen, created_by=by, expires_at=expires_at
        )
        _record(context, actor, "key.created", issued.key)
    return issued


def rotate_key(
    *, context: TenantContext, key_id: int, by: User, actor: Actor, grace: timedelta = timedelta(hours=24)
) -> IssuedKey:
    """A new text with the same scopes; the old one goes on for `grace`. Raises as `create_key`, and ApiKeyEndedError."""
    with transaction.atomic():
        _check_scopes(context, by, list(_get_key(context, key_id).scopes))
        issued = rotate_api_key(tenant_id=context.tenant_id, key_id=key_id, created_by=by, grace=grace)
        _record(context, actor, "key.created", issued.key, note=f"In place of key {key_id}.")
    return issued


def revoke_key(*, context: TenantContext, key_id: int, by: User, actor: Actor) -> ApiKey:
    """Refused from the commit on. A repeat changes and records nothing. Raises NotPermittedError, ApiKeyNotFoundError."""
    with transaction.atomic():
        require(rights_of_user(user_id=by.pk, tenant_id=context.tenant_id), ACTION)
        worked = _get_key(context, key_id).revoked_at is None
        key = revoke_api_key(tenant_id=context.tenant_id, key_id=key_id)
        if worked:
            _record(context, actor, "key.revoked", key)
    return key


def _check_scopes(context: TenantContext, by: User, scopes: list[str]) -> None:
    rights = rights_of_user(user_id=by.pk, tenant_id=context.tenant_id)
    require(rights, ACTION)
    open_to = {scope.name for scope in list_scopes_for(rights)}
    for name in scopes:
        if name not in SCOPES:
            raise InvalidInputError(f"There is no scope {name!r:.60}. Choose from the list.", field="scopes")
        if name not in open_to:
            raise MoreThanYoursError(SCOPES[name].asks)


def _get_key(context: TenantContext, key_id: int) -> ApiKey:
    """Locked, so that of two who revoke it one is the second."""
    with enter_schema(PUBLIC):
        found = ApiKey.objects.select_for_update().filter(pk=key_id, tenant_id=context.tenant_id).first()
    if found is None:
        raise ApiKeyNotFoundError
    return found


def _record(context: TenantContext, actor: Actor, action: str, key: ApiKey, note: str = "") -> None:
    facts = {"scopes": list(key.scopes), "expires_at": key.expires_at, "prefix": key.prefix}
    with enter_tenant(context):
        record_audit(
            actor=actor, action=action, target_kind="key", target_id=key.pk, target_name=key.name,
            before=facts if action == "key.revoked" else None, after=facts if action == "key.created" else None,
            note=note,
        )  # fmt: skip
