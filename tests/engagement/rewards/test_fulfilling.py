"""What follows an approval, by kind, once; what cannot go on waits and says so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from engagement.audit.actor import SYSTEM
from engagement.audit.models import AuditEntry
from engagement.credits.models import CreditType
from engagement.files.models import FileUse, StoredFile
from engagement.files.services import store_pieces
from engagement.ledger.models import LedgerBalance
from engagement.members.models import Member
from engagement.rewards.code_seals import digest_code, new_code, seal_code
from engagement.rewards.deciding import cancel_redemption
from engagement.rewards.fulfilling import (
    complete_by_hand,
    fulfil_redemption,
    hold_up,
    note_role_given,
    undo_fulfilment,
)
from engagement.rewards.fulfilment_errors import (
    CodeNotThereError,
    DownloadGoneError,
    NoDownloadsLeftError,
)
from engagement.rewards.fulfilment_selectors import get_attention, list_role_grants, list_unfinished
from engagement.rewards.handing_out import download_link, show_code, take_download
from engagement.rewards.jobs import tend_fulfilment
from engagement.rewards.models import Redemption, Reward, RewardCode, RewardKind
from engagement.rewards.redemption_errors import RedemptionNotFoundError, RedemptionStateError
from saas.core import clock
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant
from tests.saas.events.material import read_jobs

from .spending import MODERATOR, assert_books_balance, make_member, make_reward, redeem


@pytest.fixture(autouse=True)
def _in_acme(db: None, acme: TenantContext) -> Iterator[None]:
    with enter_tenant(acme):
        yield


def start(acme: TenantContext, kind: str, *, member: Member | None = None, **facts: Any) -> Redemption:
    member = member or make_member(acme, 1_000)
    return redeem(acme, member, make_reward(kind=kind, **facts))


def fulfil(redemption: Redemption) -> Redemption:
    """Twice, as a job that comes again."""
    fulfil_redemption(redemption_id=redemption.pk)
    fulfil_redemption(redemption_id=redemption.pk)
    return Redemption.objects.get(pk=redemption.pk)


def news(kind: str) -> list[dict[str, Any]]:
    return [row.data for row in TenantEvent.objects.filter(type=kind).order_by("id")]


def add_codes(reward: Reward, *codes: str) -> None:
    for code in codes:
        RewardCode.objects.create(reward=reward, sealed=seal_code(code), digest=digest_code(code))


def test_an_approval_defers_its_fulfilment_in_the_same_transaction(acme: TenantContext) -> None:
    before = len(read_jobs())
    redemption = start(acme, RewardKind.PARTNER, settings={"url": "https://example.com/offer"})
    jobs = [job for job in read_jobs()[before:] if job["task_name"] == "engagement.rewards.follow_redemption"]
    assert [job["args"]["event"]["redemption_id"] for job in jobs] == [redemption.pk]
    assert redemption.state == "approved"


def test_a_partners_offer_is_as_it_was_when_it_was_redeemed(acme: TenantContext) -> None:
    redemption = start(acme, RewardKind.PARTNER, settings={"url": "https://example.com/a", "code": "HELLO"})
    done = fulfil(redemption)
    Reward.objects.update(settings={"url": "https://example.com/b"})
    assert done.state == "delivered"
    assert done.outcome["url"] == "https://example.com/a"
    assert [line["state"] for line in done.history][-2:] == ["fulfilled", "delivered"]


def test_a_code_of_the_pool_is_taken_once_and_leaves_the_stock(acme: TenantContext) -> None:
    reward = make_reward(kind=RewardKind.CODE, stock=2)
    add_codes(reward, "AAA", "BBB")
    member = make_member(acme, 1_000)
    done = fulfil(redeem(acme, member, reward))
    assert done.state == "delivered"
    assert RewardCode.objects.get(redemption=done).pk == RewardCode.objects.earliest("pk").pk
    assert RewardCode.objects.filter(redemption=None).count() == 1
    reward.refresh_from_db()
    assert (reward.stock, reward.reserved) == (1, 0)
    assert "AAA" not in str(done.outcome) + str(done.history)
    assert_books_balance(acme)


def test_a_code_is_shown_to_its_owner_again_and_each_showing_is_recorded(acme: TenantContext) -> None:
    reward = make_reward(kind=RewardKind.CODE)
    add_codes(reward, "AAA-111")
    member, other = make_member(acme, 1_000), make_member(acme)
    redemption = redeem(acme, member, reward)
    with pytest.raises(CodeNotThereError):
        show_code(redemption_id=redemption.pk, member_id=member.pk, actor=SYSTEM)
    fulfil(redemption)
    for _ in range(2):
        assert show_code(redemption_id=redemption.pk, member_id=member.pk, actor=SYSTEM) == "AAA-111"
    with pytest.raises(RedemptionNotFoundError):
        show_code(redemption_id=redemption.pk, member_id=other.pk, actor=SYSTEM)
    entries = AuditEntry.objects.filter(action="redemption.code_shown")
    assert entries.count() == 2
    assert "AAA-111" not in str(list(entries.values()))
    cancel_redemption(context=acme, redemption_id=redemption.pk, actor=MODERATOR)
    with pytest.raises(CodeNotThereError):
        show_code(redemption_id=redemption.pk, member_id=member.pk, actor=SYSTEM)


def test_an_empty_pool_waits_tells_the_team_once_and_goes_on_by_itself(acme: TenantContext) -> None:
    redemption = start(acme, RewardKind.CODE)
    waiting = fulfil(redemption)
    assert (waiting.state, waiting.outcome["waits"]) == ("approved", "codes")
    assert [one["why"] for one in news("FulfilmentStuck")] == ["codes"]
    assert get_attention().stuck == 1
    assert list_unfinished() == []  # not before its time
    add_codes(Reward.objects.get(pk=redemption.reward_id), "NEW")
    Redemption.objects.update(due_at=clock.now())
    tend_fulfilment(tenant=acme.schema)
    job = next(job for job in read_jobs() if job["task_name"] == "engagement.rewards.try_again")
    from engagement.rewards.jobs import try_again

    try_again(**job["args"])
    done = Redemption.objects.get(pk=redemption.pk)
    assert done.state == "delivered"
    assert "waits" not in done.outcome


def test_generated_codes_are_long_and_each_another(acme: TenantContext) -> None:
    reward = make_reward(kind=RewardKind.CODE, settings={"source": "generated", "prefix": "ACME-"})
    member = make_member(acme, 1_000)
    codes = set()
    for _ in range(3):
        done = fulfil(redeem(acme, member, reward))
        codes.add(show_code(redemption_id=done.pk, member_id=member.pk, actor=SYSTEM))
    assert len(codes) == 3
    assert all(len(code) == len("ACME-XXXX-XXXX-XXXX-XXXX") and code.startswith("ACME-") for code in codes)
    assert RewardCode.objects.count() == 3
    assert len({new_code() for _ in range(2_000)}) == 2_000


def store(data: bytes = b"hello") -> StoredFile:
    return store_pieces(use=FileUse.DOWNLOAD, name="guide.txt", content_type="text/plain", data=data)


def test_a_download_is_counted_and_its_link_ends(acme: TenantContext) -> None:
    member, file = make_member(acme, 1_000), store()
    settings = {"file_id": file.pk, "downloads": 2, "link_hours": 1}
    done = fulfil(start(acme, RewardKind.DOWNLOAD, member=member, settings=settings))
    link = download_link(context=acme, redemption_id=done.pk, member_id=member.pk)
    assert (link.name, link.left) == ("guide.txt", 2)
    signed = link.path.split("/")[2]
    take_download(context=acme, signed=signed, count=False)
    for _ in range(2):
        _, pieces = take_download(context=acme, signed=signed)
        assert b"".join(pieces) == b"hello"
    with pytest.raises(NoDownloadsLeftError):
        take_download(context=acme, signed=signed)
    with pytest.raises(NoDownloadsLeftError):
        download_link(context=acme, redemption_id=done.pk, member_id=member.pk)
    Redemption.objects.update(outcome={**done.outcome, "downloaded": 0})
    with clock.frozen_at(clock.now() + timedelta(hours=2)), pytest.raises(DownloadGoneError):
        take_download(context=acme, signed=signed)


def test_a_link_is_of_one_community_whole_and_for_as_long_as_the_redemption_holds(
    acme: TenantContext, globex: TenantContext
) -> None:
    member, file = make_member(acme, 1_000), store()
    done = fulfil(start(acme, RewardKind.DOWNLOAD, member=member, settings={"file_id": file.pk}))
    signed = download_link(context=acme, redemption_id=done.pk, member_id=member.pk).path.split("/")[2]
    with pytest.raises(DownloadGoneError):
        take_download(context=globex, signed=signed)
    with pytest.raises(DownloadGoneError):
        take_download(context=acme, signed=signed[:-2] + "xx")
    with pytest.raises(RedemptionNotFoundError):
        download_link(context=acme, redemption_id=done.pk, member_id=make_member(acme).pk)
    cancel_redemption(context=acme, redemption_id=done.pk, actor=MODERATOR)
    with pytest.raises(DownloadGoneError):
        take_download(context=acme, signed=signed)


def test_a_file_that_is_gone_waits(acme: TenantContext) -> None:
    assert fulfil(start(acme, RewardKind.DOWNLOAD, settings={"file_id": 4242})).outcome["waits"] == "file"


def test_credits_are_given_once_and_taken_back_with_the_redemption(acme: TenantContext) -> None:
    credit_type = CreditType.objects.create(pk=1, key="ai", name="AI")
    member = make_member(acme, 1_000)
    settings = {"type_id": credit_type.pk, "amount": 25}
    done = fulfil(start(acme, RewardKind.CREDITS, member=member, settings=settings))
    assert done.state == "delivered"
    balance = LedgerBalance.objects.filter(member_id=member.pk, currency=credit_type.pk)
    assert balance.get().current == 25
    cancel_redemption(context=acme, redemption_id=done.pk, actor=MODERATOR)
    for _ in range(2):
        undo_fulfilment(redemption_id=done.pk)
    assert balance.get().current == 0
    assert_books_balance(acme)


def test_credits_of_a_kind_that_is_not_there_wait(acme: TenantContext) -> None:
    waiting = fulfil(start(acme, RewardKind.CREDITS, settings={"type_id": 99, "amount": 5}))
    assert waiting.outcome["waits"] == "credits"


def test_tickets_of_a_raffle_are_numbered_without_gaps(acme: TenantContext) -> None:
    reward, member = make_reward(kind=RewardKind.RAFFLE), make_member(acme, 1_000)
    tickets = [fulfil(redeem(acme, member, reward)).outcome["ticket"] for _ in range(3)]
    assert tickets == [1, 2, 3]
    other = fulfil(redeem(acme, member, make_reward(kind=RewardKind.RAFFLE)))
    assert other.outcome["ticket"] == 1
    assert other.state == "fulfilled"


def test_what_is_done_by_hand_waits_for_the_team_and_is_on_record(acme: TenantContext) -> None:
    redemption = start(acme, RewardKind.CUSTOM)
    assert fulfil(redemption).state == "approved"
    assert get_attention().by_hand == 1
    for _ in range(2):
        complete_by_hand(redemption_id=redemption.pk, actor=MODERATOR, note="Called them.")
    done = Redemption.objects.get(pk=redemption.pk)
    assert (done.state, done.outcome["note"]) == ("delivered", "Called them.")
    assert AuditEntry.objects.filter(action="redemption.delivered").count() == 1
    with pytest.raises(RedemptionStateError):
        complete_by_hand(redemption_id=start(acme, RewardKind.PARTNER).pk, actor=MODERATOR)


def test_what_was_cancelled_before_its_job_ran_is_not_given(acme: TenantContext) -> None:
    redemption = start(acme, RewardKind.CODE, settings={"source": "generated"})
    cancel_redemption(context=acme, redemption_id=redemption.pk, actor=MODERATOR)
    assert fulfil(redemption).state == "cancelled"
    assert RewardCode.objects.count() == 0


def test_a_role_for_a_time_is_wanted_until_its_time_is_over(acme: TenantContext) -> None:
    member = make_member(acme, 1_000)
    reward = make_reward(kind=RewardKind.ROLE, settings={"role_id": "600000000000000001", "days": 7})
    first = fulfil(redeem(acme, member, reward))
    assert [one["redemption_id"] for one in news("RewardRoleDue")][-1] == first.pk
    assert first.state == "approved"
    assert list_role_grants(member_id=member.pk)[0].wanted
    now = clock.now()
    with clock.frozen_at(now):
        note_role_given(redemption_id=first.pk)
        note_role_given(redemption_id=first.pk)
        # Once more while it runs: the times follow each other
        second = fulfil(redeem(acme, member, reward))
        note_role_given(redemption_id=second.pk)
    ends = list(Redemption.objects.order_by("pk").values_list("ends_at", flat=True))
    assert ends == [now + timedelta(days=7), now + timedelta(days=14)]
    later = list_role_grants(member_id=member.pk, now=now + timedelta(days=8))
    assert [grant.wanted for grant in later] == [False, True]


def test_what_was_told_to_wait_is_told_once(acme: TenantContext) -> None:
    redemption = start(acme, RewardKind.ROLE, settings={"role_id": "600000000000000001"})
    for _ in range(3):
        hold_up(redemption_id=redemption.pk, why="role")
    assert len(news("FulfilmentStuck")) == 1


def test_a_job_that_was_lost_is_found_by_the_sweep(acme: TenantContext) -> None:
    redemption = start(acme, RewardKind.PARTNER, settings={"url": "https://example.com"})
    assert list_unfinished() == []
    Redemption.objects.update(requested_at=clock.now() - timedelta(minutes=20), decided_at=None)
    assert list_unfinished() == [redemption.pk]
