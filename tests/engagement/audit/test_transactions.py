"""No entry without the transaction of its change."""

from __future__ import annotations

import pytest

from engagement.audit.actor import Actor
from engagement.audit.errors import NotInTransactionError
from engagement.audit.models import AuditEntry
from engagement.audit.services import record_audit
from tenants.context import TenantContext, enter_tenant


def test_outside_a_transaction_nothing_is_recorded(
    committed_db: None, acme: TenantContext, ada: Actor
) -> None:
    with enter_tenant(acme):
        with pytest.raises(NotInTransactionError, match=r"member\.deleted"):
            record_audit(actor=ada, action="member.deleted")
        assert not AuditEntry.objects.filter(action="member.deleted").exists()
