"""The demo's submissions: ready-made types and a lively queue — decided ones, some that wait, two of them for too long, a question, a
draft, duplicates. Safe to repeat: each is handed in once, and decided once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from engagement.audit.actor import SYSTEM, Actor
from engagement.members.models import Member
from engagement.progression.models import MemberProgress
from engagement.submissions.errors import DuplicateLinkError, MemberLimitError
from engagement.submissions.handing_in import hand_in
from engagement.submissions.models import Submission, SubmissionType
from engagement.submissions.people import list_members_of
from engagement.submissions.reasons import seed_reasons
from engagement.submissions.reviewing import UNDO, approve_submission, ask_for_info, reject_submission
from engagement.submissions.scoring import points_for
from engagement.submissions.shapes import form_of
from engagement.submissions.sla import remind_reviewers, tell_outcome
from engagement.submissions.templates import install_template
from engagement.submissions.types import change_type
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tenants.models import Membership

from .communities import DemoCommunity
from .submitted import ANSWERS, ASKED, REJECTED, TYPES

_PEOPLE: Final = 14
_HOUR: Final = timedelta(hours=1)
_AGES: Final = (
    620,
    540,
    505,
    430,
    380,
    340,
    290,
    250,
    215,
    170,
    140,
    125,
    98,
    75,
    52,
    40,
    31,
    22,
    15,
    9,
    5,
    3,
    2,
    1,
)
_SCORES: Final = (5, 4, 3, 4, 5)
_DRAFT: Final = "demo:draft"


def hand_in_demo(community: DemoCommunity, context: TenantContext, *, now: datetime) -> int:
    """Install the community's types and hand in what is missing, the oldest first; answers how many there are now."""
    with enter_tenant(context):
        there = {one.template: one for one in SubmissionType.objects.exclude(template="")}
        types = [
            there.get(key) or install_template(context=context, key=key, actor=SYSTEM)
            for key in TYPES[community.slug]
        ]
        seed_reasons()
        people, reviewers = _list_people(), _list_reviewers(context)
        if len(people) < 4 or not reviewers:
            return 0
        _flag_links(types, context)
        made = 0
        turns = _turns([one for one in types if one.active])[: len(_AGES)]
        # Who leads changes from one start to the next; what was handed in stays whose it was.
        there_by_key = Submission.objects.in_bulk(
            [_key(left) for left in range(len(turns))], field_name="key"
        )
        for left, (of, answers) in zip(range(len(turns) - 1, -1, -1), turns, strict=True):
            member = people[left * 5 % len(people)]
            moment = now - _AGES[-1 - left] * _HOUR
            handed = there_by_key.get(_key(left)) or _hand_in(
                context, of, member, people, answers, left, moment
            )
            if handed is None:
                continue
            made += 1
            _decide(context, handed, reviewers, left, now)
        _keep_draft(context, types[0], people[1], now)
        remind_reviewers()
    return made


