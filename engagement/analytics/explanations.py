"""Why: each entry traced to what caused it, the rule version that judged it, multiplier, cap and actor."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from engagement.activity.models import Activity
from engagement.boosts.models import Boost
from engagement.boosts.selectors import factor_text
from engagement.ledger.models import HERE_COUNTERS, POINTS, Cause, LedgerEntry
from engagement.ledger.window import shown_since
from engagement.members.models import Member, Visibility
from engagement.members.selectors import shown_name
from engagement.points.models import Adjustment
from engagement.progression.errors import EntryNotFoundError, HistoryHiddenError
from engagement.rewards.models import Redemption
from engagement.rules.evaluation import MemberState, Refusal, evaluate
from engagement.rules.models import RuleVersion
from engagement.rules.selectors import load_rule_set
from engagement.rules.words import refusal_text
from engagement.submissions.models import Submission
from engagement.supporters.models import SupporterPayment

from .languages import SENTENCES
from .window import require_shown

_say = SENTENCES.say

KINDS: Final = {
    Cause.ACTIVITY: "award",
    Cause.DAILY: "daily",
    Cause.ADJUSTMENT: "adjustment",
    Cause.REVERSAL: "reversal",
    Cause.UNDO: "undo",
    Cause.MERGE: "merge",
    Cause.IMPORT: "import",
    Cause.IMPORT_UNDO: "import_undo",
    Cause.REDEMPTION: "redemption",
    Cause.REDEMPTION_REFUND: "refund",
    Cause.SUBMISSION: "submission",
    Cause.SUBMISSION_UNDO: "submission_undo",
    Cause.SUPPORT: "support",
    Cause.SUPPORT_REFUND: "support_refund",
}


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One entry in words. `channel_id` is where it happened, for the reader's side to name."""

    entry_id: int
    member_id: int
    member_name: str
    amount: int
    title: str
    detail: str
    occurred_at: datetime
    created_at: datetime
    kind: str
    rule_name: str
    channel_id: str = ""
    avatar_url: str = ""  # empty for who goes by an alias
    undoable_id: int | None = None  # the adjustment, where it is one that still stands


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an entry stands: `lines` are (label, text) in reading order."""

    entry_id: int
    member_id: int
    amount: int
    title: str
    lines: list[tuple[str, str]]
    occurred_at: datetime
    channel_id: str = ""
    source_id: str = ""
    adjustment_id: int | None = None
    kind: str = ""  # one of the values of KINDS


@dataclass(frozen=True, slots=True)
class MessageExplanation:
    """What a message earned, or why nothing. `member_id` is None for a message that was never heard of."""

    member_id: int | None
    total: int = 0
    entries: list[Explanation] = field(default_factory=list)
    note: str = ""


class _Facts:
    """The rows that a page of entries refers to, in a fixed number of queries."""

    def __init__(self, entries: list[LedgerEntry], language: str = "en") -> None:
        self.language = language

        def causes(*kinds: Cause) -> set[int]:
            return {entry.cause_id for entry in entries if entry.cause_kind in kinds}

        self.activities = Activity.objects.in_bulk(causes(Cause.ACTIVITY, Cause.REVERSAL))
        adjusted = causes(Cause.ADJUSTMENT)
        undone = causes(Cause.UNDO)
        self.adjustments = Adjustment.objects.select_related("undone_by").in_bulk(adjusted | undone)
        self.versions = RuleVersion.objects.in_bulk({entry.version_id for entry in entries} - {0})
        self.boosts = Boost.objects.in_bulk({entry.boost_id for entry in entries} - {0})
        self.members = Member.objects.in_bulk({entry.member_id for entry in entries})
        self.redemptions = Redemption.objects.in_bulk(causes(Cause.REDEMPTION, Cause.REDEMPTION_REFUND))
        self.submissions = Submission.objects.select_related("type").in_bulk(
            causes(Cause.SUBMISSION, Cause.SUBMISSION_UNDO)
        )
        self.payments = SupporterPayment.objects.select_related("tier").in_bulk(
            causes(Cause.SUPPORT, Cause.SUPPORT_REFUND)
        )

    def undoable_id(self, entry: LedgerEntry) -> int | None:
        """The adjustment behind the entry, unless it was undone."""
        if entry.cause_kind != Cause.ADJUSTMENT:
            return None
        undone = getattr(self.adjustments[entry.cause_id], "undone_by", None)
        return None if undone is not None else entry.cause_id

    def rule_name(self, entry: LedgerEntry) -> str:
        version = self.versions.get(entry.version_id)
        return version.name if version is not None else ""

    def say(self, key: str, **values: object) -> str:
        return _say(self.language, key, **values)

    def title(self, entry: LedgerEntry) -> str:
        name = self.rule_name(entry)
        match entry.cause_kind:
            case Cause.ADJUSTMENT:
                adjustment = self.adjustments[entry.cause_id]
                key = "title.given" if entry.amount > 0 else "title.taken"
                return self.say(key, name=adjustment.actor_name)
            case Cause.UNDO:
                adjustment = self.adjustments[entry.cause_id]
                key = "title.undone_given" if adjustment.amount > 0 else "title.undone_taken"
                return self.say(key, name=adjustment.actor_name)
            case Cause.REVERSAL:
                return self.say("title.reversal", name=name)
            case Cause.MERGE | Cause.IMPORT | Cause.IMPORT_UNDO:
                return self.say(f"title.{KINDS[Cause(entry.cause_kind)]}")
            case Cause.REDEMPTION | Cause.REDEMPTION_REFUND:
                reward = self.redemptions[entry.cause_id].reward_name
                return self.say(f"title.{KINDS[Cause(entry.cause_kind)]}", name=reward)
            case Cause.SUBMISSION | Cause.SUBMISSION_UNDO:
                kind = self.submissions[entry.cause_id].type.name
                return self.say(f"title.{KINDS[Cause(entry.cause_kind)]}", name=kind)
            case Cause.SUPPORT | Cause.SUPPORT_REFUND:
                return self.say(f"title.{KINDS[Cause(entry.cause_kind)]}")
        return name

    def detail(self, entry: LedgerEntry) -> str:
        match entry.cause_kind:
            case Cause.ADJUSTMENT | Cause.UNDO:
                return self.adjustments[entry.cause_id].reason
            case Cause.DAILY | Cause.REVERSAL:
                return self.say(f"detail.{KINDS[Cause(entry.cause_kind)]}")
            case Cause.MERGE:
                return self.say("detail.merge_in" if entry.amount > 0 else "detail.merge_out")
            case Cause.IMPORT | Cause.IMPORT_UNDO:
                return self.say("detail.import", number=str(entry.cause_id))
            case Cause.REDEMPTION | Cause.REDEMPTION_REFUND:
                return self.redemptions[entry.cause_id].reason
            case Cause.SUBMISSION | Cause.SUBMISSION_UNDO:
                return self.submissions[entry.cause_id].title
            case Cause.SUPPORT | Cause.SUPPORT_REFUND:
                return self.payments[entry.cause_id].tier.name
        activity = self.activities.get(entry.cause_id)
        if activity is None:
            return ""
        return SENTENCES.find(self.language, f"deed.{activity.type}") or activity.type

    def channel(self, entry: LedgerEntry) -> str:
        if entry.cause_kind not in (Cause.ACTIVITY, Cause.REVERSAL):
            return ""
        activity = self.activities.get(entry.cause_id)
        return str(activity.attributes.get("channel") or "") if activity is not None else ""

    def line(self, entry: LedgerEntry) -> HistoryLine:
        member = self.members[entry.member_id]
        return HistoryLine(
            entry_id=entry.pk,
            member_id=entry.member_id,
            member_name=shown_name(member),
            amount=entry.amount,
            title=self.title(entry),
            detail=self.detail(entry),
            occurred_at=entry.occurred_at,
            created_at=entry.created_at,
            kind=KINDS[Cause(entry.cause_kind)],
            rule_name=self.rule_name(entry),
            channel_id=self.channel(entry),
            avatar_url="" if member.visibility == Visibility.ALIAS else member.avatar_url,
            undoable_id=self.undoable_id(entry),
        )

    def explain(self, entry: LedgerEntry) -> Explanation:
        activity = self.activities.get(entry.cause_id) if self.channel(entry) or not _by_hand(entry) else None
        return Explanation(
            entry_id=entry.pk,
            member_id=entry.member_id,
            amount=entry.amount,
            title=self.title(entry),
            lines=list(self._lines(entry)),
            occurred_at=entry.occurred_at,
            channel_id=self.channel(entry),
            source_id="" if activity is None or entry.cause_kind == Cause.DAILY else activity.source_id,
            adjustment_id=entry.cause_id if entry.cause_kind == Cause.ADJUSTMENT else None,
            kind=KINDS[Cause(entry.cause_kind)],
        )

    def _lines(self, entry: LedgerEntry) -> Iterable[tuple[str, str]]:
        say = self.say
        yield say("what"), self.detail(entry)
        if _by_hand(entry):
            yield from self._adjustment_lines(entry)
            return
        if entry.cause_kind in (Cause.IMPORT, Cause.IMPORT_UNDO):
            yield say("counts"), say("counts_import")
            return
        if entry.cause_kind == Cause.MERGE:
            yield say("counts"), say("counts_merge")
            return
        if entry.cause_kind in (Cause.SUBMISSION, Cause.SUBMISSION_UNDO):
            yield from self._submission_lines(entry)
            return
        if entry.cause_kind == Cause.SUPPORT_REFUND:
            yield say("taken_back"), say("taken_back_refunded", count=-entry.amount)
            return
        version = self.versions.get(entry.version_id)
        if version is not None:
            yield say("rule"), say("rule_version", name=version.name, number=version.number)
        if entry.cause_kind == Cause.REVERSAL:
            yield say("taken_back"), say("taken_back_earned", count=-entry.amount)
        else:
            yield say("amount"), self._amount_text(entry, version)
        if entry.multiplier_percent != 100:
            yield say("multiplier"), f"× {entry.multiplier_percent / 100:g}"
        if entry.boost_id:
            factor, boost = factor_text(entry.boost_percent), self.boosts[entry.boost_id]
            yield say("boost"), say("boost_named", factor=factor, name=boost.name)
        if entry.capped:
            yield say("limit"), say("limit_cut", count=entry.amount)

    def _submission_lines(self, entry: LedgerEntry) -> Iterable[tuple[str, str]]:
        submission, say = self.submissions[entry.cause_id], self.say
        yield say("handed_in_as"), submission.type.name
        if entry.cause_kind == Cause.SUBMISSION_UNDO:
            yield say("taken_back"), say("taken_back_approved", count=-entry.amount)
            return
        yield say("amount"), self._amount_text(entry, None)
        if -entry.rule_id < submission.rounds:
            yield say("later"), say("later_approval")
        elif submission.decided_by:
            yield say("approved_by"), submission.decided_by

    def _adjustment_lines(self, entry: LedgerEntry) -> Iterable[tuple[str, str]]:
        adjustment, say = self.adjustments[entry.cause_id], self.say
        yield say("by"), adjustment.actor_name
        undoing: Adjustment | None = getattr(adjustment, "undone_by", None)
        if entry.cause_kind == Cause.UNDO and undoing is not None:
            yield say("undone_by"), undoing.actor_name
        elif undoing is not None:
            yield say("later"), say("later_undone", name=undoing.actor_name)

    def _amount_text(self, entry: LedgerEntry, version: RuleVersion | None) -> str:
        amount = version.definition.get("amount") if version is not None else None
        if isinstance(amount, dict):
            return self.say(
                "amount_drawn", count=entry.base_amount, low=int(amount["from"]), high=int(amount["to"])
            )
        return self.say("amount_one" if entry.base_amount == 1 else "amount_many", count=entry.base_amount)


def list_history(
    *, member_id: int, limit: int = 20, before_id: int | None = None, language: str = "en"
) -> list[HistoryLine]:
    """A member's entries as far back as the plan shows them, the newest first; `before_id` is the last entry of the page before."""
    entries = LedgerEntry.objects.filter(member_id=member_id, currency=POINTS)
    return _lines_of(_shown(entries), limit, before_id, language)


