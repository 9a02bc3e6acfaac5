"""What can be wrong with a rule, told to the organiser who wrote it."""

from __future__ import annotations

from saas.core.errors import ConflictError, InvalidInputError, NotFoundError


class InvalidRuleError(InvalidInputError):
    """A part of a rule's definition is wrong; `field` names the part."""

    code = "invalid_rule"


class InvalidConditionError(InvalidRuleError):
    """The condition cannot be compiled, is too large, or uses what is forbidden."""

    code = "invalid_condition"


class RuleNotFoundError(NotFoundError):
    code = "rule_not_found"


class RuleKeyTakenError(ConflictError):
    code = "rule_key_taken"


class RuleArchivedError(ConflictError):
    """An archived rule keeps its history and can no longer be changed or switched on."""

    code = "rule_archived"


class TooManyRulesError(ConflictError):
    code = "too_many_rules"
