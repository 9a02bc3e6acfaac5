"""Logins and their Discord accounts: one at a time, no hopping, never the last way in; who may delete theirs."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.db import connections, transaction

from saas.core import clock
from saas.core.errors import EngageHubError, InvalidInputError
from tenants import logins
from tenants.logins import (
    DiscordTakenError,
    LastWayInError,
    OtherDiscordLinkedError,
    RelinkTooSoonError,
    SoleOwnerError,
    change_profile,
    clean_name,
    delete_login,
    describe_login,
    link_discord,
    unlink_discord,
    vouch_for_email,
)
from tenants.models import Membership, Tenant, User
from tests.cast import ACME
from tests.limits.racing import holds_up_another, wait_until

OWN = ACME.discord_id("owner")
NEW = 720_000_000_000_000_001


def person(username: str = "acme-owner") -> User:
    return User.objects.get(username=username)


def test_linking_again_changes_nothing(db: None) -> None:
    link_discord(user=person(), discord_id=OWN)
    link_discord(user=person(), discord_id=OWN)
    assert SocialAccount.objects.filter(user=person(), uid=str(OWN)).count() == 1


def test_an_account_of_another_login_is_refused_and_that_login_named(db: None) -> None:
    unlink_discord(user=person())
    with pytest.raises(DiscordTakenError) as caught:
        link_discord(user=person(), discord_id=ACME.discord_id("member"))
    assert caught.value.holder == person("acme-member")
    assert person().discord_id is None
    assert person("acme-member").discord_id == ACME.discord_id("member")


def test_a_second_account_waits_for_the_first_to_be_unlinked(db: None) -> None:
    with pytest.raises(OtherDiscordLinkedError):
        link_discord(user=person(), discord_id=NEW)


def test_after_unlinking_the_same_may_return_and_another_waits_a_week(db: None) -> None:
    unlink_discord(user=person())
    with pytest.raises(RelinkTooSoonError, match="from"):
        link_discord(user=person(), discord_id=NEW)
    link_discord(user=person(), discord_id=OWN)
    unlink_discord(user=person())
    with clock.frozen_at(clock.now() + timedelta(days=7, seconds=1)):
        assert link_discord(user=person(), discord_id=NEW).discord_id == NEW


def test_unlinking_again_changes_nothing(db: None) -> None:
    unlink_discord(user=person())
    before = person().discord_unlinked_at
    unlink_discord(user=person())
    assert person().discord_unlinked_at == before


@pytest.mark.parametrize("lacks", [{"password": "!"}, {"email": ""}])
def test_the_last_way_in_stays(db: None, lacks: dict[str, str]) -> None:
    User.objects.filter(username="acme-owner").update(**lacks)
    with pytest.raises(LastWayInError):
        unlink_discord(user=person())
    assert person().discord_id == OWN


def test_an_operators_login_counts_as_confirmed_unless_somebody_confirmed_the_address(db: None) -> None:
    vouch_for_email(person())
    vouch_for_email(person())
    assert EmailAddress.objects.get(user=person()).verified
    User.objects.filter(username="acme-member").update(email=person().email)
    vouch_for_email(person("acme-member"))
    assert not EmailAddress.objects.filter(user=person("acme-member")).exists()


def test_a_sign_up_that_waits_is_not_vouched_for(db: None) -> None:
    EmailAddress.objects.create(user=person(), email="acme-owner@example.com", verified=False, primary=True)
    vouch_for_email(person())
    assert not EmailAddress.objects.get(user=person()).verified


def test_a_sole_owner_stays_and_is_told_of_what(db: None) -> None:
    with pytest.raises(SoleOwnerError, match="Acme Makers"):
        delete_login(user=person())
    assert User.objects.filter(username="acme-owner").exists()


def test_whoever_owns_nothing_or_a_deleted_community_may_go(db: None) -> None:
    delete_login(user=person("acme-moderator"))
    assert not User.objects.filter(username="acme-moderator").exists()
    Tenant.objects.filter(slug="globex").update(state=Tenant.State.DELETED)
    delete_login(user=person("globex-owner"))
    assert not User.objects.filter(username="globex-owner").exists()


def test_what_another_login_holds_is_shown_without_its_address(db: None) -> None:
    facts = describe_login(person())
    assert facts.communities == ("Acme Makers (owner)",)
    assert "acme-owner@" not in facts.email


def test_a_profile_keeps_one_line_and_a_known_zone(db: None) -> None:
    change_profile(user=person(), name="  Ada\n\u202eLovelace ", timezone="Europe/Berlin")
    assert (person().display_name, person().timezone) == ("Ada Lovelace", "Europe/Berlin")
    for name, zone in (("\u2066", "UTC"), ("Ada", "Mars/Base"), ("Ada", "../etc/passwd")):
        with pytest.raises(InvalidInputError):
            change_profile(user=person(), name=name, timezone=zone)
    assert clean_name("x" * 100_000) == "x" * 60


def together(acts: list[Any]) -> list[str]:
    """Both at once; what came of each."""

    def run(act: Any) -> str:
        try:
            act()
            return "done"
        except EngageHubError as error:
            return error.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        return sorted(pool.map(run, acts))


@pytest.mark.race
@pytest.mark.parametrize("guarded", [True, False])
def test_of_two_logins_that_link_one_account_one_gets_it(
    committed_db: None, monkeypatch: pytest.MonkeyPatch, test_stack: Any, guarded: bool
) -> None:
    """Both have looked before either wrote: the table's constraint decides."""
    with test_stack.postgres.connect(test_stack.database) as superuser:
        row = superuser.execute(
            "select conname from pg_constraint where conrelid = 'public.\"user\"'::regclass and contype = 'u'"
            " and conname like '%discord%'"
        ).fetchone()
        assert row
        if not guarded:
            superuser.execute(f'alter table public."user" drop constraint "{row[0]}"')
        try:
            for number in range(3):
                barrier = threading.Barrier(2)
                check = logins._check_link

                def look(user: User, discord_id: int, barrier: Any = barrier, check: Any = check) -> None:
                    check(user, discord_id)
                    barrier.wait(30)

                User.objects.filter(username__in=["acme-owner", "globex-owner"]).update(discord_id=None)
                SocialAccount.objects.all().delete()
                monkeypatch.setattr(logins, "_check_link", look)
                people = [person(), person("globex-owner")]
                outcomes = together(
                    [lambda u=u, n=number: link_discord(user=u, discord_id=NEW + n) for u in people]  # type: ignore[misc]
                )
                monkeypatch.setattr(logins, "_check_link", check)
                assert outcomes == (["discord_taken", "done"] if guarded else ["done", "done"])
        finally:
            if not guarded:
                superuser.execute(
                    "update public.\"user\" set discord_id = null where username like '%-owner'"
                )
                superuser.execute(f'alter table public."user" add constraint "{row[0]}" unique (discord_id)')


@pytest.mark.race
@pytest.mark.parametrize("guarded", [True, False])
def test_nobody_is_handed_a_community_while_they_leave(
    committed_db: None, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """The moderator deletes their login; between the look and the deletion the community is handed to them."""
    looked, handed = threading.Event(), threading.Event()

    def look(user: User) -> Any:
        rows = Membership.objects.filter(user=user).select_related("tenant")
        found = list(rows.select_for_update(of=("self",)) if guarded else rows)
        looked.set()
        # With the row locked the other one waits for us instead.
        wait_until(lambda: handed.is_set() or holds_up_another())
        return found

    monkeypatch.setattr(logins, "_lock_memberships", look)

    def hand_over() -> None:
        looked.wait(30)
        with transaction.atomic():
            Membership.objects.filter(user__username="acme-owner").update(role="admin")
            if not Membership.objects.filter(user__username="acme-moderator").update(role="owner"):
                transaction.set_rollback(True)
        handed.set()

    moderator = person("acme-moderator")
    together([lambda: delete_login(user=moderator), hand_over])
    owners = Membership.objects.filter(tenant__slug="acme", role="owner").count()
    assert owners == (1 if guarded else 0)
