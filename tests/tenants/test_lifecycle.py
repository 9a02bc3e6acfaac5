"""A community's life: shadow and live, handed over, closed, restored, gone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections

from engagement.audit.actor import SYSTEM
from engagement.audit.models import AuditEntry
from engagement.kinds import lifecycle as acts
from saas.core import clock
from saas.core.errors import EngageHubError
from saas.events.models import TenantEvent
from tenants import lifecycle
from tenants.communities import list_places
from tenants.context import TenantContext, enter_tenant
from tenants.errors import NotTheNameError, OfferGoneError, TenantNotFoundError, TenantNotReadyError
from tenants.jobs import drop_deleted_communities, drop_deleted_community
from tenants.letters import open_letter
from tenants.models import Membership, Tenant, User
from tenants.provisioning import provision_tenant
from tenants.routing import Routing
from tests.cast import ACME, GLOBEX


def person(role: str, community: object = ACME) -> User:
    return User.objects.get(username=community.username(role))  # type: ignore[attr-defined]


def acme_row() -> Tenant:
    found: Tenant = Tenant.objects.get(slug="acme")
    return found


def letters() -> list[tuple[str, str]]:
    """(to, subject) of the mails that wait."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select args->>'sealed' from procrastinate_jobs where task_name = 'tenants.deliver_letter' order by id"
        )
        found = [open_letter(row[0]) for row in cursor.fetchall()]
    return [(letter.to, letter.subject) for letter in found]


# --- shadow and live ---


def test_going_live_and_back_is_recorded_once(db: None, acme: TenantContext) -> None:
    assert acts.take_back_to_shadow(context=acme, actor=SYSTEM)
    assert not acts.take_back_to_shadow(context=acme, actor=SYSTEM)
    assert (acme_row().live, acme_row().live_since) == (False, None)
    assert acts.take_live(context=acme, actor=SYSTEM)
    assert not acts.take_live(context=acme, actor=SYSTEM)
    assert acme_row().live_since is not None
    with enter_tenant(acme):
        actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
        events = list(TenantEvent.objects.order_by("pk").values_list("type", flat=True))
    assert actions[-2:] == ["tenant.went_shadow", "tenant.went_live"]
    assert events[-2:] == ["WentShadow", "WentLive"]


def test_a_closed_community_does_not_go_live(db: None, acme: TenantContext) -> None:
    Tenant.objects.filter(pk=acme.tenant_id).update(state="suspended", live=False)
    with pytest.raises(TenantNotReadyError, match="suspended"):
        acts.take_live(context=acme, actor=SYSTEM)
    with pytest.raises(TenantNotFoundError):
        lifecycle.go_live(tenant_id=10**9)


# --- the owner ---


def offer() -> None:
    lifecycle.offer_ownership(
        tenant_id=acme_row().pk, owner_id=person("owner").pk, heir_id=person("moderator").pk
    )


def owners() -> list[str]:
    rows = Membership.objects.filter(tenant__slug="acme", role="owner").select_related("user")
    return [row.user.username for row in rows]


def test_the_heir_accepts_and_the_owner_becomes_an_admin(db: None, acme: TenantContext) -> None:
    offer()
    offer()
    assert owners() == ["acme-owner"]
    acts.hand_over(context=acme, heir_id=person("moderator").pk, actor=SYSTEM)
    assert owners() == ["acme-moderator"]
    assert Membership.objects.get(user=person("owner"), tenant__slug="acme").role == "admin"
    with enter_tenant(acme):
        entry = AuditEntry.objects.filter(action="tenant.transferred").get()
    assert entry.target_name == str(person("moderator"))
    assert [subject for _, subject in letters()].count("Acme Makers has a new owner") == 2
    assert len(letters()) == 3
    with pytest.raises(OfferGoneError):
        lifecycle.accept_ownership(tenant_id=acme.tenant_id, heir_id=person("moderator").pk)


def test_an_offer_is_for_the_team_and_by_the_owner_alone(db: None, acme: TenantContext) -> None:
    for heir in (person("stranger"), person("owner"), person("owner", GLOBEX)):
        with pytest.raises(OfferGoneError):
            lifecycle.offer_ownership(tenant_id=acme.tenant_id, owner_id=person("owner").pk, heir_id=heir.pk)
    for other in (person("moderator"), person("owner", GLOBEX), person("stranger")):
        with pytest.raises(TenantNotFoundError):
            lifecycle.offer_ownership(
                tenant_id=acme.tenant_id, owner_id=other.pk, heir_id=person("moderator").pk
            )
        with pytest.raises(OfferGoneError):
            lifecycle.accept_ownership(tenant_id=acme.tenant_id, heir_id=other.pk)
    assert acme_row().heir_id is None


