"""A community whose limit was low and then raised ends as one whose limit was high from the start.

Random histories: messages with many moments and roles, days apart, deletions before, after and much too late, reactions given,
received and cleared, people leaving and coming back. One run has room for everybody; the other begins with room for nobody or
few, is raised in steps, and is let in by slices of random size between batches of random size.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from engagement.activity.admission import admit_slice
from engagement.activity.memory import TenantMemory
from engagement.activity.messages import Activity
from tenants.context import TenantContext, enter_tenant
from tests.engagement.activity.facts import DAY, MINUTE, NOON, book, deletion, message
from tests.plans import put_on_plan

from .people import describe_everybody

FIRST = 1_300_000_000_000_000_000  # messages whose age a clearing can tell
SEEDS = [
    pytest.param(seed, id=str(seed), marks=[] if seed < 3 else [pytest.mark.faults]) for seed in range(60)
]


def snowflake(moment: int, number: int) -> int:
    return ((moment - 1_420_070_400_000) << 22) + number


def history(dice: random.Random, guild: int) -> list[Activity]:
    """What happens, in the order in which it arrives."""
    found: list[Activity] = []
    posted: list[Activity] = []
    moment = NOON - 20 * DAY
    for number in range(160):
        moment += dice.choice([10_000, 30_000, 70_000, 5 * MINUTE, 8 * 3_600_000])
        at = moment - dice.choice([0, 0, 0, 20_000, 2 * DAY])  # some arrive late
        user = dice.randint(1, 5)
        roles = dice.choice([["5"], ["5", "6"], []])
        kind = dice.random()
        if kind < 0.55 or not posted:
            one = message(user, at=at, number=snowflake(at, number), guild=guild, roles=roles)
            posted.append(one)
            found.append(one)
        elif kind < 0.7:
            found += reaction(dice.choice(posted), user, at, guild)
        elif kind < 0.78:
            target = dice.choice(posted)
            found.append(deletion(target, at=target.occurred_ms + dice.choice([MINUTE, 9 * DAY])))
        elif kind < 0.81:
            first, second = reaction(dice.choice(posted), user, at, guild)
            gone = f"discord:unreacted:{first.source_id.removeprefix('discord:reaction:')}"
            facts = {"target": first.source_id}
            removal = Activity(
                gone, first.source, "discord:0", "reaction_removed", first.occurred_ms + MINUTE, facts
            )
            found += dice.choice(
                [[removal, first, second], [first, second, removal], [first, removal, second]]
            )
        elif kind < 0.84:
            late = message(user, at=at, number=snowflake(at, number), guild=guild, roles=roles)
            found += [deletion(late), late]
        elif kind < 0.9:
            found.append(clearing(dice.choice(posted), number, at, guild))
        elif kind < 0.95:
            found.append(event("left", user, number, at, guild))
        else:
            found.append(event("member_updated", user, number, at, guild, roles=roles))
    return found


def reaction(to: Activity, giver: int, at: int, guild: int) -> list[Activity]:
    """By `giver` to whoever wrote the message, and never before it."""
    name, author = to.source_id.removeprefix("discord:message:"), to.subject.removeprefix("discord:")
    at = max(at, to.occurred_ms + 1_000)
    place = {"channel": "77", "target": to.source_id, "emoji": "x"}
    source = f"discord:{guild}"
    given = f"discord:reaction:{name}:{giver}:x"
    received = f"discord:received:{name}:{giver}:x"
    return [
        Activity(
            given, source, f"discord:{giver}", "reaction_given", at, {"name": f"Person {giver}", **place}
        ),
        Activity(
            received,
            source,
            f"discord:{author}",
            "reaction_received",
            at,
            {"name": f"Person {author}", **place},
        ),
    ]


def clearing(of: Activity, number: int, at: int, guild: int) -> Activity:
    name = of.source_id.removeprefix("discord:message:")
    facts, at = {"cleared": of.source_id}, max(at, of.occurred_ms + 2_000)
    return Activity(
        f"discord:cleared:{name}:s.{number}", f"discord:{guild}", "discord:0", "reactions_cleared", at, facts
    )


def event(type: str, user: int, number: int, at: int, guild: int, **facts: object) -> Activity:
    source_id = f"discord:{'left' if type == 'left' else 'member'}:{guild}:{user}:{number}"
    return Activity(
        source_id, f"discord:{guild}", f"discord:{user}", type, at, {"name": f"Person {user}", **facts}
    )


def pieces(dice: random.Random, activities: list[Activity]) -> Iterator[list[Activity]]:
    rest = list(activities)
    while rest:
        size = dice.choice([1, 2, 7, 30])
        yield rest[:size]
        rest = rest[size:]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_limit_that_was_low_leaves_no_trace(
    committed_db: None, acme: TenantContext, globex: TenantContext, seed: int
) -> None:
    from engagement.kinds import seed_community

    for context in (acme, globex):
        with enter_tenant(context):
            seed_community(context)
    dice = random.Random(seed)
    high, low = (history(random.Random(seed), context.guild_id or 0) for context in (acme, globex))

    for piece in pieces(dice, high):
        book(acme, piece)

    limit = dice.choice([0, 1, 3])
    context, memory = put_on_plan(globex, members=limit), TenantMemory()
    for piece in pieces(dice, low):
        book(context, piece, memory)
        if dice.random() < 0.15:
            limit += dice.choice([0, 1, 2])
            context = put_on_plan(globex, members=limit)
        if dice.random() < 0.3:
            admit_slice(context=context, at_most=dice.choice([1, 5, 20]))
    context = put_on_plan(globex)
    while admit_slice(context=context, at_most=dice.choice([1, 5, 20, 500])).goes_on:
        pass

    assert describe_everybody(globex) == describe_everybody(acme)
