"""What an entry holds: who, what, only what changed, no secrets, nothing too long; in the change's own transaction."""

from __future__ import annotations

import pytest
from django.db import transaction

from engagement.audit.actor import Actor, cut_address
from engagement.audit.errors import UnknownAuditActionError
from engagement.audit.models import AuditEntry
from engagement.audit.services import record_audit
from tenants.context import TenantContext, enter_tenant


@pytest.fixture(autouse=True)
def _inside(db: None, acme: TenantContext):  # type: ignore[no-untyped-def]
    with enter_tenant(acme):
        yield


def test_an_entry_says_who_did_what_to_what_and_from_where(ada: Actor) -> None:
    made = record_audit(
        actor=ada,
        action="member.deleted",
        target_kind="member",
        target_id=9,
        target_name="Grace",
        note="asked for",
    )

    entry = AuditEntry.objects.get(pk=made.pk)
    assert (entry.actor_kind, entry.actor_id, entry.actor_name, entry.actor_role) == (
        "user",
        7,
        "Ada",
        "admin",
    )
    assert (entry.via, entry.address, entry.request_id) == ("web", "192.0.2.0/24", "r-1")
    assert (entry.target_kind, entry.target_id, entry.target_name) == ("member", "9", "Grace")
    assert (entry.outcome, entry.note) == ("done", "asked for")


def test_only_what_changed_is_kept(ada: Actor) -> None:
    entry = record_audit(
        actor=ada,
        action="settings.changed",
        before={"name": "Acme", "zone": "UTC", "gone": 1},
        after={"name": "Acme Makers", "zone": "UTC", "new": [1, 2]},
    )

    assert entry.before == {"name": "Acme", "gone": 1}
    assert entry.after == {"name": "Acme Makers", "new": [1, 2]}


def test_what_was_made_has_no_before(ada: Actor) -> None:
    entry = record_audit(actor=ada, action="rule.created", after={"name": "Talk"})

    assert (entry.before, entry.after) == (None, {"name": "Talk"})


def test_secrets_never_get_in(ada: Actor) -> None:
    entry = record_audit(
        actor=ada,
        action="key.created",
        after={
            "name": "Shop",
            "token": "t0p",
            "nested": {"client_secret": "t0p", "password": "t0p"},
            "token_count": 3,
        },
    )

    assert "t0p" not in str(entry.after)
    assert entry.after is not None
    assert entry.after["token"] == entry.after["nested"]["password"] == "(hidden)"


def test_hostile_and_endless_values_are_cut(ada: Actor) -> None:
    entry = record_audit(
        actor=Actor("discord", 1, "<script>\x00\ud800" + "x" * 100_000),
        action="member.changed",
        target_name="‮" + "y" * 100_000,
        note="z" * 100_000,
        before={str(n): "a" * 5_000 for n in range(500)},
        after={
            "deep": [[[[[[[[["down"]]]]]]]]],
            "nul": "a\x00b",
            "many": list(range(5_000)),
            "huge": 1e300,
            "big": 2**80,
        },
    )

    entry.refresh_from_db()
    assert len(entry.actor_name) == 100
    assert entry.actor_name.startswith("<script>")
    assert len(entry.target_name) == 200
    assert len(entry.note) == 500
    assert len(str(entry.before)) < 60_000
    assert entry.after is not None
    assert entry.after["nul"] == "a�b"
    assert len(entry.after["many"]) == 201
    assert entry.after["huge"] == "1e+300"


def test_an_unknown_action_is_refused(ada: Actor) -> None:
    with pytest.raises(UnknownAuditActionError, match="flown"):
        record_audit(actor=ada, action="member.flown")


def _fails(ada: Actor) -> None:
    with transaction.atomic():
        record_audit(actor=ada, action="member.deleted")
        raise RuntimeError


def test_an_entry_goes_with_the_change_that_is_rolled_back(ada: Actor) -> None:
    with pytest.raises(RuntimeError):
        _fails(ada)

    assert not AuditEntry.objects.filter(action="member.deleted").exists()


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("unix:", ""),
        ("", ""),
    ],
)
def test_addresses_are_cut_short(address: str, kept: str) -> None:
    assert cut_address(address) == kept


def test_there_is_no_actor_of_an_unknown_kind() -> None:
    with pytest.raises(ValueError, match="ghost"):
        Actor("ghost", 1, "Boo")
