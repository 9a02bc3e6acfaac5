"""Sign-ups that nobody confirmed go after a week; everybody else stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress

from saas.core import clock
from tenants.jobs import forget_unconfirmed_sign_ups
from tenants.models import Membership, Tenant, User
from tenants.sign_ups import FORGET_AFTER, forget_unconfirmed

pytestmark = pytest.mark.usefixtures("db")


def sign_up(name: str = "ada", *, days: float = 8, verified: bool = False, **facts: Any) -> User:
    made = clock.now() - timedelta(days=days)
    user = User.objects.create(username=name, email=f"{name}@example.org", date_joined=made, **facts)
    EmailAddress.objects.create(user=user, email=user.email, verified=verified, primary=True)
    return user


def test_after_a_week_the_address_is_free_again() -> None:
    sign_up()
    before = User.objects.count()
    forget_unconfirmed_sign_ups(tenant="public", timestamp=0)
    assert User.objects.count() == before - 1
    assert not EmailAddress.objects.filter(email="ada@example.org").exists()
    assert forget_unconfirmed() == 0


@pytest.mark.parametrize(
    "facts",
    [
        {"days": FORGET_AFTER.days - 0.1},
        {"verified": True},
        {"discord_id": 720_000_000_000_000_009},
        {"former_discord_id": 720_000_000_000_000_009},
        {"last_login": clock.now()},
        {"is_operator": True},
        {"is_staff": True},
    ],
    ids=lambda facts: next(iter(facts)),
)
def test_who_came_in_some_way_stays(facts: dict[str, Any]) -> None:
    sign_up(**facts)
    assert forget_unconfirmed() == 0


def test_who_belongs_to_a_community_stays() -> None:
    Membership.objects.create(user=sign_up(), tenant=Tenant.objects.earliest("pk"), role="analyst")
    assert forget_unconfirmed() == 0


def test_who_was_made_without_an_address_of_their_own_stays() -> None:
    user = sign_up()
    EmailAddress.objects.filter(user=user).delete()
    assert forget_unconfirmed() == 0
