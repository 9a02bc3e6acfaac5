"""What can be wrong with a file, told to whoever hands it in."""

from __future__ import annotations

from saas.core.errors import InvalidInputError, NotFoundError


class InvalidFileError(InvalidInputError):
    """It is not what it says it is, or nothing that is taken here. Nothing was kept."""

    code = "invalid_file"

    def __init__(self, message: str, *, field: str = "file") -> None:
        super().__init__(message, field=field)


class FileTooLargeError(InvalidFileError):
    """In bytes, or in pixels."""

    code = "file_too_large"


class FileNotFoundHereError(NotFoundError):
    """There is none, it is another community's, or its link is over."""

    code = "file_not_found"

    def __init__(
        self,
        message: str = "There is no such file here, or its link is over. Open the page again for a new one.",
    ) -> None:
        super().__init__(message)
