"""Sponsors: added, changed, archived; named only where the plan names them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engagement.audit.models import AuditEntry
from engagement.rewards.catalogue import change_reward
from engagement.rewards.errors import (
    InvalidSponsorError,
    SponsorChangedError,
    SponsorNameTakenError,
    SponsorNotFoundError,
)
from engagement.rewards.models import Reward, Sponsor
from engagement.rewards.sponsors import (
    archive_sponsor,
    change_sponsor,
    create_sponsor,
    describe_sponsor,
    restore_sponsor,
)
from tenants.context import TenantContext, enter_tenant
from tenants.gates import GateClosedError

from ...plans import put_on_plan
from .catalogues import ADA, make


@pytest.fixture
def paying(db: None, acme: TenantContext) -> Iterator[TenantContext]:
    context = put_on_plan(acme, features=("sponsors",))
    with enter_tenant(context):
        yield context


def add(context: TenantContext, **facts: Any) -> Sponsor:
    return create_sponsor(context=context, facts={"name": "Initech", **facts}, actor=ADA)


def test_it_is_added_changed_archived_and_restored(paying: TenantContext) -> None:
    sponsor = add(paying, url="https://initech.example.com", budget=5)

    given = {"context": paying, "sponsor_id": sponsor.pk, "actor": ADA}
    change_sponsor(**given, facts={"budget": 9})
    change_sponsor(**given, facts={"budget": 9})
    archive_sponsor(sponsor_id=sponsor.pk, actor=ADA)
    archive_sponsor(sponsor_id=sponsor.pk, actor=ADA)
    restore_sponsor(**given)

    assert Sponsor.objects.get().budget == 9
    acts = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert acts == [f"sponsor.{act}" for act in ("created", "changed", "archived", "restored")]


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "\u202e"}, "name"),
        ({"name": "x" * 100_000}, "name"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": "http://initech.example.com"}, "url"),
        ({"budget": 0}, "budget"),
        ({"budget": 10**12}, "budget"),
        ({"starts_at": "2026-05-04T12:00:00"}, "starts_at"),
        ({"starts_at": "2026-05-04T12:00:00Z", "ends_at": "2026-05-04T12:00:00Z"}, "ends_at"),
        ({"picture_id": 999}, "picture_id"),
        ({"note": "x" * 501}, "note"),
        ({"logo": "x"}, "logo"),
    ],
)
def test_what_makes_no_sense_is_refused(paying: TenantContext, facts: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidSponsorError) as refused:
        add(paying, **facts)

    assert refused.value.field == field
    assert not Sponsor.objects.exists()


def test_a_name_is_taken_once_and_who_began_earlier_is_told(paying: TenantContext) -> None:
    sponsor = add(paying)
    with pytest.raises(SponsorNameTakenError):
        add(paying, name="INITECH")
    seen = describe_sponsor(sponsor)
    given = {"context": paying, "sponsor_id": sponsor.pk, "actor": ADA}
    change_sponsor(**given, facts={"note": "Theirs"}, expected=seen)

    with pytest.raises(SponsorChangedError):
        change_sponsor(**given, facts={"note": "Mine"}, expected=seen)
    with pytest.raises(SponsorNotFoundError):
        archive_sponsor(sponsor_id=10**12, actor=ADA)


def test_without_the_gate_nothing_is_added_or_named_and_what_is_there_stays(
    paying: TenantContext, settings: Any
) -> None:
    sponsor = add(paying)
    reward = make(paying, sponsor_id=sponsor.pk, offered=False)
    settings.BILLING_ON = True
    bare = put_on_plan(paying, features=(), rewards=9)

    with pytest.raises(GateClosedError):
        add(bare, name="Globex")
    with pytest.raises(GateClosedError):
        change_sponsor(context=bare, sponsor_id=sponsor.pk, facts={"note": "x"}, actor=ADA)
    other = make(bare, offered=False)
    with pytest.raises(GateClosedError):
        change_reward(context=bare, reward_id=other.pk, facts={"sponsor_id": sponsor.pk}, actor=ADA)
    change_reward(context=bare, reward_id=reward.pk, facts={"price": 7}, actor=ADA)

    assert Reward.objects.get(pk=reward.pk).sponsor_id == sponsor.pk
    assert archive_sponsor(sponsor_id=sponsor.pk, actor=ADA).archived_at is not None
