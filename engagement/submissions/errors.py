"""What can go wrong with submissions and their types."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from saas.core.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError


class InvalidSubmissionTypeError(InvalidInputError):
    """A part of the form, its rubric or its award is wrong; `field` names the part, such as `fields.2.label`."""

    code = "invalid_submission_type"


class SubmissionTypeNotFoundError(NotFoundError):
    code = "submission_type_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such kind of submission in this community.")


class SubmissionTypeChangedError(ConflictError):
    """Somebody else changed the type since the form was opened. `version` is what stands now."""

    code = "submission_type_changed"

    def __init__(self, name: str, version: int) -> None:
        super().__init__(
            f"Somebody else changed “{name}” meanwhile. Look at it as it is now, then save again."
        )
        self.version = version


class TooManyTypesError(ConflictError):
    code = "too_many_submission_types"


class TypeClosedError(ConflictError):
    """Nothing can be handed in for this type at the moment: it is switched off, archived, or over what the plan includes."""

    code = "submission_type_closed"


class NotEligibleError(NotAllowedError):
    """The type is not for this member, or not yet. `why` is level, role or membership."""

    code = "submission_not_eligible"

    def __init__(self, message: str, *, why: str) -> None:
        super().__init__(message)
        self.why = why


class InvalidAnswersError(InvalidInputError):
    """Answers do not fit the form. `errors` has a sentence for each wrong field, by its key; `field` is the first."""

    code = "invalid_answers"

    def __init__(self, errors: Mapping[str, str]) -> None:
        first = next(iter(errors))
        more = f" And {len(errors) - 1} more to look at." if len(errors) > 1 else ""
        super().__init__(errors[first] + more, field=f"answers.{first}")
        self.errors = dict(errors)
        self.facts: dict[str, object] = {"answers": self.errors}


class MemberLimitError(ConflictError):
    """The member handed in as often as the type allows. `next_at`: when they may again; None where they may not."""

    code = "submission_limit"

    def __init__(self, message: str, *, next_at: datetime | None) -> None:
        super().__init__(message)
        self.next_at = next_at
        self.facts: dict[str, object] = {"next_at": next_at.isoformat() if next_at else None}


class TooManyOpenError(ConflictError):
    """The member has as many drafts, or as many that wait, as anybody may have."""

    code = "too_many_open_submissions"


class DuplicateLinkError(ConflictError):
    """The link was handed in before. `earlier_id` is that submission; `own` whether it is the member's own."""

    code = "submission_duplicate"

    def __init__(self, *, earlier_id: int, own: bool, link: str, day: str) -> None:
        who = "You" if own else "Somebody"
        super().__init__(
            f"{who} handed this link in on {day} already: {link:.120}. Each link counts once. Hand in another one."
        )
        self.earlier_id = earlier_id
        self.own = own


class SubmissionNotFoundError(NotFoundError):
    code = "submission_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such submission in this community.")


class KeyReusedError(ConflictError):
    """The request's key belongs to a submission of another member or type."""

    code = "submission_key_reused"

    def __init__(self) -> None:
        super().__init__("This key was used for another submission. Use a new one for each.")


class WrongStateError(ConflictError):
    """What was asked is not possible any more, or not yet: somebody was quicker. `state` is what it is now."""

    code = "submission_state"

    def __init__(self, message: str, *, state: str) -> None:
        super().__init__(message)
        self.state = state
        self.facts: dict[str, object] = {"state": state}


class OwnSubmissionError(NotAllowedError):
    code = "own_submission"

    def __init__(self) -> None:
        super().__init__("This is your own submission. Somebody else on the team has to review it.")


class NotReviewerError(NotAllowedError):
    code = "not_a_reviewer"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"You may not review “{name}”. Ask an admin to make you one of its reviewers, or a moderator to look at it."
        )


class ClaimedError(ConflictError):
    """Somebody else is looking at it. `until` is when their claim ends unless they go on."""

    code = "submission_claimed"

    def __init__(self, *, by: str, until: datetime) -> None:
        super().__init__(
            f"{by} is reviewing this at the moment. It is free again when they are done, at {until:%H:%M} UTC at the latest."
        )
        self.until = until


class InvalidReviewError(InvalidInputError):
    """Scores, points, a reason or a question that cannot be taken; `field` names it."""

    code = "invalid_review"


class ReasonNotFoundError(NotFoundError):
    code = "reason_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such reason template in this community.")


class InvalidReasonError(InvalidInputError):
    code = "invalid_reason"


class PackNotFoundError(NotFoundError):
    code = "submission_pack_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such pack. The list of packs names those that exist.")


class SurveyClosedError(ConflictError):
    """The link does not take anything: used, expired, or the type is no survey any more."""

    code = "survey_closed"


class InvalidSurveyError(InvalidInputError):
    """What a survey tool sent cannot be taken; `field` names the part."""

    code = "invalid_survey"


class BadSurveySignatureError(NotAllowedError):
    """A survey tool's request without a signature that fits the type's secret, or too old."""

    code = "bad_survey_signature"
