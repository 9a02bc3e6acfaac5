"""What can be wrong with an activity that a program reports."""

from __future__ import annotations

from saas.core.errors import InvalidInputError, NotFoundError


class InvalidReportError(InvalidInputError):
    """A part of a reported activity is wrong; `field` names it."""

    code = "invalid_activity"


class UnknownSubjectError(InvalidInputError):
    """The activity names a member who is not in this community."""

    code = "unknown_subject"


class ActivityNotFoundError(NotFoundError):
    """No activity of that id was booked here: mistyped, still on its way, or set aside."""

    code = "activity_not_found"