def list_recent_entries(*, limit: int = 20, before_id: int | None = None) -> list[HistoryLine]:
    """The community's newest entries, for the organiser's feed, as far back as the plan shows them. What was brought or taken over at
    once would drown the rest."""
    told = LedgerEntry.objects.filter(currency=POINTS, counter__in=HERE_COUNTERS).exclude(
        cause_kind=Cause.MERGE
    )
    return _lines_of(_shown(told), limit, before_id)


def list_entries(
    *,
    member_id: int | None = None,
    kinds: Collection[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 20,
    before_id: int | None = None,
    language: str = "en",
) -> list[HistoryLine]:
    """Entries as far back as the plan shows them, the newest first, booked from `since` up to before `until`; `kinds` as HistoryLine
    names them, none: all."""
    entries = _shown(LedgerEntry.objects.filter(currency=POINTS))
    if member_id is not None:
        entries = entries.filter(member_id=member_id)
    if kinds:
        entries = entries.filter(cause_kind__in=[cause for cause, name in KINDS.items() if name in kinds])
    if since is not None:
        entries = entries.filter(created_at__gte=since)
    if until is not None:
        entries = entries.filter(created_at__lt=until)
    return _lines_of(entries, limit, before_id, language)


def explain_entry(*, entry_id: int, with_older: bool = False, language: str = "en") -> Explanation:
    """`with_older`: also what the plan shows no longer, for whoever acts on it. Raises EntryNotFoundError, HistoryHiddenError."""
    entry = LedgerEntry.objects.filter(pk=entry_id, currency=POINTS).first()
    if entry is None:
        raise EntryNotFoundError("There is no such entry in this community.")
    if not with_older:
        require_shown(entry.occurred_at)
    return _Facts([entry], language).explain(entry)


def explain_message(*, source_id: str, language: str = "en") -> MessageExplanation:
    """What the activity of that name earned, entry by entry; or why it earned nothing."""
    activity = Activity.objects.filter(source_id=source_id).first()
    if activity is None:
        return MessageExplanation(None, note=_say(language, "none_unheard"))
    try:
        require_shown(activity.occurred_at)
    except HistoryHiddenError as error:
        return MessageExplanation(activity.member_id, note=_say(language, "none_hidden", days=error.days))
    entries = list(
        LedgerEntry.objects.filter(
            cause_kind__in=(Cause.ACTIVITY, Cause.REVERSAL), cause_id=activity.pk
        ).order_by("pk")
    )
    facts = _Facts(entries, language)
    total = sum(entry.amount for entry in entries)
    note = "" if entries else _why_nothing(activity, language)
    return MessageExplanation(activity.member_id, total, [facts.explain(entry) for entry in entries], note)


def _why_nothing(activity: Activity, language: str) -> str:
    """Today's rules are asked again with nothing remembered: what still refuses is the reason; else a limit was."""
    member = Member.objects.filter(pk=activity.member_id).first()
    if member is None:
        return _say(language, "none")
    if member.waiting_since is not None:
        return _say(language, "none_waits")
    notes: list[Refusal] = []
    state = MemberState(
        member_id=activity.member_id,
        joined_at_ms=None if member.joined_at is None else int(member.joined_at.timestamp() * 1000),
        level=1_000_000,
        role_ids=frozenset(member.role_ids),
    )
    effects = evaluate(_Replayed(activity), state, load_rule_set(), notes)
    if effects:
        return _say(language, "none_limited")
    if notes:
        return _say(language, "none_refused", reason=refusal_text(notes[0].reason, language))
    return _say(language, "none_unwatched")


class _Replayed:
    """A stored activity as evaluation reads it."""

    def __init__(self, activity: Activity) -> None:
        self.source_id = activity.source_id
        self.type = activity.type
        self.occurred_ms = int(activity.occurred_at.timestamp() * 1000)
        self.attributes: dict[str, Any] = activity.attributes


def _shown(entries: Any) -> Any:
    """What the plan shows. Nothing is booked before it happens, so that the index by booking narrows it first."""
    since = shown_since()
    return entries if since is None else entries.filter(created_at__gte=since, occurred_at__gte=since)


def _lines_of(entries: Any, limit: int, before_id: int | None, language: str = "en") -> list[HistoryLine]:
    if before_id is not None:
        entries = entries.filter(pk__lt=before_id)
    page = list(entries.order_by("-pk")[:limit])
    facts = _Facts(page, language)
    return [facts.line(entry) for entry in page]


def _by_hand(entry: LedgerEntry) -> bool:
    return entry.cause_kind in (Cause.ADJUSTMENT, Cause.UNDO)
