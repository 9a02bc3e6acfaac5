"""Whatever a superuser does to the log behind the app's back is found, and told apart."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command

from engagement.audit.actor import SYSTEM
from engagement.audit.erasure import erase_person
from engagement.audit.models import AuditEntry, AuditSeal
from engagement.audit.sealing import seal_entries
from engagement.audit.verification import verify_chain
from tenants.context import TenantContext, enter_tenant

Tamper = Callable[..., None]


def kinds(context: TenantContext, anchor: tuple[int, str] | None = None) -> list[tuple[str, int]]:
    """(kind, entry) of each finding."""
    with enter_tenant(context):
        return [(one.kind, one.entry_id) for one in verify_chain(anchor=anchor).findings]


@pytest.mark.parametrize(
    "change",
    [
        "action = 'rule.created'",
        "outcome = 'denied'",
        "actor_id = 99",
        "actor_kind = 'system'",
        "occurred_at = occurred_at - interval '1 day'",
        "target_id = '77'",
        "actor_name = 'Mallory'",
        "address = ''",
        "note = 'never mind'",
        'before = \'{"name": "y"}\'',
        "after = null",
        "salt = md5('x')",
    ],
)
def test_a_changed_entry(log: list[int], acme: TenantContext, tamper: Tamper, change: str) -> None:
    tamper(f"update audit_entry set {change} where id = {log[5]}")
    assert kinds(acme) == [("changed", log[5])]


def test_an_emptied_entry_without_an_erasure(log: list[int], acme: TenantContext, tamper: Tamper) -> None:
    tamper(
        "update audit_entry set salt='', actor_name='', address='', request_id='', target_name='', before=null,"
        f" after=null, note='' where id = {log[5]}"
    )
    assert kinds(acme) == [("erased", log[5])]


def test_a_removed_entry(log: list[int], acme: TenantContext, tamper: Tamper) -> None:
    tamper(f"delete from audit_entry where id = {log[5]}")
    assert kinds(acme) == [("removed", log[5])]


def test_an_entry_removed_with_its_seal(log: list[int], acme: TenantContext, tamper: Tamper) -> None:
    tamper(
        f"delete from audit_entry where id = {log[5]}", f"delete from audit_seal where entry_id = {log[5]}"
    )
    assert [kind for kind, _ in kinds(acme)] == ["removed"]


def test_an_entry_removed_and_the_places_closed_up(
    log: list[int], acme: TenantContext, tamper: Tamper
) -> None:
    tamper(
        f"delete from audit_entry where id = {log[5]}",
        f"delete from audit_seal where entry_id = {log[5]}",
        f"update audit_seal set id = id - 1 where entry_id > {log[5]}",
    )
    assert kinds(acme)[0] == ("seal", log[6])


def test_an_entry_inserted_among_sealed_ones(log: list[int], acme: TenantContext, tamper: Tamper) -> None:
    tamper(
        "insert into audit_entry (id, xid, action, outcome, actor_kind, actor_id, actor_role, via, target_kind, target_id,"
        " salt, actor_name, address, request_id, target_name, note)"
        f" select 100000, xid, action, outcome, actor_kind, actor_id, actor_role, via, target_kind, target_id, salt,"
        f" 'Mallory', address, request_id, target_name, note from audit_entry where id = {log[5]}"
    )
    assert kinds(acme) == [("inserted", 100_000)]


def test_reordered_entries(log: list[int], acme: TenantContext, tamper: Tamper) -> None:
    with enter_tenant(acme):
        first, second = AuditSeal.objects.filter(entry_id__in=log[5:7]).order_by("position")
    tamper(
        f"update audit_seal set id = -1 where id = {first.position}",
        f"update audit_seal set id = {first.position} where id = {second.position}",
        f"update audit_seal set id = {second.position} where id = -1",
    )
    found = kinds(acme)
    assert ("reordered", log[5]) in found
    assert {kind for kind, _ in found} <= {"reordered", "seal"}


def test_a_changed_seal(log: list[int], acme: TenantContext, tamper: Tamper) -> None:
    tamper(f"update audit_seal set chain = repeat('0', 64) where entry_id = {log[5]}")
    assert kinds(acme) == [("seal", log[5]), ("seal", log[6])]


def test_a_chain_cut_off_at_its_end_is_seen_by_who_noted_its_head(
    log: list[int], acme: TenantContext, tamper: Tamper
) -> None:
    with enter_tenant(acme):
        head = verify_chain()
    tamper(
        f"delete from audit_entry where id > {log[8]}", f"delete from audit_seal where entry_id > {log[8]}"
    )
    assert kinds(acme) == []
    assert [kind for kind, _ in kinds(acme, (head.position, head.chain))] == ["anchor"]


def test_a_chain_made_anew_is_seen_by_who_noted_a_place(
    log: list[int], acme: TenantContext, tamper: Tamper
) -> None:
    with enter_tenant(acme):
        head = verify_chain()
    tamper(f"update audit_entry set note = 'forged' where id = {log[2]}", "truncate audit_seal")
    with enter_tenant(acme):
        seal_entries()
    assert kinds(acme) == []
    assert [kind for kind, _ in kinds(acme, (head.position, head.chain))] == ["anchor"]


def test_an_entry_that_nobody_sealed_for_long(log: list[int], acme: TenantContext, tamper: Tamper) -> None:
    tamper(
        "insert into audit_entry (action, outcome, actor_kind, actor_id, actor_role, via, target_kind, target_id, salt,"
        " actor_name, address, request_id, target_name, note, occurred_at)"
        " values ('member.changed', 'done', 'system', 0, '', '', '', '', 'x', '', '', '', '', '', now() - interval '1 hour')"
    )
    assert [kind for kind, _ in kinds(acme)] == ["unsealed"]


def test_an_erased_person_leaves_a_chain_that_verifies(log: list[int], acme: TenantContext) -> None:
    erased = erase_person(kind="member", person_id=5, actor=SYSTEM, reason="asked for", context=acme)

    assert erased == 1
    assert kinds(acme) == []
    with enter_tenant(acme):
        entry = AuditEntry.objects.get(pk=log[5])
        assert entry.is_erased
        assert (entry.actor_name, entry.target_name, entry.before, entry.after) == ("", "", None, None)
        assert entry.action == "member.changed"
        record = AuditEntry.objects.get(action="audit.erased")
        assert record.after == {"entries": [log[5]]}
        seal_entries()
    assert kinds(acme) == []
    assert erase_person(kind="member", person_id=5, actor=SYSTEM, reason="again", context=acme) == 0


def test_an_erased_entry_cannot_be_filled_again(log: list[int], acme: TenantContext, tamper: Tamper) -> None:
    erase_person(kind="user", person_id=7, actor=SYSTEM, reason="asked for", context=acme)
    tamper(f"update audit_entry set actor_name = 'Mallory' where id = {log[5]}")
    assert ("changed", log[5]) in kinds(acme)


def test_the_command_names_the_place_and_fails(
    log: list[int],
    acme: TenantContext,
    globex: TenantContext,
    tamper: Tamper,
    capsys: pytest.CaptureFixture[str],
) -> None:
    call_command("verify_audit")
    assert "acme: everything verifies" in capsys.readouterr().out
    tamper(f"update audit_entry set actor_name = 'Mallory' where id = {log[5]}")
    with pytest.raises(CommandError, match="1 of 2 audit logs do not verify"):
        call_command("verify_audit")
    out = capsys.readouterr().out
    assert f"entry {log[5]}: names, address, note, before or after were changed" in out
    assert "globex: everything verifies" in out
    call_command("verify_audit", "globex")
    with pytest.raises(CommandError, match="no community nobody"):
        call_command("verify_audit", "nobody")


def test_the_command_erases(log: list[int], acme: TenantContext, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("erase_audit", "acme", "member", "3", "--reason", "ticket 12")
    assert "1 entries no longer tell anything of member 3" in capsys.readouterr().out
    call_command("verify_audit", "acme")