def _turns(types: list[SubmissionType]) -> list[tuple[SubmissionType, dict[str, Any]]]:
    """What is handed in, one of each type in turn, until every answer was given; then again, a little differently."""
    turns: list[tuple[SubmissionType, dict[str, Any]]] = []
    for round_ in range(6):
        for of in types:
            known = ANSWERS[of.template]
            if known and (round_ < len(known) or of.template in _AGAIN):
                turns.append((of, _vary(known[round_ % len(known)], round_ // len(known))))
    return turns


_AGAIN: Final = frozenset(
    {"study_group", "mock_interview", "peer_mentoring", "feedback", "teach_and_share", "community_event", "tester", "reading_notes"}
)  # fmt: skip


def _vary(answers: dict[str, Any], times: int) -> dict[str, Any]:
    """The same deed of somebody else: another name for it, and the same words, which is what reviewers are warned of."""
    if not times:
        return answers
    first = next(iter(answers))
    return {
        key: f"{value} ({times + 1})" if key == first and _is_free(key) else value
        for key, value in answers.items()
    }


def _is_free(key: str) -> bool:
    return key in {"topic", "name", "title", "what", "event"}


def _key(number: int) -> str:
    return f"demo:{number}"


def _hand_in(
    context: TenantContext,
    of: SubmissionType,
    member: Member,
    people: list[Member],
    answers: dict[str, Any],
    number: int,
    moment: datetime,
) -> Submission | None:
    other = people[(people.index(member) + 3) % len(people)]
    day = clock.local_day(moment - timedelta(days=1), context.timezone).isoformat()
    filled = {
        key: day if value == "DAY" else other.pk if value == "WHO" else value
        for key, value in answers.items()
    }
    actor = Actor("member", member.pk, member.display_name, role="member", via="bot" if number % 3 else "web")
    with clock.frozen_at(moment):
        try:
            return hand_in(
                context=context,
                member_id=member.pk,
                type_id=of.pk,
                answers=filled,
                key=_key(number),
                via=actor.via,
                actor=actor,
            )
        except (DuplicateLinkError, MemberLimitError):
            return None  # another day's turn was the same


def _decide(
    context: TenantContext, handed: Submission, reviewers: list[Actor], number: int, now: datetime
) -> None:
    """Of the newest eight two have a question and the others wait; of the older ones two were never looked at."""
    asked = number in (2, 5)
    if len(handed.history) > 1 or (number < 8 and not asked) or number in (9, 11):
        return
    assert handed.submitted_at is not None
    moment = min(handed.submitted_at + timedelta(hours=3 + number % 17), now - timedelta(minutes=20))
    reviewer = next((one for one in reviewers if not _is(one, handed.member_id)), None)
    if reviewer is None:
        return
    which: dict[str, Any] = {"context": context, "submission_id": handed.pk, "actor": reviewer}
    with clock.frozen_at(moment):
        if asked:
            ask_for_info(**which, question=ASKED[number % len(ASKED)])
        elif number % 6 == 4:
            reject_submission(**which, reason=REJECTED[number % len(REJECTED)])
        else:
            form = form_of(handed.form)
            scores = {
                one.key: min(one.most, _SCORES[(number + at) % len(_SCORES)])
                for at, one in enumerate(form.rubric)
            }
            assert points_for(form, handed.answers, scores) > 0
            approve_submission(**which, scores=scores, note="Thank you." if number % 4 == 0 else "")
    with clock.frozen_at(moment + UNDO):
        tell_outcome(submission_id=handed.pk, context=context)


def _is(actor: Actor, member_id: int) -> bool:
    return member_id in {member.pk for member in list_members_of(actor)}


def _list_people() -> list[Member]:
    """Those who are there most, whose level says so."""
    ids = MemberProgress.objects.order_by("-level", "pk").values_list("pk", flat=True)[: _PEOPLE * 4]
    known = Member.objects.filter(
        pk__in=list(ids), is_bot=False, deleted_at=None, departed_at=None, waiting_since=None
    )
    return list(known.order_by("pk")[:_PEOPLE])


def _list_reviewers(context: TenantContext) -> list[Actor]:
    team = Membership.objects.filter(tenant_id=context.tenant_id, role__in=("moderator", "admin", "owner"))
    return [
        Actor("user", one.user_id, one.user.display_name, role=one.role, via="web")
        for one in team.select_related("user").order_by("pk")
    ]


def _flag_links(types: list[SubmissionType], context: TenantContext) -> None:
    """The last of them shows a link that was there before to reviewers, instead of refusing it."""
    last = types[-1]
    if last.version == 1:
        change_type(context=context, type_id=last.pk, values={"unique_links": False}, actor=SYSTEM)


def _keep_draft(context: TenantContext, of: SubmissionType, member: Member, now: datetime) -> None:
    if not of.active or Submission.objects.filter(key=_DRAFT).exists():
        return
    actor = Actor("member", member.pk, member.display_name, role="member", via="web")
    answers = {next(iter(of.fields))["key"]: "Not done yet"} if of.fields[0]["kind"] == "text" else {}
    with clock.frozen_at(now - 4 * _HOUR):
        hand_in(
            context=context,
            member_id=member.pk,
            type_id=of.pk,
            answers=answers,
            key=_DRAFT,
            via="web",
            actor=actor,
            draft=True,
        )
