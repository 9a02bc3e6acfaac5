"""An import applied, applied again, brought anew, cancelled and undone: exact each time, in agreement with the ledger."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from engagement.audit.models import AuditEntry
from engagement.imports import applying
from engagement.imports.applying import work_on_import, work_one_step
from engagement.imports.difference import get_numbers, list_lines
from engagement.imports.errors import ImportNotFoundError, ImportOrderError, ImportStateError
from engagement.imports.models import ImportRow, ImportRun
from engagement.imports.selectors import count_old_levels, has_brought_levels, list_old_levels
from engagement.imports.services import apply_import, cancel_import, undo_import
from engagement.ledger.models import LedgerBalance, LedgerEntry
from engagement.levels.curves import DEFAULT_CURVE
from engagement.levels.selectors import load_curve
from engagement.members.models import Member
from engagement.progression.levelling import change_curve
from engagement.progression.merging import merge_members
from engagement.progression.models import MemberProgress
from engagement.progression.verification import verify_ledger
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant
from tests.engagement.activity.facts import MINUTE, NOON, book, message
from tests.engagement.imports.bringing import (
    ACTOR,
    FIRST,
    applied_run,
    discord_id,
    mee6_file,
    member_of,
    read_run,
    undo_run,
)
from tests.engagement.progression.test_bulk import picture

pytestmark = pytest.mark.usefixtures("rules")
XP = {1: 5_000, 2: 300, 3: 99, 4: 0}


def lifetimes() -> dict[int, int]:
    found = dict(LedgerBalance.objects.values_list("member_id", "lifetime"))
    return {
        user: found[member_of(user)]
        for user in XP
        if Member.objects.filter(identities__external_id=discord_id(user))
    }


def talk(context: TenantContext, *users: int, at: int = NOON) -> None:
    book(context, [message(FIRST + user, type="thread", at=at + user) for user in users])


def test_keeping_the_xp_and_both(acme: TenantContext) -> None:
    with enter_tenant(acme):
        run = applied_run(acme, mee6_file(XP))

        assert (run.state, run.keep, run.done) == ("applied", "curve", 4)
        assert lifetimes() == XP
        assert load_curve().thresholds == DEFAULT_CURVE.thresholds
        assert run.results["created"] == 4
        assert verify_ledger(acme) == []


def test_keeping_the_level_gives_the_fewest_points_of_it(acme: TenantContext) -> None:
    with enter_tenant(acme):
        change_curve(actor=ACTOR, kind="linear", parameters={"step": 1_000})

        run = applied_run(acme, mee6_file(XP))

        assert run.keep == "level"  # since this community made levels of its own
        assert lifetimes() == {1: 10_000, 2: 2_000, 3: 0, 4: 0}
        assert dict(MemberProgress.objects.values_list("member_id", "level"))[member_of(1)] == 10
        assert verify_ledger(acme) == []


def test_taking_the_curve_over_keeps_level_and_xp_and_gives_it_back(acme: TenantContext) -> None:
    settings = {"curve": {"1": 100, "2": 50, "3": 1}, "rounding": 100, "rewards": [], "gain": {}}
    data = (
        __import__("json")
        .dumps({"settings": settings, "users": {discord_id(user): {"xp": xp} for user, xp in XP.items()}})
        .encode()
    )
    talk(acme, 9)
    with enter_tenant(acme):
        change_curve(actor=ACTOR, kind="linear", parameters={"step": 5})
        before = picture()

        run = applied_run(acme, data, source="polaris", keep="curve")

        assert lifetimes() == XP
        old = {row.external_id: row.old_level for row in ImportRow.objects.all()}
        levels = dict(MemberProgress.objects.values_list("member_id", "level"))
        assert {user: levels[member_of(user)] for user in XP} == {user: old[discord_id(user)] for user in XP}
        assert levels[member_of(9)] == 0  # everybody's level follows the new curve
        assert verify_ledger(acme) == []

        undo_run(acme, run)

        assert load_curve().thresholds[:3] == (0, 5, 10)
        assert picture() == before
        assert verify_ledger(acme) == []


def test_a_curve_that_was_changed_since_stays(acme: TenantContext) -> None:
    with enter_tenant(acme):
        change_curve(actor=ACTOR, kind="linear", parameters={"step": 5})
        run = applied_run(acme, mee6_file(XP), keep="curve")
        change_curve(actor=ACTOR, kind="linear", parameters={"step": 7})

        undo_run(acme, run)

        assert load_curve().thresholds[1] == 7
        assert run.results["curve_stayed"] is True


@pytest.mark.parametrize(
    ("existing", "first", "second"),
    [("add", 5_000, 6_000), ("replace", 5_000, 6_000), ("highest", 5_000, 6_000)],
)
def test_a_newer_file_brings_the_difference(
    acme: TenantContext, existing: str, first: int, second: int
) -> None:
    talk(acme, 1)
    with enter_tenant(acme):
        earned = LedgerBalance.objects.get().lifetime
        applied_run(acme, mee6_file({1: first}), existing=existing)
        again = applied_run(acme, mee6_file({1: first}), existing=existing)
        newer = applied_run(acme, mee6_file({1: second}), existing=existing)

        assert again.results["changed"] == 0
        assert newer.results["points"] == second - first
        assert LedgerBalance.objects.get().lifetime == second + (earned if existing == "add" else 0)
        assert verify_ledger(acme) == []


def test_applied_once_more_nothing_happens(acme: TenantContext) -> None:
    with enter_tenant(acme):
        run = applied_run(acme, mee6_file(XP))
        before, entries = picture(), LedgerEntry.objects.count()

        assert apply_import(import_id=run.pk, actor=ACTOR, context=acme).state == "applied"
        work_on_import(import_id=run.pk, context=acme)

        assert (picture(), LedgerEntry.objects.count()) == (before, entries)


def test_it_is_silent(acme: TenantContext) -> None:
    from procrastinate.contrib.django.models import ProcrastinateJob

    with enter_tenant(acme):
        run = read_run(mee6_file(dict.fromkeys(range(1, 40), 10000)))
        events = set(TenantEvent.objects.values_list("pk", flat=True))
        jobs = ProcrastinateJob.objects.count()
        applied = apply_import(import_id=run.pk, actor=ACTOR, context=acme)
        work_on_import(import_id=run.pk, context=acme)

        told = list(TenantEvent.objects.exclude(pk__in=events).values_list("type", flat=True))
        assert sorted(told) == ["ImportFinished", "StandingsChanged"]
        assert applied.state == "applying"
        assert ProcrastinateJob.objects.count() - jobs <= 3


def test_undone_it_is_as_if_it_had_never_been(acme: TenantContext) -> None:
    talk(acme, 1, 2)
    with enter_tenant(acme):
        before, people = picture(), Member.objects.count()
        run = applied_run(acme, mee6_file(XP), existing="add")
        talk_at = NOON + 30 * MINUTE

        undo_run(acme, run)

        assert (run.state, picture(), Member.objects.count()) == ("undone", before, people)
        assert run.results["removed"] == 2
        undo_run(acme, run)
        assert picture() == before
        assert verify_ledger(acme) == []
    talk(acme, 1, at=talk_at)


def test_what_members_earned_since_stays(acme: TenantContext) -> None:
    with enter_tenant(acme):
        run = applied_run(acme, mee6_file(XP))
    talk(acme, 1, 4, at=NOON + 30 * MINUTE)
    with enter_tenant(acme):
        earned = {
            member: LedgerBalance.objects.get(member_id=member).lifetime - XP[user]
            for user, member in ((1, member_of(1)), (4, member_of(4)))
        }

        undo_run(acme, run)

        assert dict(LedgerBalance.objects.values_list("member_id", "lifetime")) == earned
        assert (run.results["removed"], run.results["stayed"]) == (2, 2)
        assert verify_ledger(acme) == []


def test_newer_imports_are_undone_first(acme: TenantContext) -> None:
    with enter_tenant(acme):
        before = picture()
        first = applied_run(acme, mee6_file({1: 100, 2: 50}), existing="highest")
        second = applied_run(acme, mee6_file({1: 300, 3: 20}), existing="highest")

        with pytest.raises(ImportOrderError, match=f"Import {second.pk} from MEE6"):
            undo_import(import_id=first.pk, actor=ACTOR, context=acme)
        undo_run(acme, second)
        undo_run(acme, first)

        assert picture() == before
        assert verify_ledger(acme) == []


def test_cancelled_halfway_all_is_taken_back(acme: TenantContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "STEP", 2)
    talk(acme, 1, 2)
    with enter_tenant(acme):
        before = picture()
        run = read_run(mee6_file(XP), keep="xp")
        apply_import(import_id=run.pk, actor=ACTOR, context=acme)
        work_one_step(import_id=run.pk, context=acme)
        assert picture() != before

        cancel_import(import_id=run.pk, actor=ACTOR, context=acme)
        work_on_import(import_id=run.pk, context=acme)

        run.refresh_from_db()
        assert (run.state, picture()) == ("cancelled", before)
        assert verify_ledger(acme) == []
        with pytest.raises(ImportStateError, match="Begin another one"):
            apply_import(import_id=run.pk, actor=ACTOR, context=acme)


@pytest.mark.parametrize("place", range(4))
def test_killed_anywhere_it_goes_on_where_it_was(
    acme: TenantContext, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    """A step dies after its work and before its commit."""
    monkeypatch.setattr(applying, "STEP", 1)
    real, count = applying._move_on, 0

    def die(*arguments: Any) -> None:
        nonlocal count
        count += 1
        real(*arguments)
        if count == place + 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(applying, "_move_on", die)
    with enter_tenant(acme):
        run = read_run(mee6_file(XP))
        apply_import(import_id=run.pk, actor=ACTOR, context=acme)
        with pytest.raises(KeyboardInterrupt):
            work_on_import(import_id=run.pk, context=acme)

        work_on_import(import_id=run.pk, context=acme)

        run.refresh_from_db()
        assert (run.state, run.done, lifetimes()) == ("applied", 4, XP)
        assert verify_ledger(acme) == []


def test_only_one_import_is_at_work(acme: TenantContext) -> None:
    with enter_tenant(acme):
        first, second = read_run(mee6_file(XP)), read_run(mee6_file(XP))
        apply_import(import_id=first.pk, actor=ACTOR, context=acme)

        with pytest.raises(ImportStateError, match=f"Import {first.pk} from MEE6 is at work"):
            apply_import(import_id=second.pk, actor=ACTOR, context=acme)


def test_states_in_which_an_act_makes_no_sense(acme: TenantContext, globex: TenantContext) -> None:
    with enter_tenant(acme):
        run = read_run(mee6_file(XP))
        with pytest.raises(ImportStateError, match="Only what was applied"):
            undo_import(import_id=run.pk, actor=ACTOR, context=acme)
        ImportRun.objects.filter(pk=run.pk).update(state="applied", applied_at=timezone.now())
        with pytest.raises(ImportStateError, match="Undo it instead"):
            cancel_import(import_id=run.pk, actor=ACTOR, context=acme)
    with enter_tenant(globex), pytest.raises(ImportNotFoundError):
        apply_import(import_id=run.pk, actor=ACTOR, context=globex)


@pytest.mark.parametrize("keep", ["xp", "level", "curve"])
@pytest.mark.parametrize("existing", ["add", "replace", "highest"])
def test_the_difference_promises_what_applying_does(acme: TenantContext, keep: str, existing: str) -> None:
    talk(acme, 1, 2, 3)
    with enter_tenant(acme):
        change_curve(actor=ACTOR, kind="linear", parameters={"step": 3, "max_level": 12})
        applied_run(acme, mee6_file({1: 7, 2: 900}), existing="add", keep="xp")
        run = read_run(mee6_file({**XP, 5: 10**9}), keep=keep, existing=existing)
        promised = {line.external_id: line for line in list_lines(run=run)}
        numbers = get_numbers(run=run)

        apply_import(import_id=run.pk, actor=ACTOR, context=acme)
        work_on_import(import_id=run.pk, context=acme)

        run.refresh_from_db()
        done = {line.external_id: line for line in list_lines(run=run)}
        facts = ("kind", "points_before", "points_after", "level_before", "level_after")
        for external_id, line in promised.items():
            if line.kind == "error":
                assert done[external_id].kind == "error"
            else:
                assert [getattr(line, fact) for fact in facts] == [
                    getattr(done[external_id], fact) for fact in facts
                ]
        assert get_numbers(run=run) == numbers
        assert numbers.error == (keep == "level")
        assert verify_ledger(acme) == []


def test_shadow_mode_can_compare(acme: TenantContext) -> None:
    talk(acme, 1, 2)
    with enter_tenant(acme):
        assert (list_old_levels(), count_old_levels()) == ([], 0)
        read_run(mee6_file(XP))

        found = list_old_levels()

        assert [(one.old_xp, one.old_level, one.level) for one in found] == [(5_000, 10, 0), (300, 2, 0)]
        assert count_old_levels(differing=True) == 2


def test_whoever_was_deleted_here_is_passed_over(acme: TenantContext) -> None:
    talk(acme, 1, 2)
    with enter_tenant(acme):
        Member.objects.filter(pk=member_of(1)).update(deleted_at=timezone.now())
        run = read_run(mee6_file(XP))
        assert [line.external_id for line in list_lines(run=run, kind="error")] == [discord_id(1)]

        apply_import(import_id=run.pk, actor=ACTOR, context=acme)
        work_on_import(import_id=run.pk, context=acme)

        assert LedgerBalance.objects.get(member_id=member_of(1)).lifetime < 5_000
        run.refresh_from_db()
        assert run.results["passed_over"] == 1
        undo_run(acme, run)


def test_the_audit_log_tells_who_did_it(acme: TenantContext) -> None:
    with enter_tenant(acme):
        run = applied_run(acme, mee6_file(XP))
        undo_run(acme, run)

        told = AuditEntry.objects.filter(target_kind="import").order_by("pk")
        assert [(one.action, one.actor_name) for one in told] == [
            ("import.created", "Ada Wren"),
            ("import.applied", "Ada Wren"),
            ("import.undone", "Ada Wren"),
        ]


def test_what_was_merged_into_another_member_since_stays_there(acme: TenantContext) -> None:
    with enter_tenant(acme):
        run = applied_run(acme, mee6_file(XP))
        merged, kept = member_of(1), member_of(2)
        merge_members(kept_id=kept, gone_id=merged, actor=ACTOR, context=acme)

        undo_run(acme, run)

        assert run.results["merged"] == 1
        assert LedgerBalance.objects.get(member_id=kept).lifetime == XP[1]
        assert verify_ledger(acme) == []


def test_only_what_was_applied_and_stands_counts_as_brought(acme: TenantContext) -> None:
    with enter_tenant(acme):
        looked_at = read_run(mee6_file(XP))
        assert not has_brought_levels()
        cancel_import(import_id=looked_at.pk, actor=ACTOR, context=acme)
        assert not has_brought_levels()

        run = applied_run(acme, mee6_file(XP))
        assert has_brought_levels()
        undo_run(acme, run)
        assert not has_brought_levels()
