"""What can go wrong with people."""

from __future__ import annotations

from saas.core.errors import ConflictError, InvalidInputError, NotFoundError, RateLimitedError


class MemberNotFoundError(NotFoundError):
    """Nobody of that id or name is in this community, or they chose to be hidden from whoever asks."""

    code = "member_not_found"


class InvalidAliasError(InvalidInputError):
    code = "invalid_alias"


class InvalidFigureError(InvalidInputError):
    code = "invalid_figure"


class FigureNotFoundError(NotFoundError):
    """Nobody in this community has a figure of that name."""

    code = "figure_not_found"


class FigureInUseError(ConflictError):
    """The figure breaks ties at the moment."""

    code = "figure_in_use"


class InvalidViewError(InvalidInputError):
    """A saved view without a usable name, or one too many."""

    code = "invalid_view"


class ViewNotFoundError(NotFoundError):
    code = "view_not_found"


class MemberDeletedError(ConflictError):
    """The member was deleted; what is wanted needs them restored first."""

    code = "member_deleted"


class MemberWaitsError(ConflictError):
    """The member is over what the community's plan tracks, so they have no points yet that could be changed."""

    code = "member_waits"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} waits: this community's plan tracks no more members at the moment. What they do is kept and counts as soon as there "
            "is room. Its owner can change the plan under Billing."
        )


class InvalidMemberError(InvalidInputError):
    """A name, e-mail, type or note that cannot be kept."""

    code = "invalid_member"


class MemberChangedError(ConflictError):
    """Somebody else changed the member since the form was opened."""

    code = "member_changed"


class InvalidTypeError(InvalidInputError):
    """A member type without a usable name, or one too many."""

    code = "invalid_member_type"


class NotClaimableError(ConflictError):
    """The member has a login or a Discord account, so nobody needs to claim them."""

    code = "not_claimable"


class InvalidClaimError(InvalidInputError):
    """No member waits under this code: it is mistyped, was used, or has expired."""

    code = "invalid_claim"


class ClaimLockedError(RateLimitedError):
    """Too many wrong codes."""

    code = "claim_locked"


class CannotMergeError(InvalidInputError):
    """The two members cannot become one."""

    code = "cannot_merge"


class MemberPurgedError(ConflictError):
    """The deleted member's name and identities are gone for good."""

    code = "member_purged"
