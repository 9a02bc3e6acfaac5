"""A moderator clears a message's reactions, all of them or one emoji: what they gave goes back, once, while it is young."""

from __future__ import annotations

import pytest

from engagement.activity.messages import Activity
from engagement.audit.actor import SYSTEM
from engagement.ledger.models import LedgerBalance, LedgerEntry
from engagement.models import Activity as Stored
from engagement.rules.services import set_rules_settings
from tenants.context import TenantContext, enter_tenant

from .facts import DAY, MINUTE, NOON, book

pytestmark = pytest.mark.usefixtures("rules")
GUILD = "discord:900000000000000001"
# Made at NOON, so that the bound that the message's own id sets is met.
MESSAGE = str((NOON - 1_420_070_400_000) << 22)
OTHER = str(((NOON - 1_420_070_400_000) << 22) + 1)
AUTHOR = 9


def reaction(
    user: int, emoji: str = "👍", *, message: str = MESSAGE, at: int = NOON + MINUTE
) -> list[Activity]:
    name, target = f"{message}:{user}:{emoji}", {"target": f"discord:message:{message}", "emoji": emoji}
    who = {"name": f"Person {user}", "channel": "77", "roles": []}
    return [
        Activity(f"discord:reaction:{name}", GUILD, f"discord:{user}", "reaction_given", at, who | target),
        Activity(
            f"discord:received:{name}", GUILD, f"discord:{AUTHOR}", "reaction_received", at, {"channel": "77"} | target
        ),
    ]  # fmt: skip


def clearing(emoji: str | None = None, *, at: int = NOON + 2 * MINUTE, mark: str = "s.1") -> Activity:
    attributes = {"cleared": f"discord:message:{MESSAGE}", "channel": "77"} | (
        {"emoji": emoji} if emoji else {}
    )
    return Activity(
        f"discord:cleared:{MESSAGE}:{mark}", GUILD, "discord:0", "reactions_cleared", at, attributes
    )


def given() -> dict[str, int]:
    """What each reaction's giver and receiver still hold of it: awards and reversals of the activity."""
    held: dict[str, int] = {}
    for stored in Stored.objects.filter(type__startswith="reaction_"):
        entries = LedgerEntry.objects.filter(cause_id=stored.pk, cause_kind__in=(1, 4))
        held[stored.source_id.split(":", 1)[1]] = sum(entries.values_list("amount", flat=True))
    return held


def balances_agree() -> bool:
    return all(
        balance.current
        == sum(LedgerEntry.objects.filter(member_id=balance.member_id).values_list("amount", flat=True))
        for balance in LedgerBalance.objects.all()
    )


def test_all_reactions_of_the_message_give_back_and_no_others(acme: TenantContext) -> None:
    book(acme, [*reaction(1), *reaction(2, "🎉"), *reaction(3, message=OTHER)])
    with enter_tenant(acme):
        before = given()
    assert all(before.values())
    book(acme, [clearing()])
    with enter_tenant(acme):
        after = given()
        assert {name for name, points in after.items() if points} == {
            f"reaction:{OTHER}:3:👍", f"received:{OTHER}:3:👍"
        }  # fmt: skip
        assert balances_agree()


def test_one_emoji_alone(acme: TenantContext) -> None:
    book(acme, [*reaction(1), *reaction(1, "🎉"), *reaction(2, "123456789012345678")])
    book(acme, [clearing("🎉")])
    with enter_tenant(acme):
        assert {name for name, points in given().items() if not points} == {
            f"reaction:{MESSAGE}:1:🎉", f"received:{MESSAGE}:1:🎉"
        }  # fmt: skip
    book(acme, [clearing("123456789012345678", mark="s.2")])
    with enter_tenant(acme):
        assert len([points for points in given().values() if points]) == 2


def test_the_same_clearing_again_and_a_second_one_take_nothing_twice(acme: TenantContext) -> None:
    book(acme, reaction(1))
    book(acme, [clearing(), clearing()])
    book(acme, [clearing()])
    with enter_tenant(acme):
        entries = LedgerEntry.objects.count()
    book(acme, [clearing(mark="s.2"), clearing("👍", mark="s.3")])
    with enter_tenant(acme):
        assert LedgerEntry.objects.count() == entries
        assert not any(given().values())


def test_in_one_batch_with_the_reactions(acme: TenantContext) -> None:
    book(acme, [*reaction(1), clearing(), *reaction(2, at=NOON + 3 * MINUTE)])
    with enter_tenant(acme):
        held = given()
        assert held[f"reaction:{MESSAGE}:1:👍"] == 0
        assert held[f"reaction:{MESSAGE}:2:👍"] > 0, "who reacts afterwards earns"
        assert balances_agree()


def test_removed_one_by_one_before_it_nothing_is_left_to_take(acme: TenantContext) -> None:
    book(acme, reaction(1))
    removal = Activity(
        f"discord:unreacted:{MESSAGE}:1:👍", GUILD, "discord:1", "reaction_removed", NOON + 2 * MINUTE,
        {"target": f"discord:reaction:{MESSAGE}:1:👍"},
    )  # fmt: skip
    book(acme, [removal, clearing()])
    with enter_tenant(acme):
        assert not any(given().values())
        assert balances_agree()


def test_what_is_older_than_the_window_stays(acme: TenantContext) -> None:
    with enter_tenant(acme):
        set_rules_settings(reversal_seconds=86_400, actor=SYSTEM)
    book(acme, [*reaction(1), *reaction(2, at=NOON + DAY)])
    book(acme, [clearing(at=NOON + DAY + 2 * MINUTE)])
    with enter_tenant(acme):
        held = given()
        assert held[f"reaction:{MESSAGE}:1:👍"] > 0
        assert held[f"reaction:{MESSAGE}:2:👍"] == 0


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"cleared": 5},
        {"cleared": "x"},
        {"cleared": "discord:message:" + "9" * 400},
        {"cleared": "discord:message:٣٣٣٣٣٣٣٣٣٣٣٣"},
    ],
)
def test_a_clearing_that_names_no_message_takes_nothing(
    acme: TenantContext, attributes: dict[str, object]
) -> None:
    book(acme, reaction(1))
    book(acme, [Activity("discord:cleared:1:s.1", GUILD, "discord:0", "reactions_cleared", NOON, attributes)])
    with enter_tenant(acme):
        assert all(given().values())


def test_the_other_community_keeps_its_own(acme: TenantContext, globex: TenantContext) -> None:
    book(globex, reaction(1))
    book(acme, [clearing()])
    with enter_tenant(globex):
        assert all(given().values())


def test_it_costs_the_same_for_one_and_for_hundreds(acme: TenantContext) -> None:
    """One statement finds them all."""
    from engagement.activity import batch

    for users in (range(1, 2), range(2, 202)):
        book(acme, [part for user in users for part in reaction(user)])
    seen: list[str] = []
    real = batch.read_cleared
    batch.read_cleared = lambda run, *rest, **named: real(  # type: ignore[assignment]
        lambda sql, given=(): seen.append(sql) or run(sql, given),
        *rest,
        **named,  # type: ignore[func-returns-value]
    )
    try:
        book(acme, [clearing()])
    finally:
        batch.read_cleared = real
    assert len(seen) == 1
    with enter_tenant(acme):
        assert not any(given().values())
