"""Level roles, announcements, advanced analytics, single permissions, the audit log's file."""

from __future__ import annotations

import re
from typing import Any

from django.urls import reverse

from tests.gates.askers import World, asks, is_open

RULE = {
    "name": "Chatting",
    "triggers": ["message"],
    "amount": "5",
    "cooldown": "2",
    "cooldown_unit": "minutes",
    "condition_join": "all",
}


def path(name: str, *parts: Any) -> str:
    return reverse(name, args=parts, urlconf="saas.urls.tenant")


@asks("page dashboard-level-role")
def move_a_role(world: World) -> bool:
    address = path("dashboard-level-role", world.things["role_id"])
    return is_open(world.owner.post(address, {"level": "6", "keep": "stack"}))


@asks("page dashboard-level-role-restore")
def restore_a_role(world: World) -> bool:
    address = path("dashboard-level-role-restore", world.things["role_id"])
    return is_open(world.owner.post(f"{address}?level=5&keep=stack"))


@asks("page dashboard-announcements")
def change_announcements(world: World) -> bool:
    address = path("dashboard-announcements")
    page = world.owner.get(address).content.decode()
    found = re.search(r'name="opened" value="([^"]+)"', page)
    assert found is not None
    return is_open(world.owner.post(address, {"level_up": "dm", "text": "", "opened": found[1]}))


@asks("page dashboard-rule-new")
def try_a_new_rule(world: World) -> bool:
    return _try_rule(world, f"{path('dashboard-rule-new')}?from=message")


@asks("page dashboard-rule")
def try_a_rule(world: World) -> bool:
    return _try_rule(world, path("dashboard-rule", world.things["rule_id"]))


def _try_rule(world: World, address: str) -> bool:
    """A week is everybody's; a month is what the gate is about."""
    week = world.owner.post(
        address, {**RULE, "do": "run"}, headers={"hx-request": "true", "hx-target": "trial"}
    )
    assert "It would have given" in week.content.decode(), week.content.decode()
    form = {**RULE, "do": "run", "try_since": "30"}
    month = world.owner.post(address, form, headers={"hx-request": "true", "hx-target": "trial"})
    text = month.content.decode()
    assert month.status_code == 200, text
    assert ("It would have given" in text) != ("Advanced analytics: part of" in text)
    return "It would have given" in text


@asks("page dashboard-team-person")
def give_one_person_more(world: World) -> bool:
    address = path("dashboard-team-person", world.things["membership_id"])
    shown = world.owner.get(address).context
    ticked = [line.action for line in shown["lines"] if line.checked]
    form = {"what": "single", "seen": shown["seen"], "may": [*ticked, "export_members"]}
    return is_open(world.owner.post(address, form))


@asks("page dashboard-audit-export")
def export_the_log(world: World) -> bool:
    answer = world.owner.get(path("dashboard-audit-export", "csv"))
    if answer.streaming:
        b"".join(answer.streaming_content)
        return True
    return is_open(answer)


@asks("bot setup announcements")
def announce_by_bot(world: World) -> bool:
    from bot_shard.cogs.setup import change_announcements as change
    from bot_shard.who import Who
    from engagement.audit.actor import Actor
    from tenants.context import enter_tenant
    from tenants.gates import GateClosedError
    from tenants.permissions import MANAGE_GUILD

    who = Who(world.context, 1, MANAGE_GUILD, (), Actor("discord", 1, "Ada", via="bot"))
    with enter_tenant(world.context):
        try:
            change(who, where="dm", channel_id=None)
        except GateClosedError:
            return False
    return True


@asks("job integrations.discord.announce_boost")
@asks("job integrations.discord.announce_level")
def announce_in_a_job(world: World) -> bool:
    return _isheard(world, "announcements")


@asks("job integrations.discord.sync_member_roles")
@asks("job integrations.discord.sweep_tenant_roles")
def give_roles_in_a_job(world: World) -> bool:
    return _isheard(world, "level_roles")


def _isheard(world: World, gate: str) -> bool:
    """The jobs' own door; tests/integrations/discord has them at work. What is skipped is shown to the organiser."""
    from integrations.discord.hearing import heard
    from integrations.discord.problems import list_problems
    from tenants.context import enter_tenant

    with enter_tenant(world.context):
        heard = heard(world.context.schema, gate) is not None
        noted = [problem.key for problem in list_problems() if problem.key == f"plan:{gate}"]
    assert bool(noted) != heard
    return heard
