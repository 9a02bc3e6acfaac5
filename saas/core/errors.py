"""Errors that a person can act on.

    EngageHubError                 400  code, message, http_status, reference
    ├── InvalidInputError          422  a value is wrong; `field` names it
    ├── NotSignedInError           401  who asks is not known, or no longer
    ├── NotFoundError              404  it does not exist, or not for you
    ├── NotAllowedError            403  you may not do this
    ├── ConflictError              409  somebody or something got there first
    ├── RateLimitedError           429  too often; `retry_after` seconds
    └── UnavailableError           503  something we depend on is away; try again

Each package subclasses these in its own errors.py. The message says what happened, why, and what to do; the same
error reads the same in REST, bot and page.
"""

from __future__ import annotations

from saas.core.ids import new_reference


class EngageHubError(Exception):
    """Base of every error that is shown to a person. `reference` is what they quote to us."""

    code = "error"
    http_status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.reference = new_reference()


class InvalidInputError(EngageHubError):
    code = "invalid_input"
    http_status = 422

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class NotSignedInError(EngageHubError):
    code = "not_signed_in"
    http_status = 401


class NotFoundError(EngageHubError):
    code = "not_found"
    http_status = 404


class NotAllowedError(EngageHubError):
    code = "not_allowed"
    http_status = 403


class ConflictError(EngageHubError):
    code = "conflict"
    http_status = 409


class RateLimitedError(EngageHubError):
    code = "rate_limited"
    http_status = 429

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnavailableError(EngageHubError):
    code = "unavailable"
    http_status = 503
