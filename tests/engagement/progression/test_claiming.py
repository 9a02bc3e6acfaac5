"""A member registered by hand is claimed by code: by the right person, once, in time, and by nobody who guesses."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from engagement.audit.actor import SYSTEM
from engagement.audit.models import AuditEntry
from engagement.ledger.models import LedgerBalance
from engagement.members import claims
from engagement.members.claims import (
    ALPHABET,
    LENGTH,
    forget_old_claims,
    issue_claim_code,
    list_locked_claimants,
    normalise,
)
from engagement.members.errors import (
    ClaimLockedError,
    InvalidClaimError,
    MemberDeletedError,
    NotClaimableError,
)
from engagement.members.models import ClaimCode, ClaimTries, Member
from engagement.members.selectors import find_member
from engagement.progression.claiming import Claimant, claim_member, preview_claim
from engagement.progression.people import MemberFacts, delete_member, register_member
from engagement.progression.services import adjust_points, ensure_member
from engagement.progression.verification import verify_ledger
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.limits.racing import meet

pytestmark = pytest.mark.usefixtures("rules")
ADA = Claimant("Ada", user_id=501)
EVE = Claimant("Eve", user_id=666)
WRONG = "AAAAAAAAAA"


def register(context: TenantContext, name: str = "Ada by hand", points: int = 40) -> tuple[int, str]:
    member = register_member(facts=MemberFacts(name), request_key=name, actor=SYSTEM, context=context)
    if points:
        adjust_points(
            member_id=member.pk,
            amount=points,
            reason="x",
            actor=SYSTEM,
            idempotency_key=name,
            context=context,
        )
    return member.pk, issue_claim_code(member_id=member.pk, actor=SYSTEM).code


def claim(context: TenantContext, code: str, who: Claimant = ADA) -> int:
    return claim_member(code=code, claimant=who, actor=SYSTEM, context=context)


def test_the_code_hands_the_member_over_once(acme: TenantContext) -> None:
    with enter_tenant(acme):
        member_id, code = register(acme)
        assert set(normalise(code)) <= set(ALPHABET)
        assert len(normalise(code)) == LENGTH
        assert preview_claim(code=code.lower(), claimant=ADA, context=acme).lifetime == 40
        assert claim(acme, f" {code.lower()} ") == member_id
        assert Member.objects.get(pk=member_id).user_id == 501
        with pytest.raises(InvalidClaimError):
            claim(acme, code, EVE)
        assert Member.objects.get(pk=member_id).user_id == 501
        with pytest.raises(NotClaimableError):
            issue_claim_code(member_id=member_id, actor=SYSTEM)


def test_the_table_never_holds_the_code(acme: TenantContext) -> None:
    with enter_tenant(acme):
        _, code = register(acme)
        row = ClaimCode.objects.get()
        assert normalise(code) not in row.digest.upper()
        assert len(row.digest) == 64


def test_a_discord_account_claims_too(acme: TenantContext) -> None:
    with enter_tenant(acme):
        member_id, code = register(acme)
        claim(acme, code, Claimant("Ada", discord_id=4242))
        found = find_member(provider="discord", external_id="4242")
        assert found is not None
        assert found.pk == member_id


def test_who_is_a_member_already_keeps_that_and_gets_the_points(acme: TenantContext) -> None:
    with enter_tenant(acme):
        own = ensure_member(provider="discord", external_id="4242", display_name="Ada")
        member_id, code = register(acme)
        who = Claimant("Ada", user_id=501, discord_id=4242)
        preview = preview_claim(code=code, claimant=who, context=acme)
        assert preview.merge is not None
        assert (preview.merge.kept.member_id, preview.merge.gone.member_id) == (own.pk, member_id)
        assert claim(acme, code, who) == own.pk
        assert LedgerBalance.objects.get(member_id=own.pk, currency=0).lifetime == 40
        assert Member.objects.get(pk=own.pk).user_id == 501
        assert verify_ledger(acme) == []


def test_three_wrong_codes_lock_out_even_with_the_right_one_and_tell_the_team(acme: TenantContext) -> None:
    with enter_tenant(acme):
        member_id, code = register(acme)
        for _ in range(2):
            with pytest.raises(InvalidClaimError):
                claim(acme, WRONG, EVE)
        with pytest.raises(ClaimLockedError):
            claim(acme, WRONG, EVE)
        with pytest.raises(ClaimLockedError) as locked:
            claim(acme, code, EVE)
        assert 3_000 < locked.value.retry_after <= 3_600
        assert Member.objects.get(pk=member_id).user_id is None
        assert [one.name for one in list_locked_claimants()] == ["Eve"]
        assert AuditEntry.objects.filter(action="member.claim_locked").count() == 1
        assert claim(acme, code, ADA) == member_id


def test_the_lock_and_the_window_end(acme: TenantContext, monkeypatch: pytest.MonkeyPatch) -> None:
    with enter_tenant(acme):
        member_id, code = register(acme)
        for _ in range(2):
            with pytest.raises(InvalidClaimError):
                claim(acme, WRONG, EVE)
        ClaimTries.objects.update(began_at=clock.now() - timedelta(minutes=16))
        with pytest.raises(InvalidClaimError):
            claim(acme, WRONG, EVE)
        ClaimTries.objects.update(locked_until=clock.now() - timedelta(seconds=1))
        assert claim(acme, code, EVE) == member_id


def test_what_expired_was_replaced_or_is_anothers_opens_nothing(
    acme: TenantContext, globex: TenantContext
) -> None:
    with enter_tenant(acme):
        member_id, first = register(acme)
        second = issue_claim_code(member_id=member_id, actor=SYSTEM).code
        with pytest.raises(InvalidClaimError):
            claim(acme, first)
    with enter_tenant(globex):
        ClaimTries.objects.all().delete()
        with pytest.raises(InvalidClaimError):
            claim(globex, second)
    with enter_tenant(acme):
        ClaimCode.objects.update(expires_at=clock.now())
        with pytest.raises(InvalidClaimError):
            claim(acme, second)
        assert forget_old_claims() == 1
        assert not ClaimCode.objects.exists()


def test_deleted_people_and_deleted_members_are_not_claimed_around(acme: TenantContext) -> None:
    with enter_tenant(acme):
        member_id, code = register(acme)
        own = ensure_member(provider="discord", external_id="4242", display_name="Ada")
        delete_member(member_id=own.pk, actor=SYSTEM, context=acme)
        with pytest.raises(MemberDeletedError):
            claim(acme, code, Claimant("Ada", discord_id=4242))
        delete_member(member_id=member_id, actor=SYSTEM, context=acme)
        with pytest.raises(InvalidClaimError):
            claim(acme, code)


def test_who_signs_in_already_cannot_be_handed_out(acme: TenantContext) -> None:
    with enter_tenant(acme):
        own = ensure_member(provider="discord", external_id="4242", display_name="Ada")
        with pytest.raises(NotClaimableError):
            issue_claim_code(member_id=own.pk, actor=SYSTEM)


def at_once(context: TenantContext, acts: list[tuple[str, Claimant]]) -> list[object]:
    barrier = threading.Barrier(len(acts))
    results: list[object] = []

    def run(code: str, who: Claimant) -> None:
        try:
            with enter_tenant(context):
                barrier.wait(30)
                results.append(claim(context, code, who))
        except (InvalidClaimError, ClaimLockedError) as error:
            results.append(type(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.race
@pytest.mark.parametrize("round", range(3))
def test_of_two_who_enter_one_code_one_gets_the_member(acme: TenantContext, round: int) -> None:
    with enter_tenant(acme):
        member_id, code = register(acme)
    results = at_once(acme, [(code, ADA), (code, EVE)])
    assert sorted(str(one) for one in results) == sorted([str(member_id), str(InvalidClaimError)])


@pytest.mark.race
@pytest.mark.parametrize("round", range(3))
def test_eight_windows_of_the_browser_get_no_fourth_try(acme: TenantContext, round: int) -> None:
    with enter_tenant(acme):
        register(acme)
    results = at_once(acme, [(WRONG, EVE)] * 8)
    assert results.count(InvalidClaimError) == claims.TRIES - 1
    assert results.count(ClaimLockedError) == 8 - claims.TRIES + 1


@pytest.mark.race
def test_without_the_rows_lock_there_would_be_more_tries(
    acme: TenantContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = meet(threading.Barrier(8))

    def look(pk: int) -> ClaimTries:
        found = ClaimTries.objects.get(pk=pk)
        together()
        return found

    monkeypatch.setattr(claims, "_lock_tries", look)
    with enter_tenant(acme):
        register(acme)
        ClaimTries.objects.create(claimant=EVE.key, began_at=clock.now())
    assert at_once(acme, [(WRONG, EVE)] * 8).count(InvalidClaimError) > claims.TRIES - 1