def test_an_offer_ends(db: None, acme: TenantContext) -> None:
    heir = person("moderator").pk
    offer()
    with clock.frozen_at(clock.now() + timedelta(days=8)), pytest.raises(OfferGoneError):
        lifecycle.accept_ownership(tenant_id=acme.tenant_id, heir_id=heir)
    with pytest.raises(TenantNotFoundError):
        lifecycle.withdraw_offer(tenant_id=acme.tenant_id, user_id=person("stranger").pk)
    assert lifecycle.withdraw_offer(tenant_id=acme.tenant_id, user_id=person("owner").pk)
    assert not lifecycle.withdraw_offer(tenant_id=acme.tenant_id, user_id=person("owner").pk)
    with pytest.raises(OfferGoneError):
        lifecycle.accept_ownership(tenant_id=acme.tenant_id, heir_id=heir)
    offer()
    Membership.objects.filter(user_id=heir, tenant__slug="acme").delete()
    with pytest.raises(OfferGoneError, match="no longer on this community's team"):
        lifecycle.accept_ownership(tenant_id=acme.tenant_id, heir_id=heir)
    assert owners() == ["acme-owner"]


def attempt(act: object, **arguments: object) -> str:
    try:
        act(**arguments)  # type: ignore[operator]
        return "done"
    except EngageHubError as error:
        return error.code
    finally:
        connections.close_all()


@pytest.mark.race
@pytest.mark.parametrize("locked", [True, False])
def test_there_is_one_owner_whatever_happens_at_once(
    committed_db: None, monkeypatch: pytest.MonkeyPatch, locked: bool
) -> None:
    """An acceptance and a withdrawal at once: one of the two counts. With the lock off both say that they did."""
    tenant_id, heir, owner = acme_row().pk, person("moderator").pk, person("owner").pk
    both = 0
    for _ in range(3):
        Membership.objects.filter(tenant_id=tenant_id, user_id=heir).update(role="moderator")
        Membership.objects.filter(tenant_id=tenant_id, user_id=owner).update(role="owner")
        offer()
        if not locked:
            import threading

            together = threading.Barrier(2, timeout=30)

            def read(tenant_id: int, together: threading.Barrier = together) -> Tenant:
                row: Tenant = Tenant.objects.get(pk=tenant_id)
                together.wait()
                return row

            monkeypatch.setattr(lifecycle, "lock_tenant", read)
        with ThreadPoolExecutor(2) as pool:
            accepted = pool.submit(attempt, lifecycle.accept_ownership, tenant_id=tenant_id, heir_id=heir)
            withdrawn = pool.submit(attempt, lifecycle.withdraw_offer, tenant_id=tenant_id, user_id=owner)
        monkeypatch.undo()
        assert len(owners()) == 1
        moved = owners() == ["acme-moderator"]
        assert moved is (accepted.result() == "done")
        both += accepted.result() == "done" and withdrawn.result() == "done"
    if locked:
        assert acme_row().heir_id is None
    else:
        assert both > 0


# --- closed, open again, gone ---


def test_a_deleted_community_is_closed_and_comes_back_whole(db: None, acme: TenantContext) -> None:
    routing = Routing()
    with pytest.raises(NotTheNameError, match="Acme Makers"):
        acts.delete_community(context=acme, typed_name="acme", actor=SYSTEM)
    assert acme_row().state == "active"
    acts.delete_community(context=acme, typed_name=" Acme  Makers ", actor=SYSTEM)
    acts.delete_community(context=acme, typed_name="", actor=SYSTEM)
    routing.load()
    match = routing.context_for_host("acme.localhost")
    assert match is not None
    assert (match.context, match.closed) == (None, "deleted")
    assert routing.context_for_guild(ACME.guild_id) is None
    assert routing.context_for_source(f"tenant:{acme.tenant_id}") is None
    assert acme.schema not in {context.schema for context in routing.contexts()}
    place = next(one for one in list_places(user=person("owner")) if one.slug == "acme")
    assert place.may_restore
    assert [to for to, subject in letters() if "was deleted" in subject] == ["acme-owner@example.com"]
    acts.restore_community(tenant=acme_row(), actor=SYSTEM)
    acts.restore_community(tenant=acme_row(), actor=SYSTEM)
    routing.load()
    assert routing.context_for_guild(ACME.guild_id) is not None
    with enter_tenant(acme):
        actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions[-2:] == ["tenant.deleted", "tenant.restored"]


