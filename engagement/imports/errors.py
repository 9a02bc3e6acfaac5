"""What can go wrong when levels are brought over."""

from __future__ import annotations

from saas.core.errors import ConflictError, EngageHubError, InvalidInputError, NotFoundError


class ImportNotFoundError(NotFoundError):
    code = "import_not_found"


class InvalidImportError(InvalidInputError):
    """An option, a mapping or a row of it cannot be used; `field` names the option."""

    code = "invalid_import"


class UnreadableFileError(InvalidInputError):
    """The file is not what it was said to be."""

    code = "unreadable_file"


class FileTooLargeError(EngageHubError):
    code = "file_too_large"
    http_status = 413


class ImportStateError(ConflictError):
    """The run is in another state than the one in which this can be done."""

    code = "import_state"


class ImportOrderError(ConflictError):
    """Imports are undone newest first."""

    code = "import_order"
