"""Who asks: a program with an API key, a person with a token or a session, a member with a session, or nobody known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from saas.core.errors import NotAllowedError, NotSignedInError
from tenants.context import TenantContext
from tenants.models import ApiKey, User
from tenants.permissions import PERMISSIONS, STRANGER, Rights, Role, may, may_here, require, require_here
from tenants.scopes import actions_of_scopes

from .access import EVERYBODY, SIGNED_IN, Access


class ScopeMissingError(NotAllowedError):
    """The API key was not given the scope that this needs."""

    code = "scope_missing"


class PeopleOnlyError(NotAllowedError):
    """Only a person can do this, not an API key."""

    code = "people_only"


@dataclass(frozen=True, slots=True)
class Caller:
    """The one who asks, and what they are in the community whose host was called."""

    kind: str  # key, user, member or nobody
    id: int
    name: str
    rights: Rights
    scopes: frozenset[str] = frozenset()
    user: User | None = None
    member_id: int | None = None
    key: ApiKey | None = None
    family: str = ""  # of a person's token

    @property
    def role(self) -> Role:
        """To be shown; what they may do is asked of `can`."""
        return self.rights.role

    @property
    def is_known(self) -> bool:
        return self.kind != "nobody"

    @property
    def label(self) -> str:
        """Names the caller in counters and idempotency keys."""
        return f"{self.kind}:{self.id}"

    def may(self, access: Access) -> bool:
        try:
            self.require(access)
        except (NotAllowedError, NotSignedInError):
            return False
        return True

    def can(self, action: str) -> bool:
        """Whether an action is open to this caller: by its scopes to a key, by their rights to a person."""
        return self.rights.may(action) or action in actions_of_scopes(self.scopes)

    def require(self, access: Access) -> None:
        """Raises NotSignedInError, NotPermittedError, ScopeMissingError, PeopleOnlyError."""
        if access.action == EVERYBODY:
            return
        if self.kind == "key":
            self._require_scope(access)
        elif access.action == SIGNED_IN:
            if not self.is_known:
                raise NotSignedInError(_WHO)
        elif self.is_known:
            require(self.rights, access.action)
        elif not may(Role.STRANGER, access.action):
            raise NotSignedInError(_WHO)

    def require_open(self, context: TenantContext, access: Access) -> None:
        """What is open to everybody elsewhere, in a community that keeps it to its members. Raises as `require`."""
        if access.action not in PERMISSIONS or may_here(context, Role.STRANGER, access.action):
            return
        if self.kind == "key":
            if access.scope and access.scope not in self.scopes:
                raise ScopeMissingError(
                    f"This community shows this to its members alone, and this API key has no scope {access.scope}. Make a key that "
                    "has it in the dashboard, under API keys."
                )
            return
        if not self.is_known:
            raise NotSignedInError(_WHO)
        require_here(context, self.rights, access.action)

    def _require_scope(self, access: Access) -> None:
        if not access.scope:
            raise PeopleOnlyError("An API key cannot do this. Sign in as a person.")
        if access.action == SIGNED_IN:
            return
        public = access.action in PERMISSIONS and may(Role.STRANGER, access.action)
        if not public and access.scope not in self.scopes:
            raise ScopeMissingError(
                f"This API key has no scope {access.scope}. Make a key that has it in the dashboard, under API keys."
            )


NOBODY: Final = Caller("nobody", 0, "", STRANGER)
_WHO: Final = "This needs a token or an API key: send it as `Authorization: Bearer …`."
