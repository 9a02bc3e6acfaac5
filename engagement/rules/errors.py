"""What can be wrong with a rule, told to the organiser who wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saas.core.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError

if TYPE_CHECKING:
    from .models import RuleVersion


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


class RuleFrozenError(NotAllowedError):
    """The plan includes fewer active rules than the community has, and older ones come first: this one rests, unchanged."""

    code = "rule_frozen"

    def __init__(self, name: str, allowed: int) -> None:
        super().__init__(
            f"“{name}” is frozen: this community's plan includes {allowed:,} active rule{'' if allowed == 1 else 's'}, and older ones come "
            "first. Switch off one that runs, or have the owner change the plan under Billing; then it counts again and can be changed."
        )
        self.facts: dict[str, object] = {"limit": "rules", "allowed": allowed}


class TooManyRulesError(ConflictError):
    code = "too_many_rules"


class RuleChangedError(ConflictError):
    """Somebody else gave the rule another version meanwhile; `standing` is that version."""

    code = "rule_changed"

    def __init__(self, standing: RuleVersion) -> None:
        super().__init__(
            f"{standing.created_by} changed “{standing.name}” while you were editing it: version {standing.number} stands now. "
            "Compare it with yours, then save yours over it or take theirs."
        )
        self.standing = standing


class RulesSettingsChangedError(ConflictError):
    """Somebody else changed what holds for all rules meanwhile."""

    code = "rules_settings_changed"

    def __init__(self) -> None:
        super().__init__(
            "Somebody else changed these settings while you were editing them. Compare them with yours and save again."
        )
