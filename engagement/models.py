"""Only imports each package's models, so that Django finds them (DESIGN section 3)."""

from .activity.models import Activity, HearingGap
from .audit.models import AuditEntry, AuditSeal
from .boosts.models import Boost
from .commands.models import CommandSetting
from .imports.models import ImportChunk, ImportRow, ImportRun
from .ledger.models import LedgerBalance, LedgerEntry
from .levels.models import LevelName, LevelSettings
from .members.models import ClaimCode, ClaimTries, Identity, Member, MemberFigure, MemberType, SavedView
from .notifications.models import NotificationSettings
from .points.models import Adjustment
from .progression.models import BulkAct, BulkItem, HeldActivity, MemberProgress
from .rules.models import Rule, RulesState, RuleVersion
from .standings.models import Standing, StandingBucket, StandingGroup, StandingPast, StandingsState

__all__ = [
    "Activity",
    "Adjustment",
    "AuditEntry",
    "AuditSeal",
    "Boost",
    "BulkAct",
    "BulkItem",
    "ClaimCode",
    "ClaimTries",
    "CommandSetting",
    "HearingGap",
    "HeldActivity",
    "Identity",
    "ImportChunk",
    "ImportRow",
    "ImportRun",
    "LedgerBalance",
    "LedgerEntry",
    "LevelName",
    "LevelSettings",
    "Member",
    "MemberFigure",
    "MemberProgress",
    "MemberType",
    "NotificationSettings",
    "Rule",
    "RuleVersion",
    "RulesState",
    "SavedView",
    "Standing",
    "StandingBucket",
    "StandingGroup",
    "StandingPast",
    "StandingsState",
]
