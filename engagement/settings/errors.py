"""What can go wrong when a setting is taken back."""

from __future__ import annotations

from saas.core.errors import ConflictError


class NotRevertibleError(ConflictError):
    """The entry is of no setting, or no longer tells what stood before."""

    code = "not_revertible"

    def __init__(self) -> None:
        super().__init__(
            "This change cannot be taken back from here: the log does not hold all of what stood before. Change the setting on its own page."
        )
