"""Only imports each package's models, so that Django finds them (DESIGN section 3)."""

from .activity.models import Activity, HearingGap
from .audit.models import AuditEntry, AuditSeal
from .boosts.models import Boost
from .commands.models import CommandSetting
from .credits.models import CreditApprover, CreditMove, CreditRequest, CreditType
from .files.models import FilePiece, StoredFile
from .imports.models import ImportChunk, ImportRow, ImportRun
from .ledger.models import LedgerBalance, LedgerEntry
from .levels.models import LevelName, LevelSettings
from .members.models import ClaimCode, ClaimTries, Identity, Member, MemberFigure, MemberType, SavedView
from .notifications.models import Notice, NotificationSettings
from .points.models import Adjustment
from .progression.models import BulkAct, BulkItem, HeldActivity, MemberProgress
from .rewards.models import (
    CatalogueRun,
    DropPlace,
    Redemption,
    Reward,
    RewardCode,
    RewardDay,
    RewardTier,
    Sponsor,
)
from .rules.models import Rule, RulesState, RuleVersion
from .standings.models import Standing, StandingBucket, StandingGroup, StandingPast, StandingsState
from .submissions.models import ReasonTemplate, Submission, SubmissionType
from .supporters.models import Supporter, SupporterPayment, SupporterTier

__all__ = [
    "Activity",
    "Adjustment",
    "AuditEntry",
    "AuditSeal",
    "Boost",
    "BulkAct",
    "BulkItem",
    "CatalogueRun",
    "ClaimCode",
    "ClaimTries",
    "CommandSetting",
    "CreditApprover",
    "CreditMove",
    "CreditRequest",
    "CreditType",
    "DropPlace",
    "FilePiece",
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
    "Notice",
    "NotificationSettings",
    "ReasonTemplate",
    "Redemption",
    "Reward",
    "RewardCode",
    "RewardDay",
    "RewardTier",
    "Rule",
    "RuleVersion",
    "RulesState",
    "SavedView",
    "Sponsor",
    "Standing",
    "StandingBucket",
    "StandingGroup",
    "StandingPast",
    "StandingsState",
    "StoredFile",
    "Submission",
    "SubmissionType",
    "Supporter",
    "SupporterPayment",
    "SupporterTier",
]
