"""What can go wrong with the audit log. All but the last two are mistakes of ours."""

from __future__ import annotations

from saas.core.errors import InvalidInputError, NotFoundError


class UnknownAuditActionError(LookupError):
    def __init__(self, action: str) -> None:
        super().__init__(
            f"{action!r} stands in no row of engagement/audit/actions.py. Add it there, with its words."
        )


class NotInTransactionError(RuntimeError):
    def __init__(self, action: str) -> None:
        super().__init__(
            f"{action} was recorded outside a transaction. Wrap the change and its record_audit() in atomic()."
        )


class AuditEntryNotFoundError(NotFoundError):
    code = "audit_entry_not_found"


class InvalidAuditSearchError(InvalidInputError):
    code = "invalid_audit_search"
