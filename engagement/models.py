"""Only imports each package's models, so that Django finds them (DESIGN section 3)."""

from .rules.models import Rule, RulesState, RuleVersion

__all__ = ["Rule", "RuleVersion", "RulesState"]
