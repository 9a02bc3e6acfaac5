"""Who deletes their login is charged no more for what they support."""

from __future__ import annotations

import pytest

from billing.errors import StripeAwayError, StripeUnsureError
from billing.income.leaving import end_supports_of_login, list_supports_of_login
from engagement.members.models import Member
from tenants.context import TenantContext, enter_tenant
from tenants.models import User
from tests.billing.income.world import OWNER, World


@pytest.fixture
def person(world: World) -> User:
    """Somebody with a login and a member here, who supports."""
    user = User.objects.create_user("robin", "robin@example.org", "x")
    member = world.member()
    with enter_tenant(world.context):
        Member.objects.filter(pk=member.pk).update(user_id=user.pk)
    world.support(member, world.tier())
    world.support(world.member(), world.tier(name="Others"))
    return user


def test_only_ones_own_end_with_what_is_paid(world: World, person: User, globex: TenantContext) -> None:
    (found,) = list_supports_of_login(user=person)
    assert (found.context.slug, found.tier, found.is_ending) == (world.context.slug, "Friends", False)
    assert found.ends_at is not None
    assert [end_supports_of_login(user=person, actor=OWNER) for _ in range(2)] == [1, 0]
    assert list_supports_of_login(user=person)[0].is_ending
    assert world.recorded() == ["joined", "joined", "cancelled"]
    stranger = User.objects.create_user("kay", "kay@example.org", "x")
    assert list_supports_of_login(user=stranger) == []


@pytest.mark.usefixtures("impatient")
def test_while_stripe_is_away_nothing_is_half_done(world: World, person: User) -> None:
    world.server.control.faults(status=503, times=100)
    with pytest.raises((StripeAwayError, StripeUnsureError)):
        end_supports_of_login(user=person, actor=OWNER)
    world.server.control.clear_faults()
    assert not list_supports_of_login(user=person)[0].is_ending