@pytest.fixture
def initech(committed_db: None) -> TenantContext:
    """A community of its own, because the cast's schemas must outlive the test."""
    return TenantContext.of(provision_tenant(slug="initech", name="Initech", owner=person("owner")))


def has_schema(context: TenantContext) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_namespace where nspname = %s", [context.schema])
        return cursor.fetchone() is not None


def test_thirty_days_are_thirty_days(initech: TenantContext) -> None:
    lifecycle.delete_community(tenant_id=initech.tenant_id, typed_name="Initech")
    now = clock.now()
    with clock.frozen_at(now + timedelta(days=29, hours=23)):
        assert lifecycle.list_droppable() == []
        assert not lifecycle.drop_deleted(tenant_id=initech.tenant_id)
    with clock.frozen_at(now + timedelta(days=30, minutes=1)):
        with pytest.raises(TenantNotReadyError, match="30 days are over"):
            lifecycle.restore_community(tenant_id=initech.tenant_id)
        drop_deleted_communities(tenant="public")
        drop_deleted_community(tenant="public", tenant_id=initech.tenant_id)
        drop_deleted_community(tenant="public", tenant_id=initech.tenant_id)
    assert not Tenant.objects.filter(slug="initech").exists()
    assert not has_schema(initech)


def test_only_what_was_deleted_is_dropped(initech: TenantContext) -> None:
    with clock.frozen_at(clock.now() + timedelta(days=400)):
        assert lifecycle.list_droppable() == []
        assert not lifecycle.drop_deleted(tenant_id=initech.tenant_id)
    lifecycle.delete_community(tenant_id=initech.tenant_id, typed_name="Initech")
    lifecycle.restore_community(tenant_id=initech.tenant_id)
    with clock.frozen_at(clock.now() + timedelta(days=400)):
        assert not lifecycle.drop_deleted(tenant_id=initech.tenant_id)
    assert has_schema(initech)


@pytest.mark.race
def test_a_restoration_and_the_dropping_exclude_each_other(initech: TenantContext) -> None:
    lifecycle.delete_community(tenant_id=initech.tenant_id, typed_name="Initech")
    Tenant.objects.filter(pk=initech.tenant_id).update(
        deleted_at=clock.now() - timedelta(days=30) + timedelta(seconds=0.3)
    )
    with ThreadPoolExecutor(8) as pool:
        tries = [
            pool.submit(attempt, act, tenant_id=initech.tenant_id)
            for act in (lifecycle.restore_community, lifecycle.drop_deleted) * 4
        ]
    assert all(one.result() in {"done", "tenant_not_ready", "tenant_not_found"} for one in tries)
    assert has_schema(initech) is Tenant.objects.filter(pk=initech.tenant_id).exists()


def test_a_suspended_community_says_why_and_comes_back(db: None, acme: TenantContext) -> None:
    lifecycle.suspend_community(tenant_id=acme.tenant_id, reason="Spam")
    lifecycle.suspend_community(tenant_id=acme.tenant_id, reason="Spam")
    place = next(one for one in list_places(user=person("owner")) if one.slug == "acme")
    assert (place.state, place.reason, place.may_restore) == ("suspended", "Spam", False)
    lifecycle.delete_community(tenant_id=acme.tenant_id, typed_name="Acme Makers")
    assert lifecycle.restore_community(tenant_id=acme.tenant_id).state == "suspended"
    assert lifecycle.resume_community(tenant_id=acme.tenant_id).state == "active"
    assert lifecycle.resume_community(tenant_id=acme.tenant_id).suspended_for == ""


def test_one_that_is_being_made_is_neither_deleted_nor_suspended(db: None, acme: TenantContext) -> None:
    Tenant.objects.filter(pk=acme.tenant_id).update(state="provisioning")
    with pytest.raises(TenantNotReadyError):
        lifecycle.delete_community(tenant_id=acme.tenant_id, typed_name="Acme Makers")
    with pytest.raises(TenantNotReadyError):
        lifecycle.suspend_community(tenant_id=acme.tenant_id, reason="")


@pytest.mark.parametrize("count", [1, 12])
def test_the_list_takes_the_same_queries_however_long(
    db: None, django_assert_max_num_queries: object, count: int
) -> None:
    user = person("owner")
    for number in range(count):
        tenant = Tenant.objects.create(
            slug=f"more-{number}", name="More", heir=user, heir_offered_at=clock.now()
        )
        Membership.objects.create(user=user, tenant=tenant, role="admin")
        Membership.objects.create(user=person("stranger"), tenant=tenant, role="owner")
    with django_assert_max_num_queries(2):  # type: ignore[operator]
        assert len(list_places(user=user)) == count + 1
