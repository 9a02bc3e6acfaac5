"""What can go wrong when settings are taken back or copied."""

from __future__ import annotations

from saas.core.errors import ConflictError


class NotRevertibleError(ConflictError):
    """The entry is of no setting, or no longer tells what stood before."""

    code = "not_revertible"

    def __init__(self) -> None:
        super().__init__(
            "This change cannot be taken back from here: the log does not hold all of what stood before. Change the setting on its own page."
        )


class SameCommunityError(ConflictError):
    code = "same_community"

    def __init__(self) -> None:
        super().__init__("A community cannot be copied into itself. Choose two different ones.")


class CopyMovedError(ConflictError):
    """What was confirmed is not what would be written by now."""

    code = "copy_moved"

    def __init__(self) -> None:
        super().__init__(
            "Settings were changed while you were looking, in one community or the other. Nothing was copied: look at the "
            "difference again, it is held against what stands now."
        )


class NothingCopiedError(ConflictError):
    code = "nothing_copied"

    def __init__(self) -> None:
        super().__init__(
            "There is no copy to take back: nothing was copied here, or it was taken back already."
        )
