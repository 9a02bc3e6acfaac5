"""What can be wrong with a curve or a level's name."""

from __future__ import annotations

from saas.core.errors import ConflictError, InvalidInputError


class InvalidCurveError(InvalidInputError):
    """The curve's parameters make no rising thresholds; `field` names the parameter."""

    code = "invalid_curve"


class InvalidLevelNameError(InvalidInputError):
    code = "invalid_level_name"


class LevelsChangedError(ConflictError):
    """Somebody else changed the curve or a name meanwhile."""

    code = "levels_changed"

    def __init__(self) -> None:
        super().__init__(
            "Somebody changed the levels since you read them. Compare them with yours, then save again."
        )
