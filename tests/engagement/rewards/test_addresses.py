"""Where a parcel goes: one link, one address, sealed, read on record, erased in time; sent, arrived."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from engagement.audit.models import AuditEntry
from engagement.members.models import Member
from engagement.rewards.addresses import (
    AddressLinkError,
    ask_for_address,
    erase_addresses,
    give_address,
    list_countries,
    read_address,
    read_ticket,
)
from engagement.rewards.deciding import cancel_redemption
from engagement.rewards.fulfilling import fulfil_redemption
from engagement.rewards.fulfilment_errors import AddressClosedError, InvalidAddressError, NotShippableError
from engagement.rewards.fulfilment_selectors import get_attention
from engagement.rewards.models import Redemption, RewardKind
from engagement.rewards.redemption_errors import InvalidRedemptionError, RedemptionNotFoundError
from engagement.rewards.reminding import remind_members, remind_team
from engagement.rewards.shipping import (
    confirm_arrival,
    correct_tracking,
    read_parcels,
    ship_redemption,
)
from saas.core import clock
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant

from .spending import MODERATOR, make_member, make_reward, redeem

ADDRESS = {"name": "Ada Wren", "street": "Main St 1", "city": "Bern", "country": "ch", "postcode": "3000"}


@pytest.fixture(autouse=True)
def _in_acme(db: None, acme: TenantContext) -> Iterator[None]:
    with enter_tenant(acme):
        yield


def start(acme: TenantContext, **settings: Any) -> tuple[Member, Redemption]:
    member = make_member(acme, 1_000)
    redemption = redeem(acme, member, make_reward(kind=RewardKind.MERCHANDISE, settings=settings))
    for _ in range(2):
        fulfil_redemption(redemption_id=redemption.pk)
    return member, redemption


def ticket_of(acme: TenantContext, redemption: Redemption) -> str:
    return ask_for_address(context=acme, redemption_id=redemption.pk).split("/")[2]


def give(acme: TenantContext, redemption: Redemption, **changes: Any) -> Redemption:
    return give_address(context=acme, ticket=ticket_of(acme, redemption), address={**ADDRESS, **changes})


def news(kind: str) -> list[dict[str, Any]]:
    return [row.data for row in TenantEvent.objects.filter(type=kind).order_by("id")]


def test_the_member_is_asked_once_and_the_link_is_used_up(acme: TenantContext) -> None:
    _, redemption = start(acme)
    assert [one["again"] for one in news("AddressAsked")] == [False]
    ticket = ticket_of(acme, redemption)
    assert read_ticket(acme, ticket).reward_name == redemption.reward_name
    give_address(context=acme, ticket=ticket, address=ADDRESS)
    with pytest.raises(AddressLinkError):
        give_address(context=acme, ticket=ticket, address=ADDRESS)
    with pytest.raises(AddressLinkError):
        read_ticket(acme, ticket)
    row = Redemption.objects.get()
    assert "Ada" not in row.address + str(row.outcome)
    assert len(news("AddressGiven")) == 1
    # Until it is sent, the owner's page makes a new link
    give(acme, redemption, name="Ada B. Wren")
    assert read_address(redemption_id=row.pk, actor=MODERATOR)["name"] == "Ada B. Wren"


def test_a_link_ends_and_opens_nothing_else(acme: TenantContext, globex: TenantContext) -> None:
    _, redemption = start(acme)
    ticket = ticket_of(acme, redemption)
    for context, text in ((globex, ticket), (acme, ticket[:-3]), (acme, "x" * 500), (acme, "")):
        with pytest.raises(AddressLinkError):
            read_ticket(context, text)
    with clock.frozen_at(clock.now() + timedelta(days=31)), pytest.raises(AddressLinkError):
        read_ticket(acme, ticket)
    cancel_redemption(context=acme, redemption_id=redemption.pk, actor=MODERATOR)
    with pytest.raises(AddressLinkError):
        give_address(context=acme, ticket=ticket, address=ADDRESS)
    with pytest.raises(AddressClosedError):
        ask_for_address(context=acme, redemption_id=redemption.pk)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"street": " \u202e "}, "street"),
        ({"city": "x" * 81}, "city"),
        ({"city": "x" * 100_000}, "city"),
        ({"country": "DE"}, "country"),
        ({"country": "Germany"}, "country"),
        ({"phone": "<script>"}, "phone"),
        ({"choice": "XXXL"}, "choice"),
        ({"choice": ""}, "choice"),
    ],
)
def test_what_a_parcel_cannot_use_is_refused(
    acme: TenantContext, changes: dict[str, str], field: str
) -> None:
    _, redemption = start(acme, countries=["CH", "AT"], options=["M", "L"])
    with pytest.raises(InvalidAddressError) as caught:
        give(acme, redemption, **{"choice": "M", **changes})
    assert caught.value.field == field
    assert Redemption.objects.get().address == ""


def test_only_countries_that_it_ships_to_are_offered(acme: TenantContext) -> None:
    _, redemption = start(acme, countries=["CH", "AT", "XX"], options=["M", "L"])
    question = read_ticket(acme, ticket_of(acme, redemption))
    assert question.countries == [("AT", "Austria"), ("CH", "Switzerland")]
    assert len(list_countries()) > 200
    give(acme, redemption, choice="L")
    assert Redemption.objects.get().outcome["choice"] == "L"


def test_each_reading_by_the_team_is_on_record_and_says_no_address(acme: TenantContext) -> None:
    _, redemption = start(acme)
    assert read_address(redemption_id=redemption.pk, actor=MODERATOR) == {}
    give(acme, redemption, name="Zebulon Quist")
    assert read_address(redemption_id=redemption.pk, actor=MODERATOR)["name"] == "Zebulon Quist"
    assert [one.address["country"] for one in read_parcels(actor=MODERATOR)] == ["CH"]
    entries = AuditEntry.objects.filter(action="redemption.address_read")
    assert entries.count() == 2
    assert "Zebulon" not in str(list(entries.values()))


def test_a_parcel_is_sent_with_its_tracking_and_arrives(acme: TenantContext) -> None:
    member, redemption = start(acme)
    with pytest.raises(NotShippableError):
        ship_redemption(redemption_id=redemption.pk, actor=MODERATOR)
    give(acme, redemption)
    assert get_attention().unshipped == 1
    with pytest.raises(InvalidRedemptionError):
        ship_redemption(redemption_id=redemption.pk, actor=MODERATOR, tracking="x" * 201)
    for _ in range(2):
        ship_redemption(redemption_id=redemption.pk, actor=MODERATOR, tracking="RX 1\u202e23")
    row = Redemption.objects.get()
    assert (row.state, row.tracking) == ("fulfilled", "RX 123")
    assert read_parcels(actor=MODERATOR) == []
    correct_tracking(redemption_id=row.pk, actor=MODERATOR, tracking="RX 124")
    with pytest.raises(RedemptionNotFoundError):
        confirm_arrival(redemption_id=row.pk, member_id=make_member(acme).pk, actor=MODERATOR)
    confirm_arrival(redemption_id=row.pk, member_id=member.pk, actor=MODERATOR)
    assert Redemption.objects.get().state == "delivered"
    with pytest.raises(AddressClosedError):
        ask_for_address(context=acme, redemption_id=row.pk)


def test_only_parcels_are_sent(acme: TenantContext) -> None:
    redemption = redeem(acme, make_member(acme, 1_000), make_reward())
    with pytest.raises(NotShippableError):
        ship_redemption(redemption_id=redemption.pk, actor=MODERATOR)
    with pytest.raises(AddressClosedError):
        ask_for_address(context=acme, redemption_id=redemption.pk)


def test_addresses_go_when_they_are_needed_no_longer(acme: TenantContext) -> None:
    now = clock.now()
    kept = [start(acme)[1] for _ in range(4)]
    for one in kept:
        give(acme, one)
    arrived, on_its_way, cancelled, waiting = kept
    for one in (arrived, on_its_way):
        ship_redemption(redemption_id=one.pk, actor=MODERATOR)
    confirm_arrival(redemption_id=arrived.pk, member_id=arrived.member_id, actor=MODERATOR)
    cancel_redemption(context=acme, redemption_id=cancelled.pk, actor=MODERATOR)

    def left() -> set[int]:
        return set(Redemption.objects.exclude(address="").values_list("pk", flat=True))

    assert erase_addresses() == 1
    assert left() == {arrived.pk, on_its_way.pk, waiting.pk}
    erase_addresses(now=now + timedelta(days=31))
    assert left() == {on_its_way.pk, waiting.pk}
    erase_addresses(now=now + timedelta(days=91))
    assert left() == {waiting.pk}


def test_an_address_that_does_not_come_is_asked_for_twice_more(acme: TenantContext) -> None:
    _, redemption = start(acme)
    assert remind_members() == 0
    moment = clock.now()
    asked = []
    for _ in range(5):
        moment += timedelta(days=8)
        with clock.frozen_at(moment):
            asked.append(remind_members())
            asked.append(remind_members())
    assert asked == [1, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    assert [one["again"] for one in news("AddressAsked")] == [False, True, True]
    give(acme, redemption)
    assert Redemption.objects.get().reminded == 0


def test_the_team_is_reminded_of_everything_in_one_message_each_two_days(acme: TenantContext) -> None:
    _, parcel = start(acme)
    give(acme, parcel)
    member = make_member(acme, 1_000)
    redeem(acme, member, make_reward(approval="moderator"))
    by_hand = redeem(acme, member, make_reward())
    fulfil_redemption(redemption_id=by_hand.pk)
    assert remind_team() is None
    with clock.frozen_at(clock.now() + timedelta(days=3)):
        told = remind_team()
        assert told is not None
        assert (told.undecided, told.by_hand, told.unshipped) == (1, 1, 1)
        assert remind_team() is None
    with clock.frozen_at(clock.now() + timedelta(days=6)):
        assert remind_team() is not None
    assert len(news("TeamReminded")) == 2
