"""What can go wrong with people."""

from __future__ import annotations

from saas.core.errors import InvalidInputError, NotFoundError


class MemberNotFoundError(NotFoundError):
    """Nobody of that id or name is in this community, or they chose to be hidden from whoever asks."""

    code = "member_not_found"


class InvalidAliasError(InvalidInputError):
    code = "invalid_alias"
