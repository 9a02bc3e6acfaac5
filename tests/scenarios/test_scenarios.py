"""What a community does, as sentences (the .feature files beside this one), each walked through the whole product.

A new scenario is a new sentence in a feature file; what a sentence does stands here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from tests.cast import ACME

if TYPE_CHECKING:
    from tests.frontend_api.v1.asking import Api
    from tests.scenarios.world import World

scenarios(".")
MESSAGE_POINTS = range(15, 26)
DAILY_BONUS = 30


# --- Discord ---


@when(parsers.parse('the {who} writes "{text}"'))
def _write(world: World, who: str, text: str) -> None:
    world.messages[who] = world.write(who, text)


@when("the message is deleted")
def _delete(world: World) -> None:
    before = world.waiting()
    world.discord.state.delete_message(world.messages["member"].id)
    world.until(lambda: world.waiting() > before, "the bot heard of the deletion")


@when("the community has caught up")
def _caught_up(world: World) -> None:
    world.book()


@when("the worker has done its work")
def _work(world: World) -> None:
    world.work()


@given(parsers.parse('the {who} has given the {other} {amount:d} points because of "{reason}"'))
@when(
    parsers.parse(
        'the {who} asks "/points give" for the {other} with {amount:d} points because of "{reason}"'
    )
)
def _give(world: World, who: str, other: str, amount: int, reason: str) -> None:
    values = {"member": world.discord_id(other), "amount": amount, "reason": reason}
    world.command(who, "points give", values)


@when(parsers.parse("the {who} tries to give {amount:d} points to the {other}"))
def _try_to_give(world: World, who: str, amount: int, other: str) -> None:
    # A server may show the command to everybody; what counts is what the bot answers.
    for command in world.discord.discord.world.commands.values():
        command.fields["default_member_permissions"] = None
    _give(world, who, other, amount, "Because I like them")


@when(parsers.parse('the {who} asks "/privacy" to be hidden'))
def _hide(world: World, who: str) -> None:
    world.command(who, "privacy hide")


@then(parsers.parse('the {who} asks "/profile" and is told their points'))
def _profile(world: World, who: str) -> None:
    world.command(who, "profile")
    assert f"{world.points(who):,}" in world.said


@then(parsers.parse('the answer says "{words}"'))
def _said(world: World, words: str) -> None:
    assert words in world.said


@given(parsers.parse('level-ups are announced in "{channel}"'))
def _announce(world: World, channel: str) -> None:
    from engagement.audit.actor import SYSTEM
    from engagement.notifications.services import set_level_announcements
    from tenants.context import enter_tenant

    with enter_tenant(world.contexts[ACME.name]):
        set_level_announcements(level_up="channel", actor=SYSTEM, channel_id=world.channel_id(channel))


@then(parsers.parse('the bot has said something about level {level:d} in "{channel}"'))
def _announced(world: World, level: int, channel: str) -> None:
    assert f"level {level}" in world.said_in(channel).lower()


# --- points ---


@given(parsers.parse("the member has {amount:d} points and the moderator has {other:d}"))
def _have(world: World, amount: int, other: int) -> None:
    from tests.frontend_api.givers import give

    context = world.contexts[ACME.name]
    give(context, world.discord_id("member"), ACME.display_name("member"), amount)
    give(context, world.discord_id("moderator"), ACME.display_name("moderator"), other)


@then(parsers.parse("the {who} has points"))
def _has_points(world: World, who: str) -> None:
    assert world.points(who) > 0


@then(parsers.parse("the {who} has {amount:d} points"))
def _has(world: World, who: str, amount: int) -> None:
    assert world.points(who) == amount


@then(parsers.parse("the {who} has the points of one message"))
def _one_message(world: World, who: str) -> None:
    assert world.points(who) - DAILY_BONUS in MESSAGE_POINTS


@then(parsers.parse("the {who} has only the daily bonus"))
def _bonus_alone(world: World, who: str) -> None:
    assert world.points(who) == DAILY_BONUS


@then(parsers.parse('nobody in "{community}" has points'))
def _nobody(world: World, community: str) -> None:
    assert [world.points(who, community) for who in ("owner", "moderator", "member")] == [0, 0, 0]


# --- pages ---


@then(parsers.re(r"the leaderboard page (?P<does>names|does not name) the (?P<who>\w+)"))
def _named(world: World, does: str, who: str) -> None:
    words = world.open("/leaderboard/").lower()
    assert (ACME.display_name(who).lower() in words) == (does == "names")


@then(parsers.parse('the {who}\'s page explains that it was for "{rule}"'))
def _explained(world: World, who: str, rule: str) -> None:
    world.pages.sign_in(ACME.username("owner"))
    assert rule in world.open(f"/members/{world.member_id(who)}/")


@when("the owner undoes it on the member's page of the dashboard")
def _undo(world: World) -> None:
    world.pages.sign_in(ACME.username("owner"))
    member_id = world.member_id("member")
    page = (
        world.pages.on("acme.localhost").get(f"/dashboard/members/{member_id}/?tab=history").content.decode()
    )
    address = re.search(rf"/dashboard/members/{member_id}/points/\d+/undo/", page)
    assert address, "the page offers no undo"
    answer = world.pages.on("acme.localhost").post(address.group())
    assert answer.status_code in {200, 302}, answer.content


@then(parsers.parse('the audit log says "{words}"'))
def _audited(world: World, words: str) -> None:
    assert words in world.open("/dashboard/audit/")


@when(parsers.parse("the {who} signs in"))
def _sign_in(world: World, who: str) -> None:
    world.seen = world.pages.sign_in(ACME.username(who))


@then("the dashboard is closed to them")
def _closed(world: World) -> None:
    world.open("/dashboard/")
    assert world.seen.status_code in {302, 403, 404}


# --- programs ---


@given(parsers.parse('a key with the scopes "{scopes}"'), target_fixture="program")
def _key(world: World, scopes: str) -> Api:
    from engagement.audit.actor import SYSTEM
    from engagement.rules.services import create_rule
    from tenants.context import enter_tenant
    from tests.frontend_api.v1.asking import Api, issue

    acme = world.contexts[ACME.name]
    with enter_tenant(acme):
        definition = {"triggers": ["lesson_completed"], "amount": 20}
        create_rule(key="lesson", name="Lessons", definition=definition, actor=SYSTEM)
    return Api(issue(acme, *scopes.split()))


@pytest.fixture
def reported() -> list[Any]:
    return []


@when(parsers.parse('the program reports a "{kind}" for "{subject}" twice'))
def _report(program: Api, reported: list[Any], kind: str, subject: str) -> None:
    body = {"id": "lesson-1", "type": kind, "subject": {"provider": "academy", "external_id": subject}}
    reported.extend(program.post("activities", body) for _ in range(2))


@then(parsers.parse("the program is told that one lesson was booked for {points:d} points"))
def _booked(program: Api, points: int) -> None:
    assert [line["points"] for line in program.get("activities").json()["items"]] == [points]


@then(parsers.parse('the program is told "{code}"'))
def _refused(reported: list[Any], code: str) -> None:
    assert {answer.json()["code"] for answer in reported} == {code}
