"""What moderators do through the bot is in the audit log, once; what others tried as well."""

from __future__ import annotations

from engagement.audit.models import AuditEntry
from engagement.members.models import Member
from tests.cast import ACME

from .conftest import Talk
from .test_member_commands import Inside
from .test_points_commands import TO_MEMBER, _show_to_everybody


def recorded(*actions: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action__in=actions).order_by("pk"))


def count_members() -> int:
    return Member.objects.count()


async def test_a_change_of_points_names_the_moderator(talk: Talk, inside: Inside) -> None:
    await talk.command("moderator", "points give", TO_MEMBER)

    [entry] = await inside(recorded, "points.adjusted")
    assert (entry.actor_kind, entry.actor_id) == ("discord", ACME.discord_id("moderator"))
    assert (entry.via, entry.target_kind, entry.target_name) == ("bot", "member", "Acme Member")
    assert (entry.before, entry.after["lifetime"], entry.note) == ({"lifetime": 0}, 50, "Great talk")
    assert entry.request_id.isdecimal()


async def test_what_a_member_tried_is_recorded_and_changed_nothing(talk: Talk, inside: Inside) -> None:
    _show_to_everybody(talk)
    await talk.command("member", "points give", TO_MEMBER | {"member": ACME.discord_id("owner")})

    [entry] = await inside(recorded, "permission.refused")
    assert (entry.actor_id, entry.target_id, entry.note) == (
        ACME.discord_id("member"),
        "adjust_points",
        "/points give",
    )
    assert await inside(recorded, "points.adjusted") == []
    assert await inside(count_members) == 0


async def test_setting_commands_up_is_recorded(talk: Talk, inside: Inside) -> None:
    await talk.command("owner", "setup limit", {"uses": 3, "seconds": 30})
    await talk.command("owner", "setup limit", {"uses": 3, "seconds": 30})

    [entry] = await inside(recorded, "commands.changed")
    assert entry.after == {"channel_ids": [], "uses": 3, "seconds": 30, "enabled": True}
