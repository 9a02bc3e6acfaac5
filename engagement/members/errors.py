"""What can go wrong with people."""

from __future__ import annotations

from saas.core.errors import ConflictError, InvalidInputError, NotFoundError


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
