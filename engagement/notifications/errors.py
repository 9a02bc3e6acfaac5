"""What telling members refuses."""

from __future__ import annotations

from saas.core.errors import InvalidInputError, NotFoundError


class UnknownNoticeError(LookupError):
    """Our own mistake: a kind of notice that stands in no row of notice_kinds."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"No notice is of the kind {name!r}. Add its row to notice_kinds and its words to languages."
        )


class NoticeNotFoundError(NotFoundError):
    code = "notice_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such notice of yours. Notices are kept for 30 days.")


class UnknownQuietError(InvalidInputError):
    """Only optional kinds and direct messages altogether can be switched off."""

    code = "unknown_notice_choice"
