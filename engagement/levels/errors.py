"""What can be wrong with a curve or a level's name."""

from __future__ import annotations

from saas.core.errors import InvalidInputError


class InvalidCurveError(InvalidInputError):
    """The curve's parameters make no rising thresholds; `field` names the parameter."""

    code = "invalid_curve"


class InvalidLevelNameError(InvalidInputError):
    code = "invalid_level_name"
