"""A community or a member goes: nobody pays for what is not there any more."""

from __future__ import annotations

from typing import Any

import pytest

from billing.ending import delete_community
from billing.errors import StripeAwayError
from billing.income.changing import resume_support
from billing.income.jobs import follow_deletion, follow_leaving, follow_merge
from engagement.members.models import Member
from engagement.progression.merging import merge_members
from engagement.progression.people import delete_member
from engagement.supporters.mirroring import move_supports
from tenants.context import enter_tenant
from tenants.models import Tenant
from tests.billing.income.world import OWNER, World
from tests.engagement.supporters.supporting import ADA


def told(world: World, handler: Any, **event: int) -> None:
    """The handler of an event, twice."""
    with enter_tenant(world.context):
        for number in (1, 2):
            handler(tenant=world.context.schema, event_id=number, event=event)


def test_a_community_that_is_deleted_ends_them_first(world: World) -> None:
    tier, one, two = world.tier(), world.member(), world.member()
    world.support(one, tier)
    session = world.begin(two, tier)
    delete_community(context=world.context, typed_name=world.context.name, actor=OWNER)
    assert (world.supporter(one).state, world.told(one).status) == ("ended", "canceled")
    assert world.stripe.v1.checkout.sessions.retrieve(session).status == "expired"
    assert world.payments()[0].refunded == 0
    assert Tenant.objects.get(pk=world.tenant_id).state == Tenant.State.DELETED


def test_while_stripe_is_away_no_community_is_deleted(world: World, impatient: None) -> None:
    member = world.member()
    world.support(member, world.tier())
    world.server.control.faults(status=503)
    with pytest.raises(StripeAwayError):
        delete_community(context=world.context, typed_name=world.context.name, actor=OWNER)
    assert Tenant.objects.get(pk=world.tenant_id).state == Tenant.State.ACTIVE
    assert world.supporter(member).state == "active"


def test_what_is_paid_on_a_page_of_a_deleted_community_is_given_back(world: World) -> None:
    """The page's closing got lost."""
    tier, member = world.tier(), world.member()
    session = world.begin(member, tier)
    Tenant.objects.filter(pk=world.tenant_id).update(state=Tenant.State.DELETED)
    world.pay(session)
    assert world.apply(member, session).state == "refused"
    assert world.stripe.v1.charges.list().data[0].refunded


def test_who_leaves_the_server_keeps_what_was_paid(world: World) -> None:
    member = world.member()
    world.support(member, world.tier())
    told(world, follow_leaving, member_id=member.pk)
    row = world.supporter(member)
    assert (row.state, row.cancel_at is not None, world.news()[-1]) == ("active", True, "Ending")
    assert resume_support(context=world.context, member_id=member.pk, actor=OWNER).cancel_at is None
    told(world, follow_leaving, member_id=world.member().pk)


def test_who_is_deleted_pays_no_more(world: World) -> None:
    member, other = world.member(), world.member()
    tier = world.tier()
    for one in (member, other):
        world.support(one, tier)
    with enter_tenant(world.context):
        delete_member(member_id=member.pk, actor=ADA, context=world.context)
    told(world, follow_deletion, member_id=member.pk)
    assert (world.supporter(member).state, world.told(member).status) == ("ended", "canceled")
    assert world.supporter(other).state == "active"


def merge(world: World, kept: Member, gone: Member) -> None:
    with enter_tenant(world.context):
        merge_members(kept_id=kept.pk, gone_id=gone.pk, actor=ADA, context=world.context)
        move_supports(member_id=kept.pk, merged_id=gone.pk)
    told(world, follow_merge, member_id=kept.pk, merged_id=gone.pk)


def test_a_merged_member_goes_on_under_the_other_name(world: World) -> None:
    kept, gone = world.member(), world.member()
    world.support(gone, world.tier())
    merge(world, kept, gone)
    assert world.supporter(kept).cancel_at is None
    assert resume_support(context=world.context, member_id=kept.pk, actor=OWNER).state == "active"


def test_of_two_who_both_supported_one_ends_with_its_period(world: World) -> None:
    tier, kept, gone = world.tier(), world.member(), world.member()
    for one in (kept, gone):
        world.support(one, tier)
    merge(world, kept, gone)
    assert world.supporter(kept).cancel_at is None
    assert world.supporter(gone).cancel_at is not None
