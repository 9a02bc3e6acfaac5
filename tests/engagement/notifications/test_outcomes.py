"""From what happened to what a member is told of it: once, and only what is so and is news to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engagement.audit.actor import Actor
from engagement.credits.models import CreditApprover, CreditRequest, CreditType
from engagement.members.models import Member
from engagement.notifications.models import Notice
from engagement.notifications.notices import note_sent
from engagement.notifications.outcomes import tell_credit_decision, tell_large_request
from engagement.rewards.deciding import approve_redemption, cancel_redemption, reject_redemption
from engagement.rewards.fulfilling import complete_by_hand, fulfil_redemption
from engagement.rewards.models import Redemption, RewardKind
from engagement.rewards.shipping import ship_redemption
from saas.core import clock
from saas.events.jobs import get_job
from tenants.context import TenantContext, enter_tenant
from tests.engagement.rewards.spending import MODERATOR, make_member, make_reward, redeem
from tests.engagement.rewards.test_addresses import ADDRESS
from tests.saas.events.material import read_jobs


@pytest.fixture(autouse=True)
def _in_acme(db: None, acme: TenantContext) -> Iterator[None]:
    with enter_tenant(acme):
        yield


def work() -> None:
    """What was deferred here runs, twice; Discord's jobs are others' tests."""
    done: set[int] = set()
    while jobs := [job for job in read_jobs() if job["id"] not in done]:
        for job in jobs:
            done.add(job["id"])
            if job["task_name"].startswith(("engagement.rewards", "engagement.notifications")):
                for _ in range(2):
                    get_job(job["task_name"])(**job["args"])


def told() -> list[str]:
    return list(Notice.objects.order_by("pk").values_list("kind", flat=True))


def start(acme: TenantContext, kind: str = RewardKind.CUSTOM, **facts: Any) -> Redemption:
    return redeem(acme, make_member(acme, 1_000), make_reward(kind=kind, name="Hoodie", **facts))


def test_a_code_is_told_of_when_it_is_there(acme: TenantContext) -> None:
    redemption = start(acme, RewardKind.CODE, settings={"source": "generated"})
    work()
    assert told() == ["code_ready"]
    assert Notice.objects.get().facts == {"id": redemption.pk, "reward": "Hoodie", "points": 100}


def test_what_the_team_decides_is_told_with_its_reason(acme: TenantContext) -> None:
    redemption = start(acme, approval="moderator")
    work()
    assert told() == []
    reject_redemption(context=acme, redemption_id=redemption.pk, actor=MODERATOR, reason="Out of paint")
    work()
    assert told() == ["redemption_rejected"]
    assert Notice.objects.get().facts["reason"] == "Out of paint"


def test_by_hand_is_approved_then_ready(acme: TenantContext) -> None:
    redemption = start(acme, approval="moderator")
    approve_redemption(context=acme, redemption_id=redemption.pk, actor=MODERATOR)
    work()
    complete_by_hand(redemption_id=redemption.pk, actor=MODERATOR)
    work()
    assert told() == ["redemption_approved", "reward_ready"]


def test_ones_own_cancelling_is_no_news(acme: TenantContext) -> None:
    redemption = start(acme)
    member = make_member(acme)
    own = Actor("member", redemption.member_id, f"Member {member.pk}", via="web")
    from engagement.members.models import Member

    Member.objects.filter(pk=redemption.member_id).update(display_name=own.name)
    cancel_redemption(context=acme, redemption_id=redemption.pk, actor=own)
    work()
    assert told() == []


def test_a_parcel_is_told_of_at_each_step(acme: TenantContext) -> None:
    from engagement.rewards.addresses import ask_for_address, give_address
    from engagement.rewards.deciding import mark_delivered

    redemption = start(acme, RewardKind.MERCHANDISE)
    work()
    ticket = ask_for_address(context=acme, redemption_id=redemption.pk).split("/")[2]
    give_address(context=acme, ticket=ticket, address=ADDRESS)
    ship_redemption(redemption_id=redemption.pk, actor=MODERATOR, tracking="RX 1")
    work()
    mark_delivered(redemption_id=redemption.pk, actor=MODERATOR)
    work()
    assert told() == ["address_needed", "parcel_shipped", "parcel_delivered"]
    assert Notice.objects.get(kind="parcel_shipped").facts["tracking"] == "RX 1"


def test_what_waits_says_so_and_comes(acme: TenantContext) -> None:
    start(acme, RewardKind.CODE)
    work()
    assert told() == ["redemption_approved"]


def test_news_that_is_no_longer_so_is_not_told(acme: TenantContext) -> None:
    redemption = start(acme, RewardKind.CODE, settings={"source": "generated"})
    fulfil_redemption(redemption_id=redemption.pk)
    cancel_redemption(context=acme, redemption_id=redemption.pk, actor=MODERATOR)
    work()
    assert told() == ["redemption_cancelled"]


@pytest.mark.parametrize(
    ("state", "granted", "kind"),
    [
        ("approved", 40, "credit_request_approved"),
        ("approved", 10, "credit_request_part"),
        ("rejected", 0, "credit_request_rejected"),
        ("needs_info", 0, "credit_request_asked"),
        ("cancelled", 0, None),
    ],
)
def test_what_became_of_a_credit_request(
    acme: TenantContext, state: str, granted: int, kind: str | None
) -> None:
    credit_type = CreditType.objects.create(pk=1, key="ai", name="AI")
    request = CreditRequest.objects.create(
        key="k", type=credit_type, member_id=make_member(acme).pk, amount=40, state=state, granted=granted,
        note="For the model", via="web", requested_at=clock.now(),
    )  # fmt: skip
    facts = {
        "request_id": request.pk,
        "state": state,
        "granted": granted,
        "automatic": False,
        "undone": False,
    }
    for _ in range(2):
        tell_credit_decision(**facts, event_id=9)  # type: ignore[arg-type]
    assert told() == ([kind] if kind else [])
    if kind:
        notice = Notice.objects.get()
        assert notice.facts["credits"] == "AI credits"
        request.refresh_from_db()
        assert request.told_by == "in_app"
        note_sent(notice_id=notice.pk, by="dm")
        request.refresh_from_db()
        assert request.told_by == "dm"


def test_a_large_request_is_told_to_who_may_decide_and_has_no_mail(acme: TenantContext) -> None:
    credit_type = CreditType.objects.create(pk=1, key="ai", name="AI", mail_above=30)
    asker, mentor = make_member(acme), make_member(acme)
    CreditApprover.objects.create(type=credit_type, role_id=555, name="Mentors")
    Member.objects.filter(pk__in=[asker.pk, mentor.pk]).update(role_ids=["555"])
    made = [
        CreditRequest.objects.create(
            key=f"k{amount}", type=credit_type, member_id=asker.pk, amount=amount, reason="A poster", via="web",
            requested_at=clock.now(),
        )
        for amount in (30, 31)
    ]  # fmt: skip

    counts = [
        tell_large_request(context=acme, request_id=pk, event_id=event_id)
        for pk, event_id in [(made[0].pk, 8), (made[1].pk, 9), (made[1].pk, 9), (999, 10)]
    ]

    assert counts == [0, 1, 0, 0]
    notice = Notice.objects.get(kind="credit_decision_waits")
    assert (notice.member_id, notice.facts["amount"], notice.facts["reason"]) == (mentor.pk, 31, "A poster")
    CreditRequest.objects.update(state="cancelled")
    assert tell_large_request(context=acme, request_id=made[1].pk, event_id=11) == 0


@pytest.mark.parametrize(
    ("state", "points", "reason", "text"),
    [
        ("approved", 40, "Lovely", "“Talk” was approved. You earned 40 points. Reason: Lovely"),
        ("approved", 0, "", "“Talk” was approved."),
        ("rejected", 0, "Too short", "“Talk” was not approved. Reason: Too short"),
        ("needs_info", 0, "When was it?", "There is a question about “Talk”. When was it?"),
    ],
)
def test_what_became_of_a_submission(
    acme: TenantContext, state: str, points: int, reason: str, text: str
) -> None:
    from engagement.notifications.notice_words import write_notice
    from engagement.submissions.events import SubmissionDecided, SubmissionUndone
    from saas.events import publish

    member = make_member(acme)
    publish(SubmissionDecided(5, member.pk, 1, state, points, reason, "Talk", "Talks", "Mo"))
    work()
    notice = Notice.objects.get()
    shown = write_notice(notice.kind, notice.facts, language="en", points_name="points", when=str)
    assert shown == text
    for heard in (False, True):
        publish(SubmissionUndone(5, member.pk, 1, state, points, heard, "", "Talks"))
    work()
    assert told()[1:] == ["submission_undone"]
